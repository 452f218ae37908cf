/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "engine/gproc-config-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

/* That of a launcher that was not told. */
#define DEFAULT_POST_EXIT_GRACE_MS 2000

static gboolean
refuse (GError     **error,
        const char  *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _ ("A process in a container cannot have %s"), what);

  return FALSE;
}

/* Where one of the three leads. What only the application has cannot be led there. */
static gboolean
read_disposition (GProcConfig    *self,
                  GProcLauncher  *launcher,
                  int             target,
                  gboolean       *piped,
                  GError        **error)
{
  switch (gproc_launcher_get_disposition (launcher, target))
    {
    case GPROC_DISPOSITION_PTY:
      self->tty = TRUE;
      *piped = TRUE;
      return TRUE;
    case GPROC_DISPOSITION_PIPE:
      *piped = TRUE;
      return TRUE;
    case GPROC_DISPOSITION_NULL:
      *piped = FALSE;
      return TRUE;
    case GPROC_DISPOSITION_STDOUT:
      return refuse (error, _ ("one pipe for standard output and standard error"));
    case GPROC_DISPOSITION_INHERIT:
    default:
      /* A launcher that was not told has this for standard error. */
      *piped = TRUE;
      return target == STDERR_FILENO ||
             refuse (error, _ ("the standard input or output of the application"));
    }
}

static gboolean
read_launcher (GProcConfig    *self,
               GProcLauncher  *launcher,
               GError        **error)
{
  if (!gproc_launcher_check_portable (launcher, error) ||
      !read_disposition (self, launcher, STDIN_FILENO, &self->has_stdin, error) ||
      !read_disposition (self, launcher, STDOUT_FILENO, &self->has_stdout, error))
    return FALSE;

  /* On a terminal the two are one anyway. */
  if (self->tty &&
      gproc_launcher_get_disposition (launcher, STDERR_FILENO) == GPROC_DISPOSITION_STDOUT)
    self->has_stderr = self->has_stdout;
  else if (!read_disposition (self, launcher, STDERR_FILENO, &self->has_stderr, error))
    return FALSE;
  if (gproc_launcher_get_timeout (launcher) > 0)
    return refuse (error, _ ("a timeout, which would have to end it"));
  if (gproc_launcher_get_stop_on_close (launcher))
    return refuse (error, _ ("an end with its stream"));

  gproc_launcher_get_pty_size (launcher, &self->rows, &self->columns);
  self->output_limit = gproc_launcher_get_output_limit (launcher);
  self->reader_limit = gproc_launcher_get_reader_limit (launcher);
  self->high_watermark = gproc_launcher_get_high_watermark (launcher);
  self->low_watermark = gproc_launcher_get_low_watermark (launcher);

  /* The end of a process may be known long before its output is here, and the engine closes the
   * connection in any case: the default of a child would cut what is on its way. */
  self->post_exit_grace_ms = gproc_launcher_get_post_exit_grace (launcher);
  if (self->post_exit_grace_ms == DEFAULT_POST_EXIT_GRACE_MS)
    self->post_exit_grace_ms = -1;

  return TRUE;
}

gboolean
_gproc_config_init (GProcConfig    *self,
                    GProcLauncher  *launcher,
                    GError        **error)
{
  g_autoptr (GProcLauncher) plain = launcher == NULL ? gproc_launcher_new () : NULL;

  *self = (GProcConfig){ 0 };

  return read_launcher (self, launcher != NULL ? launcher : plain, error);
}

static void
add_strings (JsonBuilder        *builder,
             const char         *name,
             const char * const *strings)
{
  if (strings == NULL || strings[0] == NULL)
    return;

  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; strings[i] != NULL; i++)
    json_builder_add_string_value (builder, strings[i]);
  json_builder_end_array (builder);
}

static void
add_string (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  if (value == NULL)
    return;

  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_boolean (JsonBuilder *builder,
             const char  *name,
             gboolean     value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

/* The ids as the engine takes them; NULL for those of the image. */
static char *
get_user (GProcLauncher *launcher)
{
  gint64 user = gproc_launcher_get_user (launcher);
  gint64 group = gproc_launcher_get_group (launcher);

  if (user < 0 && group < 0)
    return NULL;
  if (group < 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT, user);

  return g_strdup_printf ("%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, MAX (user, 0), group);
}

/* What the two kinds of processes have in common. */
static void
add_common (const GProcConfig  *self,
            JsonBuilder        *builder,
            const char * const *argv,
            GProcLauncher      *launcher)
{
  add_strings (builder, "Cmd", argv);
  add_boolean (builder, "AttachStdin", self->has_stdin);
  add_boolean (builder, "AttachStdout", self->has_stdout);
  add_boolean (builder, "AttachStderr", self->has_stderr);
  add_boolean (builder, "Tty", self->tty);

  if (launcher != NULL)
    {
      g_auto (GStrv) variables = gproc_launcher_get_environ_changes (launcher);
      g_autofree char *user = get_user (launcher);

      add_strings (builder, "Env", (const char * const *) variables);
      add_string (builder, "User", user);
      add_string (builder, "WorkingDir", gproc_launcher_get_cwd (launcher));
    }
}

static void
add_console_size (const GProcConfig *self,
                  JsonBuilder       *builder)
{
  json_builder_set_member_name (builder, "ConsoleSize");
  json_builder_begin_array (builder);
  json_builder_add_int_value (builder, self->rows);
  json_builder_add_int_value (builder, self->columns);
  json_builder_end_array (builder);
}

void
_gproc_config_add_size (const GProcConfig *self,
                        JsonBuilder       *builder)
{
  if (!self->tty || self->rows == 0 || self->columns == 0)
    return;

  /* Not Podman's own members h and w as well: that sets the size some time after it has answered,
   * which may be after a newer one. */
  add_console_size (self, builder);
}

JsonNode *
_gproc_config_make_exec (const GProcConfig  *self,
                         const char * const *argv,
                         GProcLauncher      *launcher)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_common (self, builder, argv, launcher);
  json_builder_end_object (builder);

  return json_builder_get_root (builder);
}

JsonNode *
_gproc_config_make_container (const GProcConfig  *self,
                              const char         *image,
                              const char * const *argv,
                              GProcLauncher      *launcher)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_string (builder, "Image", image);
  add_common (self, builder, argv, launcher);
  add_boolean (builder, "OpenStdin", self->has_stdin);
  /* The end of what is written is the end of its standard input, as with any process. */
  add_boolean (builder, "StdinOnce", self->has_stdin);
  if (self->tty && self->rows > 0 && self->columns > 0)
    {
      json_builder_set_member_name (builder, "HostConfig");
      json_builder_begin_object (builder);
      add_console_size (self, builder);
      json_builder_end_object (builder);
    }
  json_builder_end_object (builder);

  return json_builder_get_root (builder);
}

void
_gproc_config_apply (const GProcConfig *self,
                     GProcStream       *stream)
{
  GProcReader *readers[] = { gproc_stream_get_stdout (stream), gproc_stream_get_stderr (stream) };
  GProcWriter *writer = gproc_stream_get_stdin (stream);

  gproc_stream_set_post_exit_grace (stream, self->post_exit_grace_ms);
  if (self->output_limit > 0)
    gproc_stream_set_output_limit (stream, self->output_limit);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    if (readers[i] != NULL && self->reader_limit > 0)
      gproc_reader_set_limit (readers[i], self->reader_limit);
  if (writer != NULL && (self->high_watermark >= 0 || self->low_watermark >= 0))
    gproc_writer_set_watermarks (writer, self->high_watermark, self->low_watermark);
}
