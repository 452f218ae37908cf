/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What every test program of this project is made with.
 *
 * Each test runs with a GMainContext of its own as the thread-default one, and
 * ends with a proof that nothing stayed behind: no descriptor, no child, no thread,
 * no object that was tracked, no change of the signal mask or of SIGPIPE. */

typedef void (*GProcTestFunc) (void);
typedef void (*GProcTestDataFunc) (gconstpointer data);

/* Call first. SIGPIPE kills the program from here on, whatever it inherited. */
void gproc_test_init (int    *argc,
                      char ***argv);
void gproc_test_add (const char    *path,
                     GProcTestFunc  func);
/* @data is borrowed for the life of the program. */
void gproc_test_add_data (const char        *path,
                          gconstpointer      data,
                          GProcTestDataFunc  func);
int gproc_test_run (void);

/* The context of the running test. Borrowed. */
GMainContext *gproc_test_context (void);

/* The test fails unless @object is finalized by its end. Gives @object back. */
gpointer gproc_test_track (gpointer object);

/* Whether the program is so slow (valgrind, sanitizers) that the sizes of a test
 * should shrink, and a size that does. */
gboolean gproc_test_is_slow (void);
gsize gproc_test_scale (gsize count);

/* Waiting: for conditions, never for time. The limit is generous, and its passing
 * is a failure that names the condition. Other threads may set what is waited for. */
gint64 gproc_test_deadline (void);
void gproc_test_iterate (gint64      deadline,
                         const char *location,
                         const char *condition);

#define gproc_test_wait_for(condition)                      \
  G_STMT_START                                              \
  {                                                         \
    gint64 deadline_ = gproc_test_deadline ();              \
    while (!(condition))                                    \
      gproc_test_iterate (deadline_, G_STRLOC, #condition); \
  }                                                         \
  G_STMT_END

#define gproc_test_wait(flag) gproc_test_wait_for (g_atomic_int_get (flag))

/* Dispatches what is ready now, and what that makes ready, without ever blocking. */
void gproc_test_settle (void);

/* Iterates the context for that long, for those tests that prove that nothing
 * happens. */
void gproc_test_run_for (guint milliseconds);

/* How often the poll of the context of the test said that something is ready, and
 * how often it was called at all, since the last reset. */
void gproc_test_wakeups_reset (void);
guint gproc_test_wakeups (void);
guint gproc_test_polls (void);

/* One asynchronous call:
 *
 *   g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
 *   gproc_reader_read_line_async (reader, 0, NULL, gproc_test_call_done, &call);
 *   line = gproc_reader_read_line_finish (reader, gproc_test_call_wait (&call), &error); */
typedef struct
{
  GAsyncResult *result;
  GObject *source;
  GThread *thread; /* That ran the callback. */
  int done;        /* How often the callback ran: never more than once. */
} GProcTestCall;

#define GPROC_TEST_CALL_INIT \
  {                          \
    NULL, NULL, NULL, 0      \
  }

void gproc_test_call_done (GObject      *source,
                           GAsyncResult *result,
                           gpointer      user_data);
GAsyncResult *gproc_test_call_wait_at (GProcTestCall *call,
                                       const char    *location);
#define gproc_test_call_wait(call) gproc_test_call_wait_at ((call), G_STRLOC)
void gproc_test_call_clear (GProcTestCall *call);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GProcTestCall, gproc_test_call_clear)

/* Descriptors: close-on-exec, blocking, and the caller's to close. */
void gproc_test_pipe (int fds[2]);
void gproc_test_socketpair (int fds[2]);
/* The slave is in raw mode. */
void gproc_test_pty (int *master,
                     int *slave);
int gproc_test_open (const char *path,
                     int         flags);
void gproc_test_close (int *fd);
gboolean gproc_test_fd_is_open (int fd);
gboolean gproc_test_fd_is_nonblocking (int fd);
void gproc_test_set_nonblocking (int      fd,
                                 gboolean nonblocking);
/* Whether poll () would say @condition now. */
gboolean gproc_test_fd_is_ready (int          fd,
                                 GIOCondition condition);
guint gproc_test_count_descriptors (void);

/* Block as long as it takes. */
void gproc_test_write (int           fd,
                       gconstpointer data,
                       gssize        size);
/* Stops at the end of the stream. */
GBytes *gproc_test_read (int   fd,
                         gsize size);
GBytes *gproc_test_read_to_end (int fd);
/* What is there now, perhaps nothing. */
GBytes *gproc_test_read_available (int   fd,
                                   gsize max);
/* Writes until the kernel takes no more, and says how much it took. */
gsize gproc_test_fill (int fd);

/* Threads of this process apart from those of GLib, of the library and of the
 * sanitizers; and those of GLib's pool, which g_task_run_in_thread () uses. */
guint gproc_test_count_threads (void);
guint gproc_test_count_pool_threads (void);

/* ThreadSanitizer loses its way when a forked process starts threads. Skips the test then. */
gboolean gproc_test_cannot_fork (void);

/* Runs @func in a forked child, which leaves by _exit (0) when it returns, and
 * waits for that. */
void gproc_test_fork (GProcTestDataFunc func,
                      gconstpointer     data);

/* Bytes that depend on the seed that the program prints (--seed repeats them). */
GBytes *gproc_test_random_bytes (gsize size);

/* The programs that are built with the tests, and those of the system; NULL, with
 * the running test skipped, if there is no such program. */
char *gproc_test_program (const char *name);
char *gproc_test_find_program (const char *name);

#define gproc_test_assert_bytes(bytes, string)                                            \
  G_STMT_START                                                                            \
  {                                                                                       \
    GBytes *bytes_ = (bytes);                                                             \
    const char *string_ = (string);                                                       \
    g_assert_nonnull (bytes_);                                                            \
    g_assert_cmpmem (g_bytes_get_data (bytes_, NULL), g_bytes_get_size (bytes_), string_, \
                     strlen (string_));                                                   \
  }                                                                                       \
  G_STMT_END

#define gproc_test_assert_equal(a, b)                                     \
  G_STMT_START                                                            \
  {                                                                       \
    GBytes *a_ = (a);                                                     \
    GBytes *b_ = (b);                                                     \
    g_assert_nonnull (a_);                                                \
    g_assert_nonnull (b_);                                                \
    g_assert_cmpmem (g_bytes_get_data (a_, NULL), g_bytes_get_size (a_),  \
                     g_bytes_get_data (b_, NULL), g_bytes_get_size (b_)); \
  }                                                                       \
  G_STMT_END

/* Asserts the error, and clears it. */
#define gproc_test_assert_error(error, domain, code)    \
  G_STMT_START                                          \
  {                                                     \
    g_assert_error ((error), (domain), (code));         \
    g_assert_cmpuint (strlen ((error)->message), >, 0); \
    g_clear_error (&(error));                           \
  }                                                     \
  G_STMT_END

G_END_DECLS
