/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fetches objects of a git repository from one process that is kept open: a line, exactly
 * as many bytes as the line says, a newline.
 *
 * usage: git-cat-file [OBJECT…]
 *
 * Build it with:
 *   cc git-cat-file.c -o git-cat-file $(pkg-config --cflags --libs gprocstream-1) */

#include <gprocstream/gprocstream.h>
#include <stdlib.h>

static gboolean
fetch (GProcStream  *git,
       const char   *object,
       GError      **error)
{
  GProcWriter *in = gproc_stream_get_stdin (git);
  GProcReader *out = gproc_stream_get_stdout (git);
  g_autofree char *request = g_strconcat (object, "\n", NULL);
  g_autofree char *header = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GBytes) newline = NULL;
  g_autofree char *checksum = NULL;
  g_auto (GStrv) words = NULL;

  /* A blocking read writes what is queued while it waits: no flush is needed. */
  if (!gproc_writer_queue (in, request, -1, error))
    return FALSE;

  header = gproc_reader_read_line_utf8 (out, NULL, error);
  if (header == NULL)
    {
      if (error != NULL && *error == NULL)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "git ended before it answered");
      return FALSE;
    }

  words = g_strsplit (header, " ", 3);
  if (g_strv_length (words) != 3)
    {
      g_print ("%s\n", header);
      return TRUE;
    }

  body = gproc_reader_read_exactly (out, g_ascii_strtoull (words[2], NULL, 10), NULL, error);
  if (body == NULL)
    return FALSE;
  newline = gproc_reader_read_exactly (out, 1, NULL, error);
  if (newline == NULL)
    return FALSE;
  if (*(const char *) g_bytes_get_data (newline, NULL) != '\n')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The object does not end where git said");
      return FALSE;
    }

  checksum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);
  g_print ("%s: %s %s, %" G_GSIZE_FORMAT " bytes, sha256 %.16s\n", object, words[1], words[0],
           g_bytes_get_size (body), checksum);

  return TRUE;
}

int
main (int   argc,
      char *argv[])
{
  const char *default_objects[] = { "HEAD", "HEAD^{tree}", "HEAD:README.md", "HEAD:COPYING" };
  const char **objects = argc > 1 ? (const char **) argv + 1 : default_objects;
  gsize n_objects = argc > 1 ? (gsize) argc - 1 : G_N_ELEMENTS (default_objects);
  g_autoptr (GProcStream) git = NULL;
  g_autoptr (GError) error = NULL;

  git = gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "git", "cat-file", "--batch", NULL);
  if (git == NULL)
    goto failed;

  for (gsize i = 0; i < n_objects; i++)
    {
      if (!fetch (git, objects[i], &error))
        goto failed;
    }

  /* The end of its input is how git cat-file is told to end. */
  if (!gproc_writer_write_eof (gproc_stream_get_stdin (git), &error) ||
      !gproc_stream_wait_check (git, NULL, &error))
    goto failed;

  g_print ("%" G_GSIZE_FORMAT " objects over one stream, git exited with %d\n", n_objects,
           gproc_stream_get_returncode (git));
  return EXIT_SUCCESS;

failed:
  g_printerr ("git-cat-file: %s\n", error->message);
  return EXIT_FAILURE;
}
