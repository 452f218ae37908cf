/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>

#include "gproc-test.h"

#include <string.h>
#include <termios.h>

/* Processes on terminals, and a person who types and looks. */

typedef struct
{
  GProcStream *stream;
  GString *seen; /* All that was shown and not looked for yet. */
  GString *all;  /* All that was shown, where somebody wants that. */
} Screen;

static inline GProcLauncher *
terminal_launcher (void)
{
  GProcLauncher *launcher = gproc_launcher_new ();

  gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);
  gproc_launcher_setenv (launcher, "TERM", "xterm", TRUE);
  gproc_launcher_setenv (launcher, "HISTFILE", "/dev/null", TRUE);
  gproc_launcher_setenv (launcher, "PS1", "prompt> ", TRUE);

  return gproc_test_track (launcher);
}

static inline GProcStream *
launch (GProcLauncher *launcher,
        const char    *argv0,
        ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  GProcStream *stream;
  va_list arguments;

  va_start (arguments, argv0);
  for (const char *argument = argv0; argument != NULL; argument = va_arg (arguments, const char *))
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (arguments);
  g_ptr_array_add (argv, NULL);

  stream = gproc_launcher_spawn (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);

  return gproc_test_track (stream);
}

static inline void
screen_init (Screen      *screen,
             GProcStream *stream)
{
  screen->stream = g_object_ref (stream);
  screen->seen = g_string_new (NULL);
}

static inline void
screen_clear (Screen *screen)
{
  g_clear_object (&screen->stream);
  if (screen->seen != NULL)
    g_string_free (screen->seen, TRUE);
  screen->seen = NULL;
  if (screen->all != NULL)
    g_string_free (screen->all, TRUE);
  screen->all = NULL;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Screen, screen_clear)

static inline void
type (Screen     *screen,
      const char *text)
{
  GProcWriter *writer = gproc_stream_get_stdin (screen->stream);
  g_autoptr (GError) error = NULL;

  gproc_writer_queue (writer, text, -1, &error);
  g_assert_no_error (error);
  g_output_stream_flush (G_OUTPUT_STREAM (writer), NULL, &error);
  g_assert_no_error (error);
}

/* Takes in more of what is shown, and blocks for it. FALSE at the end. */
static inline gboolean
look (Screen *screen)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize size;
  const char *data;

  bytes = gproc_reader_read_some (gproc_stream_get_stdout (screen->stream), 65536, NULL, &error);
  g_assert_no_error (error);
  if (bytes == NULL)
    return FALSE;

  data = g_bytes_get_data (bytes, &size);
  g_string_append_len (screen->seen, data, (gssize) size);
  if (screen->all != NULL)
    g_string_append_len (screen->all, data, (gssize) size);

  return TRUE;
}

/* Until @text is shown. What came before it is done with. */
static inline void
expect (Screen     *screen,
        const char *text)
{
  const char *found;

  while ((found = strstr (screen->seen->str, text)) == NULL)
    {
      if (!look (screen))
        g_error ("“%s” does not come behind “%s”", text, screen->seen->str);
    }
  g_string_erase (screen->seen, 0, found - screen->seen->str + (gssize) strlen (text));
}

/* All that comes until the end. */
static inline char *
expect_end (Screen *screen)
{
  while (look (screen))
    continue;

  return g_strdup (screen->seen->str);
}

static inline int
wait_for (GProcStream *stream)
{
  g_autoptr (GError) error = NULL;
  int returncode = gproc_stream_wait (stream, NULL, &error);

  g_assert_no_error (error);

  return returncode;
}

static inline void
assert_same_modes (const struct termios *a,
                   const struct termios *b)
{
  g_assert_cmphex (a->c_iflag, ==, b->c_iflag);
  g_assert_cmphex (a->c_oflag, ==, b->c_oflag);
  g_assert_cmphex (a->c_cflag, ==, b->c_cflag);
  g_assert_cmphex (a->c_lflag, ==, b->c_lflag);
  g_assert_cmpmem (a->c_cc, sizeof a->c_cc, b->c_cc, sizeof b->c_cc);
}

static inline struct termios
get_modes (int fd)
{
  struct termios modes;

  g_assert_no_errno (tcgetattr (fd, &modes));

  return modes;
}

static inline gboolean
is_raw (int fd)
{
  return (get_modes (fd).c_lflag & (ICANON | ECHO | ISIG)) == 0;
}
