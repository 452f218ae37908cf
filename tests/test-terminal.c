/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Attaching to a terminal that the test has the other side of. */

/* Set by main (). */
static char *testprog;

/* A user at a terminal, who finds it as it was at the end. */
typedef struct
{
  int master;
  int slave;
  struct termios modes;
  int flags;
  GString *seen;
  GProcTerminal *terminal;
} User;

static void
user_init (User *user)
{
  struct winsize size = { .ws_row = 33, .ws_col = 101 };

  g_assert_no_errno (openpty (&user->master, &user->slave, NULL, NULL, &size));
  g_assert_no_errno (fcntl (user->master, F_SETFD, FD_CLOEXEC));
  g_assert_no_errno (fcntl (user->slave, F_SETFD, FD_CLOEXEC));
  user->modes = get_modes (user->slave);
  user->flags = fcntl (user->slave, F_GETFL);
  user->seen = g_string_new (NULL);
  user->terminal = gproc_test_track (
    gproc_terminal_new_for_fds (user->slave, user->slave, user->slave));
}

static void
user_assert_untouched (User *user)
{
  struct termios now = get_modes (user->slave);

  assert_same_modes (&user->modes, &now);
  g_assert_cmphex (fcntl (user->slave, F_GETFL), ==, user->flags);
}

static void
user_clear (User *user)
{
  if (user->seen == NULL)
    return;

  user_assert_untouched (user);
  g_clear_object (&user->terminal);
  gproc_test_close (&user->master);
  gproc_test_close (&user->slave);
  g_string_free (user->seen, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (User, user_clear)

static void
user_look (User *user)
{
  g_autoptr (GBytes) bytes = gproc_test_read_available (user->master, 65536);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  if (size > 0)
    g_string_append_len (user->seen, data, (gssize) size);
}

static gboolean
user_sees (User       *user,
           const char *text)
{
  const char *found;

  user_look (user);
  found = strstr (user->seen->str, text);
  if (found == NULL)
    return FALSE;
  g_string_erase (user->seen, 0, found - user->seen->str + (gssize) strlen (text));

  return TRUE;
}

#define user_expect(user, text) gproc_test_wait_for (user_sees ((user), (text)))

static void
user_type (User       *user,
           const char *text)
{
  gproc_test_write (user->master, text, -1);
}

static void
attach (User          *user,
        GProcStream   *stream,
        GCancellable  *cancellable,
        GProcTestCall *call)
{
  gproc_test_call_clear (call);
  gproc_terminal_attach_async (user->terminal, stream, G_PRIORITY_DEFAULT, cancellable,
                               gproc_test_call_done, call);
}

static int
attach_finish (User           *user,
               GProcTestCall  *call,
               GError        **error)
{
  int returncode = gproc_terminal_attach_finish (user->terminal, gproc_test_call_wait (call),
                                                 error);

  user_look (user);
  user_assert_untouched (user);

  return returncode;
}

static int
attach_end (User          *user,
            GProcTestCall *call)
{
  g_autoptr (GError) error = NULL;
  int returncode = attach_finish (user, call, &error);

  g_assert_no_error (error);

  return returncode;
}

static void
test_returncode (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  g_assert_true (gproc_terminal_get_is_terminal (user.terminal));
  stream = launch (launcher, "sh", "-c", "read a; stty size; echo \"got $a\"; exit 7", NULL);
  attach (&user, stream, NULL, &call);
  g_assert_true (gproc_terminal_get_attached (user.terminal));
  g_assert_true (is_raw (user.slave));
  g_assert_cmphex (fcntl (user.slave, F_GETFL), ==, user.flags);

  user_type (&user, "word\r");
  user_expect (&user, "word\r\n33 101\r\ngot word\r\n");
  g_assert_cmpint (attach_end (&user, &call), ==, 7);
  g_assert_false (gproc_terminal_get_attached (user.terminal));
  g_assert_false (gproc_terminal_get_detached (user.terminal));
}

/* Ctrl-C is for the process. */
static void
test_interrupt (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, testprog, "hold", NULL);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  attach (&user, stream, NULL, &call);
  user_expect (&user, "ready");
  user_type (&user, "\x03");
  g_assert_cmpint (attach_end (&user, &call), ==, -SIGINT);
}

/* Without a terminal of its own the process leaves that of the user as it is. */
static void
test_pipes (void)
{
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  stream = gproc_test_track (gproc_stream_new (GPROC_STREAM_FLAGS_NONE, &error, "cat", NULL));
  g_assert_no_error (error);
  attach (&user, stream, NULL, &call);
  user_assert_untouched (&user);
  user_type (&user, "word\n");
  user_expect (&user, "word\r\nword\r\n");
  /* The key that ends input at the user's own terminal. */
  user_type (&user, "\x04");
  g_assert_cmpint (attach_end (&user, &call), ==, 0);
}

static void
test_cancel (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "cat", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  attach (&user, stream, cancellable, &call);
  user_type (&user, "one\r");
  user_expect (&user, "one\r\none\r\n");
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (attach_finish (&user, &call, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* One that was cancelled before starts nothing. */
  attach (&user, stream, cancellable, &call);
  g_assert_false (gproc_terminal_get_attached (user.terminal));
  user_assert_untouched (&user);
  g_assert_cmpint (attach_finish (&user, &call, &error), ==, GPROC_RETURNCODE_NONE);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* The process goes on, and so does who is at the terminal. */
  attach (&user, stream, NULL, &call);
  user_type (&user, "two\r");
  user_expect (&user, "two\r\ntwo\r\n");
  user_type (&user, "\x04");
  g_assert_cmpint (attach_end (&user, &call), ==, 0);
}

static void
test_pending (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "cat", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) second = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  attach (&user, stream, NULL, &call);
  attach (&user, stream, NULL, &second);
  gproc_terminal_attach_finish (user.terminal, gproc_test_call_wait (&second), &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_true (is_raw (user.slave));
  user_type (&user, "word\r");
  user_expect (&user, "word\r\nword\r\n");
  gproc_terminal_detach (user.terminal);
  g_assert_cmpint (attach_end (&user, &call), ==, GPROC_RETURNCODE_NONE);
  g_assert_true (gproc_terminal_get_detached (user.terminal));

  /* Somebody else reads what the process writes. */
  gproc_test_call_clear (&second);
  gproc_reader_read_some_async (gproc_stream_get_stdout (stream), 100, 0, NULL,
                                gproc_test_call_done, &second);
  attach (&user, stream, NULL, &call);
  attach_finish (&user, &call, &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (gproc_reader_read_some_finish (gproc_stream_get_stdout (stream),
                                                gproc_test_call_wait (&second), &error));
  g_assert_no_error (error);
}

/* Nobody takes the output: that is an error, and the process goes on. */
static void
test_broken_output (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "cat", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };
  int fds[2];

  user_init (&user);
  gproc_test_pipe (fds);
  gproc_test_close (&fds[0]);
  g_object_unref (user.terminal);
  user.terminal = gproc_test_track (gproc_terminal_new_for_fds (user.slave, fds[1], -1));
  attach (&user, stream, NULL, &call);
  user_type (&user, "word\r");
  attach_finish (&user, &call, &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_true (gproc_stream_get_running (stream));
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
  g_clear_object (&user.terminal);
  gproc_test_close (&fds[1]);
}

static void
test_detach_keys (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  g_assert_null (gproc_terminal_get_detach_keys (user.terminal));
  gproc_terminal_set_detach_keys (user.terminal, "ctrl-p,ctrl-p,ctrl-q", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gproc_terminal_get_detach_keys (user.terminal), ==, "ctrl-p,ctrl-p,ctrl-q");

  /* What is not quite the keys arrives, each byte of it: three keys, of which the last two may be
   * the start, and are not. */
  gproc_launcher_set_pty_raw (launcher, TRUE);
  stream = launch (launcher, "cat", "-v", NULL);
  attach (&user, stream, NULL, &call);
  user_type (&user, "a\x10");
  user_expect (&user, "a");
  user_type (&user, "\x10\x10");
  user_expect (&user, "^P");
  user_type (&user, "b");
  user_expect (&user, "^P^Pb");
  user_type (&user, "\x10\x11");
  user_expect (&user, "^P^Q");

  /* What follows the keys is for the next one, as is what the process had no time to show. */
  user_type (&user, "c\x10\x10\x10\x11"
                    "de");
  g_assert_cmpint (attach_end (&user, &call), ==, GPROC_RETURNCODE_NONE);
  g_assert_true (gproc_terminal_get_detached (user.terminal));
  g_assert_true (gproc_stream_get_running (stream));

  attach (&user, stream, NULL, &call);
  g_assert_false (gproc_terminal_get_detached (user.terminal));
  user_expect (&user, "c^Pde");

  /* The first keys and then an end of another kind: they were typed for the process. */
  user_type (&user, "f\x10\x10");
  user_expect (&user, "f");
  gproc_terminal_detach (user.terminal);
  g_assert_cmpint (attach_end (&user, &call), ==, GPROC_RETURNCODE_NONE);
  attach (&user, stream, NULL, &call);
  user_expect (&user, "^P^P");
  gproc_terminal_detach (user.terminal);
  g_assert_cmpint (attach_end (&user, &call), ==, GPROC_RETURNCODE_NONE);

  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
}

/* What was held back goes to the process too where the keys become others, and after a
 * cancellation. */
static void
test_held_keys (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  g_assert_true (gproc_terminal_set_detach_keys (user.terminal, "ctrl-p,ctrl-q", &error));
  gproc_launcher_set_pty_raw (launcher, TRUE);
  stream = launch (launcher, "cat", "-v", NULL);
  attach (&user, stream, cancellable, &call);
  user_type (&user, "a\x10");
  user_expect (&user, "a");
  g_assert_true (gproc_terminal_set_detach_keys (user.terminal, "ctrl-x,ctrl-y", &error));
  user_expect (&user, "^P");
  /* Nothing of the old ones counts. */
  user_type (&user, "\x11");
  user_expect (&user, "^Q");

  user_type (&user, "b\x18");
  user_expect (&user, "b");
  g_cancellable_cancel (cancellable);
  gproc_test_call_wait (&call);
  gproc_terminal_attach_finish (user.terminal, call.result, &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gproc_test_call_clear (&call);

  attach (&user, stream, NULL, &call);
  user_expect (&user, "^X");
  gproc_terminal_detach (user.terminal);
  g_assert_cmpint (attach_end (&user, &call), ==, GPROC_RETURNCODE_NONE);
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
}

static void
test_key_names (void)
{
  static const char * const wrong[] = {
    "ctrl-",
    "ctrl-1",
    "ctrl-ab",
    "ab",
    ",",
    "a,",
    "a,,b",
    "alt-x",
    "ctrl-p, ctrl-q",
    "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
  };
  static const char * const right[] = {
    "",
    "a",
    "ctrl-a",
    "CTRL-Z",
    "ctrl-@,ctrl-[",
    "ctrl-\\,ctrl-],ctrl-^,ctrl-_",
    "ctrl-p,ctrl-q",
    "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p",
  };
  g_autoptr (GProcTerminal) terminal = gproc_terminal_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (right); i++)
    {
      g_assert_true (gproc_terminal_set_detach_keys (terminal, right[i], &error));
      g_assert_no_error (error);
      g_assert_cmpstr (gproc_terminal_get_detach_keys (terminal), ==, right[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (gproc_terminal_set_detach_keys (terminal, wrong[i], &error));
      gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (gproc_terminal_get_detach_keys (terminal), ==,
                       right[G_N_ELEMENTS (right) - 1]);
    }
  g_assert_true (gproc_terminal_set_detach_keys (terminal, NULL, &error));
  g_assert_null (gproc_terminal_get_detach_keys (terminal));
}

/* However often it is left in the middle of its output, none of that is missing or comes twice. */
static void
test_detach_bytes (void)
{
  const guint last = 20000;
  g_autofree char *number = g_strdup_printf ("%u", last);
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GProcStream) stream = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };
  int returncode = GPROC_RETURNCODE_NONE;
  guint n_detached = 0;

  user_init (&user);
  gproc_launcher_set_pty_raw (launcher, TRUE);
  for (guint i = 1; i <= last; i++)
    g_string_append_printf (expected, "%u\n", i);
  stream = launch (launcher, "seq", "1", number, NULL);

  while (returncode == GPROC_RETURNCODE_NONE)
    {
      gsize before = user.seen->len;

      attach (&user, stream, NULL, &call);
      gproc_test_wait_for ((user_look (&user), call.done || user.seen->len > before + 500));
      gproc_terminal_detach (user.terminal);
      /* Taken while the terminal is still in raw mode, and what comes later is shown in the next
       * round. */
      gproc_test_wait_for ((user_look (&user), call.done));
      returncode = attach_end (&user, &call);
      n_detached += gproc_terminal_get_detached (user.terminal);
    }

  g_assert_cmpint (returncode, ==, 0);
  g_assert_cmpuint (n_detached, >, 3);
  g_assert_cmpstr (user.seen->str, ==, expected->str);
}

typedef enum
{
  INPUT_PIPE,
  INPUT_FILE,
  INPUT_NULL
} InputKind;

static int
open_input (InputKind   kind,
            const char *text)
{
  g_autofree char *path = NULL;
  int fds[2];

  switch (kind)
    {
    case INPUT_PIPE:
      gproc_test_pipe (fds);
      gproc_test_write (fds[1], text, -1);
      gproc_test_close (&fds[1]);
      return fds[0];
    case INPUT_FILE:
      fds[0] = g_file_open_tmp ("gproc-XXXXXX", &path, NULL);
      g_assert_no_errno (fds[0]);
      g_assert_no_errno (fcntl (fds[0], F_SETFD, FD_CLOEXEC));
      g_assert_no_errno (g_unlink (path));
      gproc_test_write (fds[0], text, -1);
      g_assert_no_errno (lseek (fds[0], 0, SEEK_SET));
      return fds[0];
    case INPUT_NULL:
    default:
      return gproc_test_open ("/dev/null", O_RDONLY);
    }
}

/* Input that is no terminal has an end, which the process is told, whatever it has for its own. */
static void
test_input (gconstpointer data)
{
  const guint variant = GPOINTER_TO_UINT (data);
  const InputKind kind = (InputKind) (variant / 2);
  const gboolean on_pty = variant % 2 != 0;
  g_autoptr (GProcLauncher) launcher = on_pty ? terminal_launcher () : gproc_launcher_new ();
  const char *expected = kind == INPUT_NULL ? "" : (on_pty ? "a\r\nbca\r\nbc" : "a\nbc");
  g_autoptr (GProcTerminal) terminal = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) seen = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  int fds[2], input = open_input (kind, "a\nbc");
  int flags = fcntl (input, F_GETFL);

  gproc_test_pipe (fds);
  terminal = gproc_test_track (gproc_terminal_new_for_fds (input, fds[1], -1));
  g_assert_false (gproc_terminal_get_is_terminal (terminal));
  g_assert_false (gproc_terminal_get_size (terminal, NULL, NULL));

  /* It answers once all has come in: otherwise what is shown and what is said would mix. */
  stream = launch (launcher, "sh", "-c", "x=$(cat; echo .); printf %s \"${x%.}\"", NULL);
  gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                               &call);
  g_assert_cmpint (gproc_terminal_attach_finish (terminal, gproc_test_call_wait (&call), &error),
                   ==, 0);
  g_assert_no_error (error);
  g_assert_cmphex (fcntl (input, F_GETFL), ==, flags);
  g_assert_false (gproc_test_fd_is_nonblocking (fds[1]));

  gproc_test_call_clear (&call);
  g_clear_object (&terminal);
  gproc_test_close (&fds[1]);
  seen = gproc_test_read_to_end (fds[0]);
  if (expected[0] != '\0')
    gproc_test_assert_bytes (seen, expected);
  else
    g_assert_cmpuint (g_bytes_get_size (seen), ==, 0);
  gproc_test_close (&fds[0]);
  gproc_test_close (&input);
}

/* Both outputs are complete before the call is, each where it belongs. */
static void
test_both_outputs (void)
{
  const gsize size = gproc_test_scale (4 * 1024 * 1024);
  g_autofree char *number = g_strdup_printf ("%zu", size);
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcTerminal) terminal = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  int out = open_input (INPUT_FILE, ""), err = open_input (INPUT_FILE, "");

  gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);
  terminal = gproc_test_track (gproc_terminal_new_for_fds (-1, out, err));
  stream = launch (launcher, testprog, "flood-both", number, NULL);
  gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                               &call);
  g_assert_cmpint (gproc_terminal_attach_finish (terminal, gproc_test_call_wait (&call), &error),
                   ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (lseek (out, 0, SEEK_END), ==, (gint64) size);
  g_assert_cmpint (lseek (err, 0, SEEK_END), ==, (gint64) size);
  g_clear_object (&terminal);
  gproc_test_close (&out);
  gproc_test_close (&err);
}

/* Somebody else has the output still, for as long as it likes. */
static void
test_held (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcTerminal) terminal = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  char text[32] = "";
  int out = open_input (INPUT_FILE, "");

  gproc_launcher_set_post_exit_grace (launcher, 20);
  terminal = gproc_test_track (gproc_terminal_new_for_fds (-1, out, -1));
  stream = launch (launcher, testprog, "fork-and-hold", NULL);
  gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                               &call);
  g_assert_cmpint (gproc_terminal_attach_finish (terminal, gproc_test_call_wait (&call), &error),
                   ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (pread (out, text, sizeof text - 1, 0), >, 0);
  g_assert_no_errno (kill (atoi (text), SIGKILL));
  g_clear_object (&terminal);
  gproc_test_close (&out);
}

/* Who shows the output takes longer than the grace, which is for others who hold it. */
static void
test_slow (void)
{
  g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
  g_autoptr (GProcTerminal) terminal = NULL;
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  gint64 deadline = gproc_test_deadline (), until;
  char buffer[4096] = "";
  gsize size = 25600; /* Less than a pipe holds. */
  gsize n_read = 0;
  gssize count;
  int fds[2];

  gproc_test_pipe (fds);
  g_assert_no_errno (fcntl (fds[0], F_SETFL, O_NONBLOCK));
  g_assert_no_errno (fcntl (fds[1], F_SETFL, O_NONBLOCK));
  while ((count = write (fds[1], buffer, sizeof buffer)) > 0)
    size += (gsize) count;

  gproc_launcher_set_post_exit_grace (launcher, 20);
  terminal = gproc_test_track (gproc_terminal_new_for_fds (-1, fds[1], -1));
  stream = launch (launcher, testprog, "binary", "100", NULL);
  gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                               &call);
  gproc_test_wait_for (gproc_stream_try_wait (stream) == 0);
  /* Many times the grace, in which nothing is read. */
  for (until = g_get_monotonic_time () + 10 * 20000; g_get_monotonic_time () < until;)
    g_main_context_iteration (gproc_test_context (), FALSE);

  while (n_read < size)
    {
      count = read (fds[0], buffer, sizeof buffer);
      n_read += count > 0 ? (gsize) count : 0;
      g_main_context_iteration (gproc_test_context (), FALSE);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  g_assert_cmpint (gproc_terminal_attach_finish (terminal, gproc_test_call_wait (&call), &error),
                   ==, 0);
  g_assert_no_error (error);
  g_clear_object (&terminal);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

/* A process that is stopped because its time is over says so, and its output is shown. */
static void
test_timeout (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  gproc_launcher_set_timeout (launcher, 300);
  stream = launch (launcher, testprog, "late-term", "3", NULL);
  attach (&user, stream, NULL, &call);
  user_expect (&user, "ready");
  attach_finish (&user, &call, &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  user_expect (&user, "term");
}

/* A line that does not fit is an error where it would be lost, and is cut for a person. */
static void
test_long_line (void)
{
  g_autofree char *line = g_strnfill (10000, 'x');
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcTerminal) terminal = NULL;
  g_autoptr (GProcStream) stream = launch (launcher, "cat", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  int input = open_input (INPUT_FILE, line);

  terminal = gproc_test_track (gproc_terminal_new_for_fds (input, -1, -1));
  gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done,
                               &call);
  gproc_terminal_attach_finish (terminal, gproc_test_call_wait (&call), &error);
  gproc_test_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
  g_clear_object (&terminal);
  gproc_test_close (&input);
}

/* What is pasted is more than a line can be: the rest of that is dropped, as on every terminal, and
 * nothing before or behind it. */
static void
test_paste (void)
{
  g_autofree char *piece = g_strnfill (2500, 'x');
  g_autofree char *first = g_strconcat ("one\r", piece, NULL);
  g_autofree char *second = g_strconcat (piece, "\rtwo\r", NULL);
  g_autofree char *line = g_strnfill (4095, 'x');
  g_autofree char *expected = g_strconcat (line, "\r\ntwo\r\n", NULL);
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };

  user_init (&user);
  gproc_launcher_set_pty_echo (launcher, FALSE);
  stream = launch (launcher, "cat", NULL);
  attach (&user, stream, NULL, &call);
  user_type (&user, first);
  user_expect (&user, "one\r\n");
  user_type (&user, second);
  gproc_test_wait_for ((user_look (&user), strstr (user.seen->str, "two\r\n") != NULL));
  g_assert_cmpstr (user.seen->str, ==, expected);
  user_type (&user, "\x04");
  g_assert_cmpint (attach_end (&user, &call), ==, 0);
}

static struct winsize
size_of (int fd)
{
  struct winsize size;

  g_assert_no_errno (ioctl (fd, TIOCGWINSZ, &size));

  return size;
}

static void
test_sync_size (void)
{
  const struct winsize larger = { .ws_row = 44, .ws_col = 120 };
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "cat", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };
  guint rows, columns;
  int fd = gproc_stream_get_pty_fd (stream);

  user_init (&user);
  gproc_terminal_sync_size (user.terminal);
  attach (&user, stream, NULL, &call);
  g_assert_cmpuint (size_of (fd).ws_row, ==, 33);

  g_assert_no_errno (ioctl (user.slave, TIOCSWINSZ, &larger));
  gproc_terminal_sync_size (user.terminal);
  g_assert_cmpuint (size_of (fd).ws_row, ==, 44);
  g_assert_cmpuint (size_of (fd).ws_col, ==, 120);
  g_assert_true (gproc_terminal_get_size (user.terminal, &rows, &columns));
  g_assert_cmpuint (rows, ==, 44);
  g_assert_cmpuint (columns, ==, 120);

  gproc_terminal_detach (user.terminal);
  attach_end (&user, &call);
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
}

static int n_winches;

static void
on_winch (int signum)
{
  n_winches++;
}

#define ADDED_FLAG 0x04000000 /* SA_RESTORER, which is no one else's business. */

static void
assert_same_action (int                     signum,
                    const struct sigaction *before)
{
  struct sigaction now;

  g_assert_no_errno (sigaction (signum, NULL, &now));
  /* The C library adds a flag of its own to whatever it sets. */
  if (now.sa_handler != before->sa_handler ||
      (now.sa_flags & ~ADDED_FLAG) != (before->sa_flags & ~ADDED_FLAG))
    g_error ("the disposition of signal %d changed", signum);
}

/* What the application has said about signals stays, also while they are handled. */
static void
test_dispositions (void)
{
  const struct winsize larger = { .ws_row = 44, .ws_col = 120 };
  struct sigaction before[NSIG], own = { .sa_handler = on_winch };
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) stream = launch (launcher, "cat", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };
  int fd = gproc_stream_get_pty_fd (stream);

  user_init (&user);
  g_assert_no_errno (sigaction (SIGWINCH, &own, NULL));
  g_assert_no_errno (sigaction (SIGINT, &own, NULL));
  signal (SIGHUP, SIG_IGN);
  for (int i = 1; i < NSIG; i++)
    {
      if (i != 32 && i != 33)
        g_assert_no_errno (sigaction (i, NULL, &before[i]));
    }

  /* Without being asked nothing is done about signals. */
  attach (&user, stream, NULL, &call);
  for (int i = 1; i < NSIG; i++)
    {
      if (i != 32 && i != 33)
        assert_same_action (i, &before[i]);
    }
  gproc_terminal_detach (user.terminal);
  attach_end (&user, &call);

  g_assert_false (gproc_terminal_get_handle_signals (user.terminal));
  g_object_set (user.terminal, "handle-signals", TRUE, NULL);
  attach (&user, stream, NULL, &call);
  assert_same_action (SIGINT, &before[SIGINT]);
  assert_same_action (SIGHUP, &before[SIGHUP]);
  assert_same_action (SIGALRM, &before[SIGALRM]);

  n_winches = 0;
  g_assert_no_errno (ioctl (user.slave, TIOCSWINSZ, &larger));
  g_assert_no_errno (raise (SIGWINCH));
  g_assert_cmpint (n_winches, ==, 1);
  gproc_test_wait_for (size_of (fd).ws_row == 44);

  gproc_terminal_detach (user.terminal);
  attach_end (&user, &call);
  for (int i = 1; i < NSIG; i++)
    {
      if (i != 32 && i != 33)
        assert_same_action (i, &before[i]);
    }

  signal (SIGWINCH, SIG_DFL);
  signal (SIGINT, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
  g_assert_true (gproc_stream_stop (stream, 0, NULL, &error));
  g_assert_no_error (error);
}

/* One of several that are handled ends before another: the handlers stay for that. */
static void
test_two (void)
{
  g_autoptr (GProcLauncher) launcher = terminal_launcher ();
  g_autoptr (GProcStream) first = launch (launcher, "cat", NULL);
  g_autoptr (GProcStream) second = launch (launcher, "cat", NULL);
  struct sigaction before, during, after;
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_auto (GProcTestCall) other_call = GPROC_TEST_CALL_INIT;
  g_auto (User) user = { 0 };
  g_auto (User) other = { 0 };

  user_init (&user);
  user_init (&other);
  gproc_terminal_set_handle_signals (user.terminal, TRUE);
  gproc_terminal_set_handle_signals (other.terminal, TRUE);
  g_assert_no_errno (sigaction (SIGTERM, NULL, &before));
  attach (&user, first, NULL, &call);
  attach (&other, second, NULL, &other_call);
  user_type (&user, "\x04");
  g_assert_cmpint (attach_end (&user, &call), ==, 0);
  g_assert_no_errno (sigaction (SIGTERM, NULL, &during));
  g_assert_true (during.sa_handler != before.sa_handler);
  g_assert_true (is_raw (other.slave));
  user_type (&other, "\x04");
  g_assert_cmpint (attach_end (&other, &other_call), ==, 0);
  g_assert_no_errno (sigaction (SIGTERM, NULL, &after));
  g_assert_true (after.sa_handler == before.sa_handler);
}

int
main (int    argc,
      char **argv)
{
  static const char * const inputs[] = { "pipe",        "pipe-to-pty", "file",
                                         "file-to-pty", "null",        "null-to-pty" };
  int status;

  gproc_test_init (&argc, &argv);
  testprog = gproc_test_program ("gproc-testprog");

  gproc_test_add ("/gproc/terminal/returncode", test_returncode);
  gproc_test_add ("/gproc/terminal/interrupt", test_interrupt);
  gproc_test_add ("/gproc/terminal/pipes", test_pipes);
  gproc_test_add ("/gproc/terminal/cancel", test_cancel);
  gproc_test_add ("/gproc/terminal/pending", test_pending);
  gproc_test_add ("/gproc/terminal/broken-output", test_broken_output);
  gproc_test_add ("/gproc/terminal/detach-keys", test_detach_keys);
  gproc_test_add ("/gproc/terminal/held-keys", test_held_keys);
  gproc_test_add ("/gproc/terminal/key-names", test_key_names);
  gproc_test_add ("/gproc/terminal/detach-bytes", test_detach_bytes);
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    {
      g_autofree char *path = g_strconcat ("/gproc/terminal/input/", inputs[i], NULL);

      gproc_test_add_data (path, GUINT_TO_POINTER (i), test_input);
    }
  gproc_test_add ("/gproc/terminal/both-outputs", test_both_outputs);
  gproc_test_add ("/gproc/terminal/held", test_held);
  gproc_test_add ("/gproc/terminal/slow", test_slow);
  gproc_test_add ("/gproc/terminal/timeout", test_timeout);
  gproc_test_add ("/gproc/terminal/long-line", test_long_line);
  gproc_test_add ("/gproc/terminal/paste", test_paste);
  gproc_test_add ("/gproc/terminal/sync-size", test_sync_size);
  gproc_test_add ("/gproc/terminal/dispositions", test_dispositions);
  gproc_test_add ("/gproc/terminal/two", test_two);

  status = gproc_test_run ();
  g_free (testprog);

  return status;
}
