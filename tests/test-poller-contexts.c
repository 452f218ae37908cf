/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-poller-private.h"

#include "gproc-test.h"
#include "poller-watch.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Called once, right before a poller is attached. */
static void (*before_attach) (GMainContext *context);

/* The library calls this one in place of GLib's. */
guint
g_source_attach (GSource      *source,
                 GMainContext *context)
{
  static guint (*next) (GSource *, GMainContext *);
  void (*now) (GMainContext *) = before_attach;

  if (next == NULL)
    *(void **) &next = dlsym (RTLD_NEXT, "g_source_attach");
  if (now != NULL && g_strcmp0 (g_source_get_name (source), "GProcPoller") == 0)
    {
      before_attach = NULL;
      now (context);
    }

  return next (source, context);
}

static void
run_nested (Watch *self)
{
  Watch *other = self->data;
  int before = other->n_calls;

  /* The first of the two that is called waits for the second one. */
  if (before == 0)
    watch_wait (other, 1);
}

/* Both are ready in one look at the kernel; the loop that one of them runs has to
 * find the other, or it would wait for ever. */
static void
test_nested_loop (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch watches[2];
  int fds[2][2];
  int i;

  for (i = 0; i < 2; i++)
    {
      gproc_test_pipe (fds[i]);
      watch_init (&watches[i], poller, fds[i][0], G_IO_IN);
      watches[i].action = run_nested;
      watches[i].data = &watches[1 - i];
      watch_arm (&watches[i]);
      gproc_test_write (fds[i][1], "x", 1);
    }
  watch_wait (&watches[0], 1);
  watch_wait (&watches[1], 1);
  g_assert_cmpint (watches[0].n_calls, ==, 1);
  g_assert_cmpint (watches[1].n_calls, ==, 1);
  for (i = 0; i < 2; i++)
    {
      _gproc_watch_clear (&watches[i].watch);
      gproc_test_close (&fds[i][0]);
      gproc_test_close (&fds[i][1]);
    }
  _gproc_poller_release (poller);
}

static void
run_nested_self (Watch *self)
{
  int before = self->n_calls;

  if (before >= 5)
    return;
  watch_arm (self);
  watch_wait (self, before + 1);
}

/* A watch that is armed in its own function, and waited for there. */
static void
test_nested_same (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch watch;
  int fds[2];

  gproc_test_pipe (fds);
  gproc_test_write (fds[1], "x", 1);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  watch.action = run_nested_self;
  watch_arm (&watch);
  watch_wait (&watch, 5);
  g_assert_cmpint (watch.n_calls, ==, 5);
  finish (&watch, fds);
}

typedef struct
{
  int fd;
  int ready; /* How many contexts wait. */
  int stop;
} Shared;

static gpointer
context_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Shared *shared = data;
  GProcPoller *poller = _gproc_poller_acquire (context, G_PRIORITY_DEFAULT);
  gint64 deadline = gproc_test_deadline ();
  Watch watch;

  watch_init (&watch, poller, shared->fd, G_IO_IN);
  watch_arm (&watch);
  g_atomic_int_inc (&shared->ready);
  while (watch.n_calls == 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (context, TRUE);
    }
  g_assert_true (watch.thread == g_thread_self ());
  _gproc_watch_clear (&watch.watch);
  _gproc_poller_release (poller);
  return NULL;
}

/* The same descriptor in two contexts that two threads run: both see it. */
static void
test_two_contexts (void)
{
  Shared shared = { 0 };
  GThread *threads[2];
  int fds[2];
  int i;

  gproc_test_pipe (fds);
  shared.fd = fds[0];
  for (i = 0; i < 2; i++)
    threads[i] = g_thread_new ("context", context_thread, &shared);
  gproc_test_wait_for (g_atomic_int_get (&shared.ready) == 2);
  gproc_test_write (fds[1], "x", 1);
  for (i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
clear_in_child (gconstpointer data)
{
  Watch *watch = (Watch *) data;

  _gproc_watch_clear (&watch->watch);
  _gproc_poller_release (watch->poller);
  close (watch->fd);
}

/* What the child of a fork lets go of is what its parent goes on waiting for. */
static void
test_fork_and_clear (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  guint generation = _gproc_fork_generation ();
  Watch watch;
  int fds[2];

  gproc_test_pipe (fds);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  watch_arm (&watch);
  gproc_test_settle ();
  gproc_test_fork (clear_in_child, &watch);
  g_assert_cmpuint (_gproc_fork_generation (), ==, generation);

  g_assert_cmpint (watch.n_calls, ==, 0);
  gproc_test_write (fds[1], "x", 1);
  watch_wait (&watch, 1);
  finish (&watch, fds);
}

static void
use_in_child (gconstpointer data)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  const guint *generation = data;
  Watch watch;
  int fds[2];

  if (_gproc_fork_generation () == *generation)
    _exit (2);
  gproc_test_pipe (fds);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  watch_arm (&watch);
  gproc_test_write (fds[1], "x", 1);
  watch_wait (&watch, 1);
  _gproc_watch_clear (&watch.watch);
  _gproc_poller_release (poller);
}

/* A child that goes on without exec can use the library for new things. */
static void
test_fork_and_use (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  guint generation = _gproc_fork_generation ();
  Watch watch;
  int fds[2];

  gproc_test_pipe (fds);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  watch_arm (&watch);
  gproc_test_fork (use_in_child, &generation);
  gproc_test_write (fds[1], "x", 1);
  watch_wait (&watch, 1);
  finish (&watch, fds);
}

/* The context goes first: its poller, and what is armed with it, can still be let
 * go of. */
static void
test_context_gone (void)
{
  GMainContext *context = g_main_context_new ();
  GProcPoller *poller = _gproc_poller_acquire (context, G_PRIORITY_DEFAULT);
  Watch watch;
  int fds[2];

  gproc_test_pipe (fds);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  watch_arm (&watch);
  g_main_context_unref (context);
  gproc_test_write (fds[1], "x", 1);
  g_assert_true (_gproc_watch_clear (&watch.watch));
  _gproc_poller_release (poller);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

/* The last user goes inside the callback. */
static void
release_in_callback (Watch *self)
{
  _gproc_watch_clear (&self->watch);
  _gproc_poller_release (self->poller);
}

static void
test_release_in_callback (void)
{
  Watch watch;
  int fds[2];

  gproc_test_pipe (fds);
  watch_init (&watch, _gproc_poller_acquire_default (G_PRIORITY_DEFAULT), fds[0], G_IO_IN);
  watch.action = release_in_callback;
  watch_arm (&watch);
  gproc_test_write (fds[1], "x", 1);
  watch_wait (&watch, 1);
  gproc_test_settle ();
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

typedef struct
{
  GMainContext *context;
  int tid;  /* Atomic: 0 until it has begun. */
  int done; /* Atomic. */
} Finder;

static Finder finder;
static GThread *finder_thread;

static gpointer
find_poller (gpointer data)
{
  GProcPoller *poller;

  g_atomic_int_set (&finder.tid, (int) gettid ());
  poller = _gproc_poller_acquire (finder.context, G_PRIORITY_DEFAULT);
  g_assert_true (g_source_get_context ((GSource *) poller) == finder.context);
  g_atomic_int_set (&finder.done, TRUE);
  _gproc_poller_release (poller);

  return NULL;
}

/* Whether the thread has found it, or waits. */
static gboolean
finder_has_come_far (void)
{
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;

  if (g_atomic_int_get (&finder.tid) == 0)
    return FALSE;
  if (g_atomic_int_get (&finder.done))
    return TRUE;

  path = g_strdup_printf ("/proc/self/task/%d/stat", g_atomic_int_get (&finder.tid));

  return g_file_get_contents (path, &text, NULL, NULL) &&
         g_str_has_prefix (strrchr (text, ')'), ") S ");
}

static void
let_another_find_it (GMainContext *context)
{
  finder.context = context;
  finder_thread = g_thread_new ("finder", find_poller, NULL);
  while (!finder_has_come_far ())
    g_thread_yield ();
}

/* One that is being made is not found before its context has it: what is added to it would be
 * waited for by nobody. */
static void
test_found_early (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GProcPoller *poller;

  before_attach = let_another_find_it;
  poller = _gproc_poller_acquire (context, G_PRIORITY_DEFAULT);
  g_assert_null (before_attach);
  g_thread_join (finder_thread);
  g_assert_true (finder.done);
  _gproc_poller_release (poller);
}

static guint
count_epolls (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n_found = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      n_found += target != NULL && strstr (target, "[eventpoll]") != NULL;
    }

  return n_found;
}

/* Where there is no descriptor for an epoll its context polls, and once there is one again that is
 * used. */
static void
test_no_descriptors (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GProcPoller *poller = _gproc_poller_acquire (context, G_PRIORITY_DEFAULT);
  const gboolean uses_epoll = g_strcmp0 (g_getenv ("GPROC_LOOP"), "poll") != 0;
  guint n_before = count_epolls ();
  struct rlimit limit, none;
  Watch watches[2];
  int fds[2][2], lowest;

  for (int i = 0; i < 2; i++)
    {
      gproc_test_pipe (fds[i]);
      watch_init (&watches[i], poller, fds[i][0], G_IO_IN);
    }

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  /* All numbers below are taken. */
  none = limit;
  lowest = dup (fds[0][0]);
  g_assert_no_errno (lowest);
  close (lowest);
  none.rlim_cur = (rlim_t) lowest;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &none));
  watch_arm (&watches[0]);
  gproc_test_write (fds[0][1], "x", 1);
  while (watches[0].n_calls == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  g_assert_cmpuint (count_epolls (), ==, n_before);

  for (int i = 0; i < 2; i++)
    {
      watches[i].n_calls = 0;
      watch_arm (&watches[i]);
      gproc_test_write (fds[i][1], "x", 1);
    }
  while (watches[0].n_calls == 0 || watches[1].n_calls == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (count_epolls (), ==, n_before + (uses_epoll ? 1 : 0));

  for (int i = 0; i < 2; i++)
    {
      _gproc_watch_clear (&watches[i].watch);
      gproc_test_close (&fds[i][0]);
      gproc_test_close (&fds[i][1]);
    }
  _gproc_poller_release (poller);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/poller-contexts/nested-loop", test_nested_loop);
  gproc_test_add ("/gproc/poller-contexts/nested-same", test_nested_same);
  gproc_test_add ("/gproc/poller-contexts/two-contexts", test_two_contexts);
  gproc_test_add ("/gproc/poller-contexts/fork-and-clear", test_fork_and_clear);
  gproc_test_add ("/gproc/poller-contexts/fork-and-use", test_fork_and_use);
  gproc_test_add ("/gproc/poller-contexts/context-gone", test_context_gone);
  gproc_test_add ("/gproc/poller-contexts/release-in-callback", test_release_in_callback);
  gproc_test_add ("/gproc/poller-contexts/found-early", test_found_early);
  gproc_test_add ("/gproc/poller-contexts/no-descriptors", test_no_descriptors);
  return gproc_test_run ();
}
