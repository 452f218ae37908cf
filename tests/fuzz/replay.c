/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* replay DIRECTORY…: gives every file there to the fuzz target, as a test for each. */

#include "config.h"

#include "fuzz/fuzz-frames.h"

#include <stdio.h>

static GPtrArray *
collect (int    argc,
         char **argv)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GDir) dir = g_dir_open (argv[i], 0, &error);
      const char *name;

      if (dir == NULL)
        g_error ("%s", error->message);
      while ((name = g_dir_read_name (dir)) != NULL)
        g_ptr_array_add (paths, g_build_filename (argv[i], name, NULL));
    }
  g_assert_cmpuint (paths->len, >, 0);

  return paths;
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GPtrArray) paths = collect (argc, argv);

  printf ("1..%u\n", paths->len);
  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = g_ptr_array_index (paths, i);
      g_autofree char *name = g_path_get_basename (path);
      g_autofree char *data = NULL;
      g_autoptr (GError) error = NULL;
      gsize size;

      if (!g_file_get_contents (path, &data, &size, &error))
        g_error ("%s", error->message);
      LLVMFuzzerTestOneInput ((const guint8 *) data, size);
      printf ("ok %u /gproc/fuzz/frames/%s\n", i + 1, name);
      fflush (stdout);
    }

  return 0;
}
