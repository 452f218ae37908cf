/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gproc-test-transfer.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Pumps that always have something to move share their main context: with one another, and with
 * everything else in it. Measured by bytes for each iteration, not by time. */

/* What one wake-up may move. */
#define BUDGET (1024 * 1024)

#define N_ITERATIONS 400

/* How much has to go through pipes for the shares of the two to be told. */
#define ENOUGH (128 * 1024 * 1024)

/* Where the bytes come from without an end, or where they come from is never empty. */
typedef enum
{
  FLOOD_COPIED,   /* A device: read and written. */
  FLOOD_SENT,     /* A file with a hole, sent by the kernel. */
  FLOOD_SPLICED,  /* A pipe that somebody fills, spliced by the kernel. */
  FLOOD_BUFFERED, /* A stream without a descriptor. */
  N_FLOODS
} Flood;

static const char * const flood_names[] = { "copied", "sent", "spliced", "buffered" };

static GInputStream *
open_hole (void)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("gproc-test-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_assert_no_errno (fcntl (fd, F_SETFD, FD_CLOEXEC));
  g_assert_no_errno (unlink (path));
  g_assert_no_errno (ftruncate (fd, (off_t) 1 << 40));

  return G_INPUT_STREAM (gproc_reader_new_for_fd (fd, TRUE));
}

/* One of the pumps. */
typedef struct
{
  GProcTestEnd *from; /* NULL where nobody has to feed it. */
  GProcPump *pump;
  GCancellable *cancellable;
  GProcTestCall call;
  int fd;              /* Watches the pipe that it is fed through; −1 where there is none. */
  gboolean full;       /* The pipe had something before the iteration. */
  guint n_full;        /* How often it had, … */
  guint n_passed_over; /* … and nothing was moved all the same. */
  guint64 before;
  guint n_moves; /* In how many iterations it moved something. */
  guint64 most;
} Side;

static GInputStream *
side_open_source (Side  *side,
                  Flood  flood)
{
  switch (flood)
    {
    case FLOOD_COPIED:
      return G_INPUT_STREAM (
        gproc_reader_new_for_fd (gproc_test_open ("/dev/zero", O_RDONLY), TRUE));
    case FLOOD_SENT:
      return open_hole ();
    case FLOOD_BUFFERED:
      {
        g_autoptr (GBytes)
          bytes = g_bytes_new_take (g_malloc0 (64 * 1024 * 1024), 64 * 1024 * 1024);

        return gproc_test_input_new (bytes, GPROC_TEST_HOSTILE_POLLABLE);
      }
    case FLOOD_SPLICED:
    case N_FLOODS:
    default:
      {
        g_autoptr (GBytes)
          bytes = g_bytes_new_take (g_malloc0 (256 * 1024 * 1024), 256 * 1024 * 1024);

        side->from = gproc_test_source_new (GPROC_TEST_PIPE);
        gproc_test_end_feed (side->from, bytes);
        return source_stream (side->from, WRAP_OURS);
      }
    }
}

static void
side_init (Side  *side,
           Flood  flood)
{
  g_autoptr (GInputStream) source = gproc_test_track (side_open_source (side, flood));
  g_autoptr (GOutputStream) target = NULL;
  int fd = gproc_test_open ("/dev/null", O_WRONLY);

  target = gproc_test_track (gproc_writer_new_for_fd (fd, TRUE));
  side->fd = -1;
  if (flood == FLOOD_SPLICED)
    {
      struct epoll_event event = { .events = EPOLLIN };

      side->fd = epoll_create1 (EPOLL_CLOEXEC);
      g_assert_no_errno (
        epoll_ctl (side->fd, EPOLL_CTL_ADD, gproc_reader_get_fd (GPROC_READER (source)), &event));
    }
  side->pump = pump_new (source, target);
  side->cancellable = g_cancellable_new ();
  gproc_pump_run_async (side->pump, G_PRIORITY_DEFAULT, side->cancellable, gproc_test_call_done,
                        &side->call);
}

static void
side_clear (Side *side)
{
  if (side->call.result == NULL)
    {
      g_cancellable_cancel (side->cancellable);
      gproc_test_call_wait (&side->call);
    }
  gproc_test_call_clear (&side->call);
  if (side->fd >= 0)
    close (side->fd);
  g_clear_object (&side->pump);
  g_clear_object (&side->cancellable);
  g_clear_pointer (&side->from, gproc_test_end_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Side, side_clear)

/* Before each iteration. poll () would see what somebody is still writing, of which an epoll tells
 * when that is done. */
static void
side_prepare (Side *side)
{
  struct epoll_event event;

  side->full = side->fd >= 0 && epoll_wait (side->fd, &event, 1, 0) > 0;
}

/* After each iteration. */
static void
side_look (Side *side)
{
  guint64 now = gproc_pump_get_bytes_transferred (side->pump);

  side->n_full += side->full ? 1 : 0;
  side->n_passed_over += side->full && now == side->before ? 1 : 0;
  g_assert_cmpuint (now - side->before, <=, BUDGET);
  side->n_moves += now > side->before ? 1 : 0;
  side->most = MAX (side->most, now - side->before);
  side->before = now;
}

static gboolean
count_call (gpointer user_data)
{
  ++*(guint *) user_data;

  return G_SOURCE_CONTINUE;
}

static GSource *
add_timeout (guint *count)
{
  GSource *source = g_timeout_source_new (0);

  g_source_set_callback (source, count_call, count, NULL);
  g_source_attach (source, gproc_test_context ());

  return source;
}

/* Whether one of them has less than a tenth of the bytes. */
static gboolean
is_behind (const Side *one,
           const Side *two)
{
  return MIN (one->before, two->before) < (one->before + two->before) / 10;
}

/* Neither moves more than its budget at a time, both get their turns as often, and so does a
 * timeout of the same priority. */
static void
test_two (gconstpointer data)
{
  Flood flood = GPOINTER_TO_UINT (data);
  g_auto (Side) one = { .fd = -1 };
  g_auto (Side) two = { .fd = -1 };
  g_autoptr (GSource) timeout = NULL;
  guint n_timeouts = 0, n_iterations = 0;
  guint64 total;

  side_init (&one, flood);
  side_init (&two, flood);
  timeout = add_timeout (&n_timeouts);
  /* Whoever fills the pipes takes its time, and may be let run later than the other. */
  while ((n_iterations < N_ITERATIONS ||
          (flood == FLOOD_SPLICED &&
           (one.before + two.before < gproc_test_scale (ENOUGH) || is_behind (&one, &two)))) &&
         !one.call.done && !two.call.done)
    {
      side_prepare (&one);
      side_prepare (&two);
      g_main_context_iteration (gproc_test_context (), TRUE);
      side_look (&one);
      side_look (&two);
      n_iterations++;
    }
  g_source_destroy (timeout);

  total = one.before + two.before;
  g_test_message ("%u iterations, %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
                  " bytes in %u and %u of them, most %" G_GUINT64_FORMAT
                  ", %u timeouts, passed over %u times of %u and %u of %u",
                  n_iterations, one.before, two.before, one.n_moves, two.n_moves, one.most,
                  n_timeouts, one.n_passed_over, one.n_full, two.n_passed_over, two.n_full);
  g_assert_cmpuint (n_iterations, >, 20);
  g_assert_cmpuint (n_timeouts, >=, n_iterations / 2);
  /* A pipe that nobody has filled meanwhile has nothing to move. */
  if (flood != FLOOD_SPLICED)
    {
      /* A stream of somebody's own is waited for by a source of its own. */
      g_assert_cmpuint (one.n_moves, >=, n_iterations / (flood == FLOOD_BUFFERED ? 4 : 3));
      g_assert_cmpuint (ABS ((int) one.n_moves - (int) two.n_moves), <=, n_iterations / 10 + 2);
    }
  /* How much a turn of that time moves differs for such a stream. */
  if (flood == FLOOD_COPIED || flood == FLOOD_SENT)
    {
      g_assert_cmpuint (one.before, >=, total / 4);
      g_assert_cmpuint (two.before, >=, total / 4);
    }

  /* How much there is in a pipe is up to who fills it, and when that is let run: no pump is passed
   * over for long while it has something. Between two that look the kernel tells one of them first.
   */
  if (flood == FLOOD_SPLICED)
    {
      g_assert_cmpuint (one.n_passed_over, <=, one.n_full / 2 + 20);
      g_assert_cmpuint (two.n_passed_over, <=, two.n_full / 2 + 20);
    }
  g_assert_cmpuint (one.before, >=, total / 10);
  g_assert_cmpuint (two.before, >=, total / 10);
}

/* A pump that moves a little is not put off by one that floods: what there is is moved within a
 * few turns. */
static void
test_small (gconstpointer data)
{
  Flood flood = GPOINTER_TO_UINT (data);
  g_auto (Side) large = { .fd = -1 };
  g_autoptr (GProcTestEnd) from = gproc_test_source_new (GPROC_TEST_PIPE);
  g_autoptr (GProcTestEnd) to = gproc_test_target_new (GPROC_TEST_PIPE);
  g_autoptr (GInputStream) source = source_stream (from, WRAP_OURS);
  g_autoptr (GOutputStream) target = target_stream (to, WRAP_OURS);
  g_autoptr (GProcPump) pump = pump_new (source, target);
  g_auto (GProcTestCall) call = GPROC_TEST_CALL_INIT;
  g_autoptr (GError) error = NULL;

  side_init (&large, flood);
  gproc_pump_run_async (pump, G_PRIORITY_DEFAULT, NULL, gproc_test_call_done, &call);
  for (guint i = 1; i <= 50 && !large.call.done; i++)
    {
      g_autoptr (GBytes) heard = NULL;
      guint n_turns = 0;

      gproc_test_write (from->far, "hello", 5);
      while (gproc_pump_get_bytes_transferred (pump) < 5 * i)
        {
          g_main_context_iteration (gproc_test_context (), TRUE);
          n_turns++;
        }
      g_assert_cmpuint (n_turns, <=, 4);
      heard = gproc_test_read (to->far, 5);
      gproc_test_assert_bytes (heard, "hello");
    }
  gproc_test_close (&from->far);
  g_assert_true (gproc_pump_run_finish (pump, gproc_test_call_wait (&call), &error));
  g_assert_no_error (error);
}

int
main (int    argc,
      char **argv)
{
  gproc_test_init (&argc, &argv);

  for (guint i = 0; i < N_FLOODS; i++)
    {
      g_autofree char *two = g_strconcat ("/gproc/transfer-share/two/", flood_names[i], NULL);
      g_autofree char *small = g_strconcat ("/gproc/transfer-share/small/", flood_names[i], NULL);

      gproc_test_add_data (two, GUINT_TO_POINTER (i), test_two);
      gproc_test_add_data (small, GUINT_TO_POINTER (i), test_small);
    }

  return gproc_test_run ();
}
