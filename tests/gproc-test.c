/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test.h"

#include <glib-unix.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GPROC_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
  __has_feature(memory_sanitizer)
#define GPROC_TEST_SANITIZED 1
#endif
#endif

typedef struct
{
  const char *path;
  GProcTestFunc func;
  GProcTestDataFunc data_func;
  gconstpointer data;
} GProcTestCase;

/* The process as it was before a test. */
typedef struct
{
  GHashTable *descriptors; /* number → what it leads to */
  guint n_threads;
  gboolean has_worker;
  sigset_t mask;
  struct sigaction sigpipe;
} GProcTestState;

static const char *current_path = "";
static GMainContext *current_context;
static gboolean is_slow;
static int n_wakeups;
static int n_polls;

static GMutex track_lock;
static GHashTable *tracked; /* The name of the type of each object that still lives. */

/* The name that the thread of the library has. */
#define EPOLL "anon_inode:[eventpoll]"
#define WORKER_PREFIX "gproc"

static guint
count_threads (const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  g_autofree char *self = g_strdup_printf ("%d", (int) getpid ());
  const char *name;
  guint count = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/comm", name);
      g_autofree char *comm = NULL;

      /* A thread may end while its directory is read. */
      if (g_str_equal (name, self) || !g_file_get_contents (path, &comm, NULL, NULL))
        continue;
      if (prefix != NULL
            ? g_str_has_prefix (comm, prefix)
            : !(g_str_has_prefix (comm, "pool-") || g_str_has_prefix (comm, "gmain") ||
                g_str_has_prefix (comm, "gdbus") || g_str_has_prefix (comm, WORKER_PREFIX)))
        count++;
    }
  return count;
}

guint
gproc_test_count_threads (void)
{
  return count_threads (NULL);
}

guint
gproc_test_count_pool_threads (void)
{
  return count_threads ("pool-");
}

static GHashTable *
list_descriptors (void)
{
  GHashTable *descriptors = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/fd/%s", name);
      char *target = g_file_read_link (path, NULL);
      g_autofree char *own = g_strdup_printf ("/proc/%d/fd", (int) getpid ());

      /* The one that lists them is not one of them. */
      if (target == NULL || g_str_equal (target, own))
        g_free (target);
      else
        g_hash_table_insert (descriptors, GINT_TO_POINTER (atoi (name)), target);
    }
  return descriptors;
}

guint
gproc_test_count_descriptors (void)
{
  g_autoptr (GHashTable) descriptors = list_descriptors ();

  return g_hash_table_size (descriptors);
}

static void
state_init (GProcTestState *state)
{
  state->descriptors = list_descriptors ();
  state->n_threads = count_threads (NULL);
  state->has_worker = count_threads (WORKER_PREFIX) > 0;
  pthread_sigmask (SIG_SETMASK, NULL, &state->mask);
  sigaction (SIGPIPE, NULL, &state->sigpipe);
}

static void
state_clear (GProcTestState *state)
{
  g_hash_table_unref (state->descriptors);
}

static gboolean
has_target (GHashTable *descriptors,
            const char *wanted)
{
  GHashTableIter iter;
  gpointer target;

  g_hash_table_iter_init (&iter, descriptors);
  while (g_hash_table_iter_next (&iter, NULL, &target))
    if (g_str_equal (target, wanted))
      return TRUE;

  return FALSE;
}

/* Says what is open now and was not before, NULL if that is nothing. The thread of
 * the library keeps what its main loop needs from the test that starts it on, and from the
 * first that has it wait for a descriptor. */
static char *
describe_descriptors (GProcTestState *state)
{
  g_autoptr (GHashTable) now = list_descriptors ();
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean has_worker = count_threads (WORKER_PREFIX) > 0;
  guint n_eventfds = has_worker && !state->has_worker ? 1 : 0;
  guint n_epolls = has_worker && !has_target (state->descriptors, EPOLL) ? 1 : 0;
  GHashTableIter iter;
  gpointer fd;
  gpointer target;

  g_hash_table_iter_init (&iter, now);
  while (g_hash_table_iter_next (&iter, &fd, &target))
    if (g_strcmp0 (g_hash_table_lookup (state->descriptors, fd), target) != 0)
      {
        if (n_eventfds > 0 && g_str_equal (target, "anon_inode:[eventfd]"))
          n_eventfds--;
        else if (n_epolls > 0 && g_str_equal (target, EPOLL))
          n_epolls--;
        else
          g_string_append_printf (text, " new %d → %s;", GPOINTER_TO_INT (fd), (char *) target);
      }

  g_hash_table_iter_init (&iter, state->descriptors);
  while (g_hash_table_iter_next (&iter, &fd, &target))
    if (!g_hash_table_contains (now, fd))
      g_string_append_printf (text, " closed %d → %s;", GPOINTER_TO_INT (fd), (char *) target);

  return text->len == 0 ? NULL : g_string_free (g_steal_pointer (&text), FALSE);
}

/* Nothing is reaped here: that would hide the zombie that somebody forgot. */
static char *
describe_children (void)
{
  siginfo_t info = { 0 };

  if (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
    {
      g_assert_cmpint (errno, ==, ECHILD);
      return NULL;
    }
  if (info.si_pid == 0)
    return g_strdup (" a child that runs;");
  return g_strdup_printf (" a zombie, process %d;", (int) info.si_pid);
}

static char *
describe_tracked (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer object;
  gpointer name;

  g_mutex_lock (&track_lock);
  g_hash_table_iter_init (&iter, tracked);
  while (g_hash_table_iter_next (&iter, &object, &name))
    g_string_append_printf (text, " %s %p;", (char *) name, object);
  g_mutex_unlock (&track_lock);

  return text->len == 0 ? NULL : g_string_free (g_steal_pointer (&text), FALSE);
}

/* Everything that is still there, NULL if that is nothing. The context of the test
 * has descriptors of its own: only when it is gone can they be compared. */
static char *
describe_leaks (GProcTestState *state)
{
  g_autofree char *objects = describe_tracked ();
  g_autofree char *children = describe_children ();
  g_autofree char *descriptors = NULL;
  g_autofree char *threads = NULL;
  guint n_threads = count_threads (NULL);

  if (current_context == NULL)
    descriptors = describe_descriptors (state);
  if (n_threads > state->n_threads)
    threads = g_strdup_printf (" %u threads more;", n_threads - state->n_threads);
  if (objects == NULL && children == NULL && descriptors == NULL && threads == NULL)
    return NULL;
  return g_strconcat ("left behind:", objects != NULL ? objects : "",
                      children != NULL ? children : "", threads != NULL ? threads : "",
                      descriptors != NULL ? descriptors : "", NULL);
}

static void
check_signals (GProcTestState *state)
{
  struct sigaction sigpipe;
  sigset_t mask;
  sigset_t pending;
  int i;

  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  for (i = 1; i < NSIG; i++)
    if (sigismember (&mask, i) != sigismember (&state->mask, i))
      g_error ("%s: the signal mask changed: %s", current_path, g_strsignal (i));

  sigpending (&pending);
  g_assert_false (sigismember (&pending, SIGPIPE));
  sigaction (SIGPIPE, NULL, &sigpipe);
  g_assert_true (sigpipe.sa_handler == state->sigpipe.sa_handler);
}

/* Threads end, the worker reaps and lingering queues close in their own time. */
static void
check_leaks (GProcTestState *state)
{
  gint64 deadline = g_get_monotonic_time () + (is_slow ? 60 : 15) * G_USEC_PER_SEC;
  char *leaks;

  while ((leaks = describe_leaks (state)) != NULL)
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("%s: %s", current_path, leaks);
      g_free (leaks);
      if (current_context != NULL)
        gproc_test_iterate (G_MAXINT64, G_STRLOC, "the end");
      else
        poll (NULL, 0, 2);
    }
}

static int
counting_poll (GPollFD *fds,
               guint    n_fds,
               int      timeout)
{
  int n_ready;

  g_atomic_int_inc (&n_polls);
  n_ready = g_poll (fds, n_fds, timeout);
  if (n_ready > 0)
    g_atomic_int_inc (&n_wakeups);
  return n_ready;
}

static void
run_case (gconstpointer data)
{
  const GProcTestCase *test = data;
  GProcTestState state;

  current_path = test->path;
  alarm (is_slow ? 1200 : 240);
  state_init (&state);

  current_context = g_main_context_new ();
  g_main_context_set_poll_func (current_context, counting_poll);
  g_main_context_push_thread_default (current_context);

  if (test->func != NULL)
    test->func ();
  else
    test->data_func (test->data);

  gproc_test_settle ();
  g_main_context_pop_thread_default (current_context);
  /* What lingers needs its context; the context may itself be what leaks. */
  check_leaks (&state);
  g_clear_pointer (&current_context, g_main_context_unref);
  check_leaks (&state);
  check_signals (&state);
  state_clear (&state);
  alarm (0);
}

static void
on_alarm (int signum)
{
  static const char text[] = "# the test hangs: ";

  if (write (STDOUT_FILENO, text, sizeof text - 1) < 0 ||
      write (STDOUT_FILENO, current_path, strlen (current_path)) < 0 ||
      write (STDOUT_FILENO, "\n", 1) < 0)
    _exit (1);
  abort ();
}

/* GLib starts its own thread, and makes the descriptors of its default context,
 * when they are first needed: here, so that no test seems to leak them. */
static void
warm_up (void)
{
  g_autoptr (GSource) source = g_unix_signal_source_new (SIGWINCH);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  /* The class of sockets, and in later releases that of subprocesses, has SIGPIPE ignored for
   * the whole process. */
  g_type_class_unref (g_type_class_ref (G_TYPE_SOCKET));
  g_type_class_unref (g_type_class_ref (G_TYPE_SUBPROCESS));
  g_source_attach (source, NULL);
  g_source_destroy (source);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_cancellable_cancel (cancellable);
}

void
gproc_test_init (int    *argc,
                 char ***argv)
{
  const char *preload = g_getenv ("LD_PRELOAD");

  signal (SIGALRM, on_alarm);
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  g_test_init (argc, argv, NULL);
  /* Threads of GLib's pool end soon after their work, and their number tells
   * whether an operation used one. */
  g_thread_pool_set_max_unused_threads (0);
#ifdef GPROC_TEST_SANITIZED
  is_slow = TRUE;
#endif
  if (g_getenv ("GPROC_TEST_SLOW") != NULL || (preload != NULL && strstr (preload, "vgpreload")))
    is_slow = TRUE;
  tracked = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  warm_up ();
  signal (SIGPIPE, SIG_DFL);
  /* Whoever runs the tests under nohup has it ignored, and children keep that. */
  signal (SIGHUP, SIG_DFL);
}

void
gproc_test_add (const char    *path,
                GProcTestFunc  func)
{
  GProcTestCase *test = g_new0 (GProcTestCase, 1);

  test->path = path;
  test->func = func;
  g_test_add_data_func_full (path, test, run_case, g_free);
}

void
gproc_test_add_data (const char        *path,
                     gconstpointer      data,
                     GProcTestDataFunc  func)
{
  GProcTestCase *test = g_new0 (GProcTestCase, 1);

  test->path = g_intern_string (path);
  test->data_func = func;
  test->data = data;
  g_test_add_data_func_full (path, test, run_case, g_free);
}

int
gproc_test_run (void)
{
  int status = g_test_run ();

  g_hash_table_unref (tracked);
  return status;
}

GMainContext *
gproc_test_context (void)
{
  return current_context;
}

static void
forget_object (gpointer object)
{
  g_mutex_lock (&track_lock);
  g_hash_table_remove (tracked, object);
  g_mutex_unlock (&track_lock);
}

gpointer
gproc_test_track (gpointer object)
{
  g_assert_true (G_IS_OBJECT (object));
  g_mutex_lock (&track_lock);
  g_hash_table_insert (tracked, object, g_strdup (G_OBJECT_TYPE_NAME (object)));
  g_mutex_unlock (&track_lock);
  /* Data goes when the object is finalized, weak references when it is disposed. */
  g_object_set_data_full (object, "gproc-test-track", object, forget_object);
  return object;
}

gboolean
gproc_test_is_slow (void)
{
  return is_slow;
}

gsize
gproc_test_scale (gsize count)
{
  return is_slow ? MAX (count / 16, MIN (count, 8)) : count;
}

gint64
gproc_test_deadline (void)
{
  return g_get_monotonic_time () + (is_slow ? 600 : 60) * G_USEC_PER_SEC;
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

void
gproc_test_iterate (gint64      deadline,
                    const char *location,
                    const char *condition)
{
  g_autoptr (GSource) tick = NULL;

  if (g_get_monotonic_time () > deadline)
    g_error ("%s: %s: time passed without: %s", current_path, location, condition);

  /* Without the tick what another thread changes would go unseen. */
  tick = g_timeout_source_new (5);
  g_source_set_callback (tick, on_tick, NULL, NULL);
  g_source_attach (tick, current_context);
  g_main_context_iteration (current_context, TRUE);
  g_source_destroy (tick);
}

void
gproc_test_settle (void)
{
  guint i;

  for (i = 0; i < 100 && g_main_context_iteration (current_context, FALSE); i++)
    continue;
}

static gboolean
on_end (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
gproc_test_run_for (guint milliseconds)
{
  g_autoptr (GSource) timer = g_timeout_source_new (milliseconds);
  gboolean ended = FALSE;

  g_source_set_callback (timer, on_end, &ended, NULL);
  g_source_attach (timer, current_context);
  while (!ended)
    g_main_context_iteration (current_context, TRUE);
}

void
gproc_test_wakeups_reset (void)
{
  g_atomic_int_set (&n_wakeups, 0);
  g_atomic_int_set (&n_polls, 0);
}

guint
gproc_test_wakeups (void)
{
  return g_atomic_int_get (&n_wakeups);
}

guint
gproc_test_polls (void)
{
  return g_atomic_int_get (&n_polls);
}

void
gproc_test_call_done (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  GProcTestCall *call = user_data;

  g_assert_cmpint (call->done, ==, 0);
  call->source = source != NULL ? g_object_ref (source) : NULL;
  call->result = g_object_ref (result);
  call->thread = g_thread_self ();
  g_atomic_int_set (&call->done, 1);
}

GAsyncResult *
gproc_test_call_wait_at (GProcTestCall *call,
                         const char    *location)
{
  gint64 deadline = gproc_test_deadline ();

  while (!g_atomic_int_get (&call->done))
    gproc_test_iterate (deadline, location, "the callback");
  return call->result;
}

/* May be used again afterwards. */
void
gproc_test_call_clear (GProcTestCall *call)
{
  g_clear_object (&call->result);
  g_clear_object (&call->source);
  call->thread = NULL;
  call->done = 0;
}

void
gproc_test_pipe (int fds[2])
{
  g_autoptr (GError) error = NULL;

  g_unix_open_pipe (fds, FD_CLOEXEC, &error);
  g_assert_no_error (error);
}

void
gproc_test_socketpair (int fds[2])
{
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
}

void
gproc_test_pty (int *master,
                int *slave)
{
  struct termios settings;

  g_assert_no_errno (openpty (master, slave, NULL, NULL, NULL));
  g_assert_no_errno (tcgetattr (*slave, &settings));
  cfmakeraw (&settings);
  g_assert_no_errno (tcsetattr (*slave, TCSANOW, &settings));
  g_assert_no_errno (fcntl (*master, F_SETFD, FD_CLOEXEC));
  g_assert_no_errno (fcntl (*slave, F_SETFD, FD_CLOEXEC));
}

int
gproc_test_open (const char *path,
                 int         flags)
{
  int fd = open (path, flags | O_CLOEXEC, 0600);

  g_assert_no_errno (fd);
  return fd;
}

void
gproc_test_close (int *fd)
{
  if (*fd >= 0)
    g_assert_no_errno (close (*fd));
  *fd = -1;
}

gboolean
gproc_test_fd_is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

gboolean
gproc_test_fd_is_nonblocking (int fd)
{
  int flags = fcntl (fd, F_GETFL);

  g_assert_no_errno (flags);
  return (flags & O_NONBLOCK) != 0;
}

void
gproc_test_set_nonblocking (int      fd,
                            gboolean nonblocking)
{
  g_autoptr (GError) error = NULL;

  g_unix_set_fd_nonblocking (fd, nonblocking, &error);
  g_assert_no_error (error);
}

gboolean
gproc_test_fd_is_ready (int          fd,
                        GIOCondition condition)
{
  struct pollfd pollfd = { .fd = fd, .events = condition };

  g_assert_no_errno (poll (&pollfd, 1, 0));
  return (pollfd.revents & (condition | POLLERR | POLLHUP)) != 0;
}

static void
wait_for_fd (int fd,
             int events)
{
  struct pollfd pollfd = { .fd = fd, .events = events };

  while (poll (&pollfd, 1, -1) < 0)
    g_assert_cmpint (errno, ==, EINTR);
}

void
gproc_test_write (int           fd,
                  gconstpointer data,
                  gssize        size)
{
  const char *bytes = data;
  gsize left = size < 0 ? strlen (data) : (gsize) size;

  while (left > 0)
    {
      gssize count = write (fd, bytes, left);

      if (count < 0 && errno == EAGAIN)
        wait_for_fd (fd, POLLOUT);
      else if (count < 0)
        g_assert_cmpint (errno, ==, EINTR);
      else
        {
          bytes += count;
          left -= count;
        }
    }
}

static GBytes *
read_bytes (int      fd,
            gsize    size,
            gboolean blocking)
{
  g_autoptr (GByteArray) array = g_byte_array_new ();
  guint8 buffer[16384];

  while (array->len < size)
    {
      gssize count;

      if (!blocking && !gproc_test_fd_is_ready (fd, G_IO_IN))
        break;
      count = read (fd, buffer, MIN (sizeof buffer, size - array->len));
      if (count > 0)
        g_byte_array_append (array, buffer, count);
      else if (count == 0 || errno == EIO)
        break; /* EIO: the end of a terminal. */
      else if (errno == EAGAIN)
        wait_for_fd (fd, POLLIN);
      else
        g_assert_cmpint (errno, ==, EINTR);
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&array));
}

GBytes *
gproc_test_read (int   fd,
                 gsize size)
{
  return read_bytes (fd, size, TRUE);
}

GBytes *
gproc_test_read_to_end (int fd)
{
  return read_bytes (fd, G_MAXSIZE, TRUE);
}

GBytes *
gproc_test_read_available (int   fd,
                           gsize max)
{
  return read_bytes (fd, max, FALSE);
}

gsize
gproc_test_fill (int fd)
{
  gboolean nonblocking = gproc_test_fd_is_nonblocking (fd);
  static const char zeros[4096];
  gsize total = 0;
  gssize count;
  gsize size;

  gproc_test_set_nonblocking (fd, TRUE);
  /* Down to single bytes, so that not one more fits. */
  for (size = sizeof zeros; size > 0; size /= 64)
    while ((count = write (fd, zeros, size)) > 0)
      total += count;
  g_assert_cmpint (errno, ==, EAGAIN);
  gproc_test_set_nonblocking (fd, nonblocking);
  return total;
}

gboolean
gproc_test_cannot_fork (void)
{
#if defined(__SANITIZE_THREAD__)
  g_test_skip ("ThreadSanitizer does not follow a fork");
  return TRUE;
#else
  return FALSE;
#endif
}

void
gproc_test_fork (GProcTestDataFunc func,
                 gconstpointer     data)
{
  int status = 0;
  pid_t pid;

  fflush (NULL);
  pid = fork ();
  g_assert_no_errno (pid);
  if (pid == 0)
    {
      func (data);
      /* Memcheck looks for leaks at an exit, and takes for one what only the threads
       * refer to that a fork leaves behind. It does not follow an exec. */
      execl ("/bin/true", "true", NULL);
      _exit (0);
    }
  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

GBytes *
gproc_test_random_bytes (gsize size)
{
  guint64 state = g_test_rand_int () | 1;
  guint8 *bytes = g_malloc (size);
  gsize i;

  for (i = 0; i < size; i += sizeof state)
    {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      memcpy (bytes + i, &state, MIN (sizeof state, size - i));
    }

  return g_bytes_new_take (bytes, size);
}

char *
gproc_test_program (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, name, NULL);

  if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return g_canonicalize_filename (path, NULL);
  g_test_skip_printf ("%s is not there", path);
  return NULL;
}

char *
gproc_test_find_program (const char *name)
{
  char *path = g_find_program_in_path (name);

  if (path == NULL)
    g_test_skip_printf ("%s is not installed", name);
  return path;
}
