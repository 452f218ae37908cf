/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-poller-private.h"

#include "gproc-test.h"
#include "poller-watch.h"

#include <fcntl.h>
#include <unistd.h>

static void
arm_again (Watch *self)
{
  watch_arm (self);
}

static void
test_arm (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch watch;
  int fds[2];

  gproc_test_pipe (fds);
  g_assert_true (_gproc_poller_get_context (poller) == gproc_test_context ());
  watch_init (&watch, poller, fds[0], G_IO_IN);

  watch_arm (&watch);
  gproc_test_settle ();
  g_assert_cmpint (watch.n_calls, ==, 0);
  gproc_test_write (fds[1], "x", 1);
  watch_wait (&watch, 1);
  g_assert_cmpint (watch.condition & G_IO_IN, ==, G_IO_IN);

  /* One shot: what is ready and not waited for calls nobody. */
  gproc_test_write (fds[1], "y", 1);
  gproc_test_run_for (20);
  g_assert_cmpint (watch.n_calls, ==, 1);

  /* Level triggered: it is still ready for the next wait. */
  watch_arm (&watch);
  watch_wait (&watch, 2);
  g_assert_false (_gproc_watch_clear (&watch.watch));
  _gproc_poller_release (poller);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
test_registration (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  GProcPoller *same = _gproc_poller_acquire (gproc_test_context (), G_PRIORITY_DEFAULT);
  GProcPoller *other = _gproc_poller_acquire (gproc_test_context (), G_PRIORITY_LOW);
  Watch watch;
  int fds[2];

  g_assert_true (poller == same);
  g_assert_true (poller != other);
  g_assert_true (_gproc_poller_matches (poller, gproc_test_context (), G_PRIORITY_DEFAULT));
  g_assert_false (_gproc_poller_matches (poller, gproc_test_context (), G_PRIORITY_LOW));

  gproc_test_pipe (fds);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  g_assert_false (_gproc_watch_rearm (&watch.watch, poller, fds[0], G_IO_IN));
  watch_arm (&watch);
  g_assert_true (_gproc_watch_rearm (&watch.watch, poller, fds[0], G_IO_IN));
  g_assert_true (_gproc_watch_disarm (&watch.watch));
  g_assert_false (_gproc_watch_disarm (&watch.watch));
  gproc_test_write (fds[1], "x", 1);
  gproc_test_run_for (20);
  g_assert_cmpint (watch.n_calls, ==, 0);

  /* Moving to another priority is moving to another poller. */
  _gproc_watch_clear (&watch.watch);
  watch.poller = other;
  watch_arm (&watch);
  watch_wait (&watch, 1);
  g_assert_false (_gproc_watch_rearm (&watch.watch, poller, fds[0], G_IO_IN));
  _gproc_watch_clear (&watch.watch);
  _gproc_poller_release (poller);
  _gproc_poller_release (same);
  _gproc_poller_release (other);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

/* A peer that chatters at a descriptor that nobody waits for any more costs no more
 * than the wake-up that finds that out, and that which stops asking. */
static void
test_chatter (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch watch;
  int fds[2];
  int i;

  gproc_test_pipe (fds);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  watch_arm (&watch);
  gproc_test_write (fds[1], "x", 1);
  watch_wait (&watch, 1);

  gproc_test_wakeups_reset ();
  for (i = 0; i < 20; i++)
    {
      gproc_test_write (fds[1], "chatter", 7);
      gproc_test_run_for (1);
    }
  g_assert_cmpuint (gproc_test_wakeups (), <=, 2);
  g_assert_cmpint (watch.n_calls, ==, 1);

  finish (&watch, fds);
}

static void
test_post (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  guint iteration;
  Watch watch;

  watch_init (&watch, poller, -1, 0);
  iteration = _gproc_poller_get_iteration (poller);
  _gproc_watch_post (&watch.watch, poller);
  g_assert_cmpint (watch.n_calls, ==, 0);
  watch_wait (&watch, 1);
  g_assert_cmpint (watch.condition, ==, 0);
  g_assert_cmpuint (_gproc_poller_get_iteration (poller), !=, iteration);

  _gproc_watch_post (&watch.watch, poller);
  g_assert_true (_gproc_watch_clear (&watch.watch));
  gproc_test_settle ();
  g_assert_cmpint (watch.n_calls, ==, 1);
  _gproc_poller_release (poller);
}

static gpointer
wake_thread (gpointer data)
{
  _gproc_watch_wake (data);
  return NULL;
}

/* Cancellation from another thread is a wake; a wake of what does not wait is
 * nothing. */
static void
test_wake_from_thread (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  GThread *thread;
  Watch watch;
  int fds[2];

  gproc_test_pipe (fds);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  _gproc_watch_wake (&watch.watch);
  gproc_test_settle ();
  g_assert_cmpint (watch.n_calls, ==, 0);

  watch_arm (&watch);
  thread = g_thread_new ("wake", wake_thread, &watch.watch);
  /* Without ticks: it is the wake that has to end the poll. */
  while (watch.n_calls == 0)
    g_main_context_iteration (gproc_test_context (), TRUE);
  g_thread_join (thread);
  g_assert_cmpint (watch.condition, ==, 0);
  g_assert_true (watch.thread == g_thread_self ());
  g_assert_cmpint (watch.n_calls, ==, 1);

  finish (&watch, fds);
}

typedef struct
{
  Watch *watch;
  int write_fd;
  int stop;
} Race;

static gpointer
race_thread (gpointer data)
{
  Race *race = data;

  while (!g_atomic_int_get (&race->stop))
    {
      gproc_test_write (race->write_fd, "x", 1);
      _gproc_watch_wake (&race->watch->watch);
      g_thread_yield ();
    }
  return NULL;
}

/* Wakes and events race: each wait ends exactly once. */
static void
test_wake_race (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  int n_rounds = gproc_test_scale (5000);
  Race race = { 0 };
  GThread *thread;
  Watch watch;
  char byte[64];
  int fds[2];
  int i;

  gproc_test_pipe (fds);
  gproc_test_set_nonblocking (fds[0], TRUE);
  watch_init (&watch, poller, fds[0], G_IO_IN);
  race.watch = &watch;
  race.write_fd = fds[1];
  thread = g_thread_new ("race", race_thread, &race);
  for (i = 0; i < n_rounds; i++)
    {
      int before = watch.n_calls;

      while (read (fds[0], byte, sizeof byte) > 0)
        continue;
      watch_arm (&watch);
      if (i % 3 == 0 && _gproc_watch_disarm (&watch.watch))
        {
          g_assert_cmpint (watch.n_calls, ==, before);
          continue;
        }
      watch_wait (&watch, before + 1);
      g_assert_cmpint (watch.n_calls, ==, before + 1);
    }
  g_atomic_int_set (&race.stop, 1);
  gproc_test_set_nonblocking (fds[1], TRUE);
  while (read (fds[0], byte, sizeof byte) > 0)
    continue;
  g_thread_join (thread);
  finish (&watch, fds);
}

static void
post_soon_again (Watch *self)
{
  _gproc_watch_post_soon (&self->watch, self->poller);
}

static void
post_again (Watch *self)
{
  _gproc_watch_post (&self->watch, self->poller);
}

/* Who goes on with what is there gets more than one turn in an iteration, but not for ever;
 * what waits for the end of the iteration does wait. */
static void
test_soon (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  gboolean several = FALSE;
  Watch soon, later;

  watch_init (&soon, poller, -1, 0);
  soon.action = post_soon_again;
  _gproc_watch_post_soon (&soon.watch, poller);
  watch_init (&later, poller, -1, 0);
  later.action = post_again;
  _gproc_watch_post (&later.watch, poller);

  /* Where this thread is not let run meanwhile, the time of a turn may be over after one call:
   * what is left comes first in the next. */
  for (int i = 1; i <= 1000 && !(several && i > 3); i++)
    {
      int before = soon.n_calls;
      int later_before = later.n_calls;

      g_assert_true (g_main_context_iteration (gproc_test_context (), FALSE));
      g_assert_cmpint (soon.n_calls + later.n_calls, >, before + later_before);
      g_assert_cmpint (soon.n_calls, <=, before + 16);
      g_assert_cmpint (later.n_calls, <=, later_before + 1);
      g_assert_cmpint (later.n_calls, >=, i / 2);
      several |= soon.n_calls > before + 1 && later.n_calls == later_before + 1;
    }
  g_assert_true (several);

  _gproc_watch_clear (&soon.watch);
  _gproc_watch_clear (&later.watch);
  _gproc_poller_release (poller);
}

/* epoll refuses files and /dev/null (EPERM): they are always ready. */
static void
test_files (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  const char * const paths[] = { "/dev/null", "/proc/self/exe" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      int fd = gproc_test_open (paths[i], O_RDONLY);
      Watch watch;

      watch_init (&watch, poller, fd, G_IO_IN);
      watch_arm (&watch);
      g_assert_cmpint (watch.n_calls, ==, 0);
      watch_wait (&watch, 1);
      gproc_test_settle ();
      g_assert_cmpint (watch.n_calls, ==, 1);
      watch_arm (&watch);
      watch_wait (&watch, 2);
      _gproc_watch_clear (&watch.watch);
      gproc_test_close (&fd);
    }
  _gproc_poller_release (poller);
}

static gboolean
on_timeout (gpointer data)
{
  g_atomic_int_inc ((int *) data);
  return G_SOURCE_CONTINUE;
}

/* Descriptors that are always ready and always waited for, of a kind that epoll
 * refuses and of one that it takes, starve neither each other nor the sources of
 * the application. */
static void
test_fairness (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  g_autoptr (GSource) timeout = g_timeout_source_new (0);
  Watch watches[3];
  int n_timeouts = 0;
  int fds[2];
  int i;

  gproc_test_pipe (fds);
  gproc_test_write (fds[1], "x", 1);
  watch_init (&watches[0], poller, gproc_test_open ("/dev/null", O_RDONLY), G_IO_IN);
  watch_init (&watches[1], poller, fds[0], G_IO_IN);
  watch_init (&watches[2], poller, fds[1], G_IO_OUT);
  for (i = 0; i < 3; i++)
    {
      watches[i].action = arm_again;
      watch_arm (&watches[i]);
    }
  g_source_set_callback (timeout, on_timeout, &n_timeouts, NULL);
  g_source_attach (timeout, gproc_test_context ());

  gproc_test_wait_for (n_timeouts >= 50);
  for (i = 0; i < 3; i++)
    g_assert_cmpint (watches[i].n_calls, >, 5);
  g_assert_cmpint (watches[0].n_calls, <, 20 * watches[1].n_calls);
  g_assert_cmpint (watches[1].n_calls, <, 20 * watches[0].n_calls);
  g_assert_cmpint (watches[1].n_calls, <, 20 * watches[2].n_calls);

  g_source_destroy (timeout);
  for (i = 0; i < 3; i++)
    _gproc_watch_clear (&watches[i].watch);
  gproc_test_close (&watches[0].fd);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
  _gproc_poller_release (poller);
}

static void
note_order (Watch *self)
{
  g_string_append ((GString *) self->data, self->events & G_IO_IN ? "r" : "w");
}

/* Priorities are those of GMainContext: the higher one goes first. */
static void
test_priorities (void)
{
  GProcPoller *low = _gproc_poller_acquire_default (G_PRIORITY_LOW);
  GProcPoller *high = _gproc_poller_acquire_default (G_PRIORITY_HIGH);
  g_autoptr (GString) order = g_string_new (NULL);
  Watch reader;
  Watch writer;
  int fds[2];

  gproc_test_pipe (fds);
  gproc_test_write (fds[1], "x", 1);
  watch_init (&reader, low, fds[0], G_IO_IN);
  watch_init (&writer, high, fds[1], G_IO_OUT);
  reader.action = writer.action = note_order;
  reader.data = writer.data = order;
  watch_arm (&reader);
  watch_arm (&writer);
  watch_wait (&reader, 1);
  g_assert_cmpstr (order->str, ==, "wr");
  _gproc_watch_clear (&reader.watch);
  _gproc_watch_clear (&writer.watch);
  _gproc_poller_release (low);
  _gproc_poller_release (high);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
}

static void
clear_other (Watch *self)
{
  Watch *other = self->data;

  if (other->n_calls > 0)
    return;
  g_assert_true (_gproc_watch_clear (&other->watch));
  close (other->fd);
  other->fd = -1;
}

/* Closed by the callback of another, with its event in flight. */
static void
test_close_in_flight (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch watches[2];
  int fds[2][2];
  int i;

  for (i = 0; i < 2; i++)
    {
      gproc_test_pipe (fds[i]);
      watch_init (&watches[i], poller, fds[i][0], G_IO_IN);
      watches[i].action = clear_other;
      watches[i].data = &watches[1 - i];
      watch_arm (&watches[i]);
      gproc_test_write (fds[i][1], "x", 1);
    }
  gproc_test_wait_for (watches[0].n_calls + watches[1].n_calls > 0);
  gproc_test_run_for (20);
  g_assert_cmpint (watches[0].n_calls + watches[1].n_calls, ==, 1);
  for (i = 0; i < 2; i++)
    {
      _gproc_watch_clear (&watches[i].watch);
      if (watches[i].fd >= 0)
        gproc_test_close (&watches[i].fd);
      gproc_test_close (&fds[i][1]);
    }
  _gproc_poller_release (poller);
}

static void
reuse_other (Watch *self)
{
  Watch *other = self->data;
  int *fds = other->data;
  int fd = other->fd;
  int again[2];

  if (other->n_calls > 0)
    return;
  _gproc_watch_clear (&other->watch);
  gproc_test_close (&fds[0]);
  gproc_test_close (&fds[1]);
  /* The same number, another pipe, which is silent. */
  gproc_test_pipe (again);
  fds[0] = again[0] == fd ? again[0] : dup2 (again[0], fd);
  if (again[0] != fd)
    gproc_test_close (&again[0]);
  fds[1] = again[1];
  other->action = NULL;
  watch_arm (other);
}

/* The event of a closed descriptor does not reach who uses its number next. */
static void
test_reuse (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch first;
  Watch second;
  int pipes[2][2];

  gproc_test_pipe (pipes[0]);
  gproc_test_pipe (pipes[1]);
  watch_init (&first, poller, pipes[0][0], G_IO_IN);
  watch_init (&second, poller, pipes[1][0], G_IO_IN);
  first.action = reuse_other;
  first.data = &second;
  second.data = pipes[1];
  watch_arm (&first);
  watch_arm (&second);
  gproc_test_write (pipes[0][1], "x", 1);
  gproc_test_settle ();
  watch_wait (&first, 1);
  gproc_test_run_for (20);
  g_assert_cmpint (second.n_calls, ==, 0);
  gproc_test_write (pipes[1][1], "x", 1);
  watch_wait (&second, 1);

  _gproc_watch_clear (&first.watch);
  _gproc_watch_clear (&second.watch);
  _gproc_poller_release (poller);
  gproc_test_close (&pipes[0][0]);
  gproc_test_close (&pipes[0][1]);
  gproc_test_close (&pipes[1][0]);
  gproc_test_close (&pipes[1][1]);
}

/* Both directions of one socket, and a duplicate of it, in one poller. */
static void
test_one_socket (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch reader;
  Watch writer;
  Watch duplicate;
  int fds[2];
  int copy;

  gproc_test_socketpair (fds);
  copy = dup (fds[0]);
  watch_init (&reader, poller, fds[0], G_IO_IN);
  watch_init (&writer, poller, fds[0], G_IO_OUT);
  watch_init (&duplicate, poller, copy, G_IO_IN);
  watch_arm (&reader);
  watch_arm (&writer);
  watch_arm (&duplicate);
  watch_wait (&writer, 1);
  g_assert_cmpint (writer.condition & (G_IO_IN | G_IO_OUT), ==, G_IO_OUT);
  gproc_test_settle ();
  g_assert_cmpint (reader.n_calls + duplicate.n_calls, ==, 0);
  gproc_test_write (fds[1], "x", 1);
  watch_wait (&reader, 1);
  watch_wait (&duplicate, 1);
  g_assert_cmpint (writer.n_calls, ==, 1);

  /* A hang-up reaches whoever waits, for whatever. */
  watch_arm (&reader);
  watch_arm (&writer);
  gproc_test_close (&fds[1]);
  watch_wait (&reader, 2);
  watch_wait (&writer, 2);
  _gproc_watch_clear (&reader.watch);
  _gproc_watch_clear (&writer.watch);
  _gproc_watch_clear (&duplicate.watch);
  _gproc_poller_release (poller);
  gproc_test_close (&fds[0]);
  gproc_test_close (&copy);
}

static void
test_hang_up (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  Watch reader;
  Watch writer;
  int fds[2][2];

  gproc_test_pipe (fds[0]);
  gproc_test_pipe (fds[1]);
  gproc_test_fill (fds[1][1]);
  watch_init (&reader, poller, fds[0][0], G_IO_IN);
  watch_init (&writer, poller, fds[1][1], G_IO_OUT);
  watch_arm (&reader);
  watch_arm (&writer);
  gproc_test_settle ();
  g_assert_cmpint (reader.n_calls + writer.n_calls, ==, 0);
  gproc_test_close (&fds[0][1]);
  gproc_test_close (&fds[1][0]);
  watch_wait (&reader, 1);
  watch_wait (&writer, 1);
  g_assert_cmpint (reader.condition & G_IO_HUP, ==, G_IO_HUP);
  g_assert_cmpint (writer.condition & G_IO_ERR, ==, G_IO_ERR);
  _gproc_watch_clear (&reader.watch);
  _gproc_watch_clear (&writer.watch);
  _gproc_poller_release (poller);
  gproc_test_close (&fds[0][0]);
  gproc_test_close (&fds[1][1]);
}

/* More than one look at the kernel brings. */
static void
test_many (void)
{
  GProcPoller *poller = _gproc_poller_acquire_default (G_PRIORITY_DEFAULT);
  enum
  {
    N = 400
  };
  Watch *watches = g_new (Watch, N);
  int *writers = g_new (int, N);
  int i;

  for (i = 0; i < N; i++)
    {
      int fds[2];

      gproc_test_pipe (fds);
      writers[i] = fds[1];
      watch_init (&watches[i], poller, fds[0], G_IO_IN);
      watch_arm (&watches[i]);
    }
  for (i = 0; i < N; i++)
    gproc_test_write (writers[i], "x", 1);
  for (i = 0; i < N; i++)
    watch_wait (&watches[i], 1);
  for (i = 0; i < N; i++)
    {
      g_assert_cmpint (watches[i].n_calls, ==, 1);
      _gproc_watch_clear (&watches[i].watch);
      gproc_test_close (&watches[i].fd);
      gproc_test_close (&writers[i]);
    }
  g_free (watches);
  g_free (writers);
  _gproc_poller_release (poller);
}

int
main (int   argc,
      char *argv[])
{
  gproc_test_init (&argc, &argv);
  gproc_test_add ("/gproc/poller/arm", test_arm);
  gproc_test_add ("/gproc/poller/registration", test_registration);
  gproc_test_add ("/gproc/poller/chatter", test_chatter);
  gproc_test_add ("/gproc/poller/post", test_post);
  gproc_test_add ("/gproc/poller/soon", test_soon);
  gproc_test_add ("/gproc/poller/wake-from-thread", test_wake_from_thread);
  gproc_test_add ("/gproc/poller/wake-race", test_wake_race);
  gproc_test_add ("/gproc/poller/files", test_files);
  gproc_test_add ("/gproc/poller/fairness", test_fairness);
  gproc_test_add ("/gproc/poller/priorities", test_priorities);
  gproc_test_add ("/gproc/poller/close-in-flight", test_close_in_flight);
  gproc_test_add ("/gproc/poller/reuse", test_reuse);
  gproc_test_add ("/gproc/poller/one-socket", test_one_socket);
  gproc_test_add ("/gproc/poller/hang-up", test_hang_up);
  gproc_test_add ("/gproc/poller/many", test_many);
  return gproc_test_run ();
}
