/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-spawn.h"
#include "process/gproc-child-private.h"

#include <signal.h>
#include <stdlib.h>

/* A grace that no test waits for. */
#define LONG_GRACE 600000

static void
start_child (Spawn      *spawn,
             const char *arguments,
             gboolean    process_group,
             char       *line,
             gsize       size)
{
  g_autoptr (GError) error = NULL;
  gsize length = 0;

  spawn_init (spawn, arguments);
  spawn->request.process_group = process_group;
  g_assert_true (spawn_start (spawn, &error));
  while (length + 1 < size && read (spawn->output, &line[length], 1) == 1 && line[length] != '\n')
    length++;
  line[length] = '\0';
}

static void
start_ready (Spawn      *spawn,
             const char *arguments)
{
  char line[32];

  start_child (spawn, arguments, TRUE, line, sizeof line);
  g_assert_cmpstr (line, ==, "ready");
}

/* No context is iterated. */
static void
wait_for (GProcChild *child,
          int         returncode)
{
  g_assert_true (_gproc_child_wait (child, NULL, -1, NULL, NULL));
  g_assert_cmpint (_gproc_child_get_returncode (child), ==, returncode);
}

static void
test_polite (void)
{
  g_auto (Spawn) spawn = { 0 };

  start_ready (&spawn, "late-term 5");
  _gproc_child_stop (spawn.child, LONG_GRACE);
  wait_for (spawn.child, 5);
  g_assert_false (_gproc_child_get_timed_out (spawn.child));
  /* After the end it does nothing. */
  _gproc_child_stop (spawn.child, 0);
}

static void
test_kill (void)
{
  g_auto (Spawn) spawn = { 0 };
  gint64 before;

  start_ready (&spawn, "ignore-term");
  before = g_get_monotonic_time ();
  _gproc_child_stop (spawn.child, 50);
  wait_for (spawn.child, -SIGKILL);
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 49000);
}

static void
test_no_grace (void)
{
  g_auto (Spawn) spawn = { 0 };

  start_ready (&spawn, "ignore-term");
  _gproc_child_stop (spawn.child, 0);
  wait_for (spawn.child, -SIGKILL);
}

static void
test_shorter_grace (void)
{
  g_auto (Spawn) spawn = { 0 };

  start_ready (&spawn, "ignore-term");
  _gproc_child_stop (spawn.child, LONG_GRACE);
  _gproc_child_stop (spawn.child, LONG_GRACE);
  g_assert_false (_gproc_child_poll (spawn.child));
  _gproc_child_stop (spawn.child, 10);
  /* A longer one does not put it off again. */
  _gproc_child_stop (spawn.child, LONG_GRACE);
  wait_for (spawn.child, -SIGKILL);
}

/* The child goes at the first signal, and its descendant does not: it goes with it. */
static void
test_group (void)
{
  g_auto (Spawn) spawn = { 0 };
  char line[32];

  start_child (&spawn, "fork-ignore-term", TRUE, line, sizeof line);
  g_assert_true (!is_zombie_or_gone (atoi (line)));
  _gproc_child_stop (spawn.child, LONG_GRACE);
  wait_for (spawn.child, -SIGTERM);
  wait_gone (atoi (line));
}

static void
test_no_group (void)
{
  g_auto (Spawn) spawn = { 0 };
  char line[32];

  start_child (&spawn, "fork-and-wait", FALSE, line, sizeof line);
  _gproc_child_stop (spawn.child, LONG_GRACE);
  wait_for (spawn.child, -SIGTERM);
  g_assert_true (!is_zombie_or_gone (atoi (line)));
  g_assert_cmpint (kill (atoi (line), SIGKILL), ==, 0);
  wait_gone (atoi (line));
}

/* Only a stop takes the group along: a process that ends by itself may leave others
 * behind on purpose. */
static void
test_group_survives_exit (void)
{
  g_auto (Spawn) spawn = { 0 };
  char line[32];

  start_child (&spawn, "fork-and-hold 0", TRUE, line, sizeof line);
  wait_for (spawn.child, 0);
  g_assert_true (!is_zombie_or_gone (atoi (line)));
  g_assert_cmpint (kill (atoi (line), SIGKILL), ==, 0);
  wait_gone (atoi (line));
}

static void
test_timeout (void)
{
  g_auto (Spawn) spawn = { 0 };

  start_ready (&spawn, "ignore-term");
  g_assert_false (_gproc_child_get_timed_out (spawn.child));
  _gproc_child_set_timeout (spawn.child, 20, 20);
  wait_for (spawn.child, -SIGKILL);
  g_assert_true (_gproc_child_get_timed_out (spawn.child));
}

static void
test_timeout_polite (void)
{
  g_auto (Spawn) spawn = { 0 };

  start_ready (&spawn, "late-term 0");
  _gproc_child_set_timeout (spawn.child, 1, LONG_GRACE);
  wait_for (spawn.child, 0);
  g_assert_true (_gproc_child_get_timed_out (spawn.child));
}

static void
test_timeout_in_time (void)
{
  g_auto (Spawn) spawn = { 0 };
  g_autoptr (GError) error = NULL;

  spawn_init (&spawn, "exit-code 1");
  g_assert_true (spawn_start (&spawn, &error));
  _gproc_child_set_timeout (spawn.child, LONG_GRACE, LONG_GRACE);
  wait_for (spawn.child, 1);
  g_assert_false (_gproc_child_get_timed_out (spawn.child));
  /* The timer holds nothing any more: the harness would find the thread's source. */
  _gproc_child_set_timeout (spawn.child, 1, 1);
  g_assert_false (_gproc_child_get_timed_out (spawn.child));
}

static void
test_timeout_changed (void)
{
  g_auto (Spawn) spawn = { 0 };

  start_ready (&spawn, "late-term 4");
  _gproc_child_set_timeout (spawn.child, LONG_GRACE, 0);
  _gproc_child_set_timeout (spawn.child, 0, 0);
  _gproc_child_stop (spawn.child, LONG_GRACE);
  wait_for (spawn.child, 4);
  g_assert_false (_gproc_child_get_timed_out (spawn.child));
}

/* Many timers at once, each of which is right. */
static void
test_storm (void)
{
  guint n_children = (guint) gproc_test_scale (100);
  g_autofree Spawn *spawns = g_new0 (Spawn, n_children);

  for (guint i = 0; i < n_children; i++)
    {
      start_ready (&spawns[i], "ignore-term");
      if (i % 2 == 0)
        _gproc_child_set_timeout (spawns[i].child, 1 + i % 7, i % 5);
      else
        _gproc_child_stop (spawns[i].child, i % 11);
    }
  for (guint i = 0; i < n_children; i++)
    {
      wait_for (spawns[i].child, -SIGKILL);
      g_assert_cmpint (_gproc_child_get_timed_out (spawns[i].child), ==, i % 2 == 0);
      spawn_clear (&spawns[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *path = NULL;

  gproc_test_init (&argc, &argv);
  testprog = path = gproc_test_program ("gproc-testprog");

  gproc_test_add ("/gproc/child-stop/polite", test_polite);
  gproc_test_add ("/gproc/child-stop/kill", test_kill);
  gproc_test_add ("/gproc/child-stop/no-grace", test_no_grace);
  gproc_test_add ("/gproc/child-stop/shorter-grace", test_shorter_grace);
  gproc_test_add ("/gproc/child-stop/group", test_group);
  gproc_test_add ("/gproc/child-stop/no-group", test_no_group);
  gproc_test_add ("/gproc/child-stop/group-survives-exit", test_group_survives_exit);
  gproc_test_add ("/gproc/child-stop/timeout", test_timeout);
  gproc_test_add ("/gproc/child-stop/timeout-polite", test_timeout_polite);
  gproc_test_add ("/gproc/child-stop/timeout-in-time", test_timeout_in_time);
  gproc_test_add ("/gproc/child-stop/timeout-changed", test_timeout_changed);
  gproc_test_add ("/gproc/child-stop/storm", test_storm);

  return gproc_test_run ();
}
