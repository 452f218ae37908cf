/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loop/gproc-poller-internal-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

/* How many events one look at the kernel brings, and how long one dispatch goes on
 * with the calls they lead to. What is left is served in the next iteration, behind
 * the application's other sources. */
#define EVENTS_PER_DISPATCH 256
#define DISPATCH_BUDGET_US 100

/* How often one dispatch goes on with what its calls made ready, before it asks the kernel
 * again: a reader whose data is there already completes that many reads at once. */
#define ROUNDS_PER_DISPATCH 16

static GMutex loop_lock;
static GHashTable *pollers; /* The set of all, by context and priority. */
static guint fork_generation;

void
_gproc_loop_lock (void)
{
  g_mutex_lock (&loop_lock);
}

void
_gproc_loop_unlock (void)
{
  g_mutex_unlock (&loop_lock);
}

static void
before_fork (void)
{
  _gproc_loop_lock ();
}

static void
after_fork_in_parent (void)
{
  _gproc_loop_unlock ();
}

static void
after_fork_in_child (void)
{
  g_atomic_int_inc ((int *) &fork_generation);
  _gproc_loop_unlock ();
}

guint
_gproc_fork_generation (void)
{
  static gsize initialized = 0;

  if (g_once_init_enter (&initialized))
    {
      pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
      g_once_init_leave (&initialized, 1);
    }

  return (guint) g_atomic_int_get ((int *) &fork_generation);
}

static guint
poller_hash (gconstpointer key)
{
  const GProcPoller *poller = key;

  return g_direct_hash (poller->context) ^ (guint) poller->priority;
}

static gboolean
poller_equal (gconstpointer a,
              gconstpointer b)
{
  const GProcPoller *first = a;
  const GProcPoller *second = b;

  return first->context == second->context && first->priority == second->priority;
}

/* Whether the poller's descriptors are those of this process. */
static gboolean
poller_is_ours (GProcPoller *poller)
{
  return poller->fork_generation == fork_generation;
}

/* Has the context itself poll a descriptor, for @interest. */
static void
poller_tag_entry (GProcPoller      *poller,
                  GProcPollerEntry *entry,
                  GIOCondition      interest)
{
  if (interest == 0)
    {
      g_source_remove_unix_fd (&poller->source, g_steal_pointer (&entry->tag));
      g_ptr_array_remove_fast (poller->tagged, entry);
    }
  else if (entry->tag == NULL)
    {
      entry->tag = g_source_add_unix_fd (&poller->source, entry->fd, interest);
      g_ptr_array_add (poller->tagged, entry);
    }
  else
    {
      g_source_modify_unix_fd (&poller->source, entry->tag, interest);
    }
}

/* Without epoll (missing, refused, or not wanted by who tests that) the context polls
 * every descriptor itself. */
static gboolean
poller_open_epoll (GProcPoller *poller)
{
  if (poller->epoll_fd >= 0 || poller->without_epoll)
    return !poller->without_epoll;

  poller->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (poller->epoll_fd >= 0)
    poller->epoll_tag = g_source_add_unix_fd (&poller->source, poller->epoll_fd, G_IO_IN);
  else
    poller->without_epoll = errno != EMFILE && errno != ENFILE && errno != ENOMEM;

  return poller->epoll_fd >= 0;
}

static void
poller_ask (GProcPoller      *poller,
            GProcPollerEntry *entry,
            GIOCondition      interest,
            int               operation)
{
  struct epoll_event event = { 0 };

  if (entry->tag != NULL || !poller_open_epoll (poller))
    {
      poller_tag_entry (poller, entry, interest);
      return;
    }

  event.events = (guint32) interest;
  event.data.u64 = ((guint64) entry->generation << 32) | (guint32) entry->fd;

  if (epoll_ctl (poller->epoll_fd, operation, entry->fd, &event) == 0 || operation == EPOLL_CTL_DEL)
    return;

  /* EPERM is a file, which is always ready. EBADF is a descriptor that somebody closed:
   * the operation that follows finds out. Anything else is a lack of memory or watches. */
  if (errno == EPERM || errno == EBADF)
    entry->always_ready = TRUE;
  else
    poller_tag_entry (poller, entry, interest);
}

/* Asks the kernel, or the context, for what the watches of @entry are interested in. */
void
_gproc_poller_update_entry (GProcPoller      *poller,
                            GProcPollerEntry *entry)
{
  GIOCondition interest = 0;
  int operation;

  for (GProcWatch *watch = entry->watches; watch != NULL; watch = watch->next)
    interest |= watch->events;

  if (interest == entry->armed)
    return;

  operation = interest == 0 ? EPOLL_CTL_DEL : entry->armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  entry->armed = interest;

  /* What the context polls belongs to this process, also in the child of a fork. */
  if (interest == 0 && entry->tag != NULL)
    poller_tag_entry (poller, entry, 0);
  else if (poller_is_ours (poller) && !entry->always_ready)
    poller_ask (poller, entry, interest, operation);
}

void
_gproc_watch_list_push (GProcWatchList *list,
                        GProcWatch     *watch)
{
  if (watch->list != NULL)
    return;

  watch->list = list;
  watch->list_next = NULL;
  watch->list_prev = list->tail;
  if (list->tail != NULL)
    list->tail->list_next = watch;
  else
    list->head = watch;
  list->tail = watch;
  list->length++;
}

void
_gproc_watch_list_remove (GProcWatch *watch)
{
  GProcWatchList *list = watch->list;

  if (list == NULL)
    return;

  if (watch->list_prev != NULL)
    watch->list_prev->list_next = watch->list_next;
  else
    list->head = watch->list_next;
  if (watch->list_next != NULL)
    watch->list_next->list_prev = watch->list_prev;
  else
    list->tail = watch->list_prev;

  watch->list = NULL;
  watch->list_next = watch->list_prev = NULL;
  list->length--;
}

/* Lets the context know of something ready that it would not see by itself. Within
 * the thread that iterates the context the next prepare sees it at no cost. */
void
_gproc_poller_wake (GProcPoller *poller)
{
  if (poller->polling || !g_main_context_is_owner (poller->context))
    g_main_context_wakeup (poller->context);
}

void
_gproc_poller_unlink_watch (GProcPollerEntry *entry,
                            GProcWatch       *watch)
{
  GProcWatch **link = &entry->watches;

  while (*link != watch)
    link = &(*link)->next;
  *link = watch->next;
  watch->next = NULL;
  watch->entry = NULL;
  watch->fd = -1;
  watch->events = 0;
}

void
_gproc_poller_drop_entry_if_unused (GProcPoller      *poller,
                                    GProcPollerEntry *entry)
{
  _gproc_poller_update_entry (poller, entry);
  if (entry->watches == NULL)
    g_hash_table_remove (poller->entries, GINT_TO_POINTER (entry->fd));
}

/* An event for @entry: those who wait are called, the others are no longer
 * registered. Returns how many let go of the poller. */
static guint
poller_handle_event (GProcPoller      *poller,
                     GProcPollerEntry *entry,
                     GIOCondition      condition)
{
  GProcWatch *watch, *next;
  guint n_dropped = 0;

  for (watch = entry->watches; watch != NULL; watch = next)
    {
      GIOCondition met = condition & (watch->events | G_IO_HUP | G_IO_ERR | G_IO_NVAL);

      next = watch->next;
      if (met == 0)
        continue;

      if (watch->waiting)
        {
          watch->fired |= met;
          _gproc_watch_list_push (&poller->ready, watch);
        }
      else
        {
          _gproc_poller_unlink_watch (entry, watch);
          watch->poller = NULL;
          n_dropped++;
        }
    }

  if (n_dropped > 0)
    _gproc_poller_drop_entry_if_unused (poller, entry);

  return n_dropped;
}

/* In the child of a fork the inherited epoll is that of the parent: events for the
 * parent's descriptors, and a change here would change it there. */
static void
poller_reopen (GProcPoller *poller)
{
  GHashTableIter iter;
  gpointer value;

  if (poller->epoll_fd >= 0)
    {
      g_source_remove_unix_fd (&poller->source, poller->epoll_tag);
      close (poller->epoll_fd);
    }
  poller->epoll_fd = -1;
  poller->fork_generation = fork_generation;

  g_hash_table_iter_init (&iter, poller->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      GProcPollerEntry *entry = value;

      if (entry->tag != NULL)
        poller_tag_entry (poller, entry, 0);
      entry->armed = 0;
      _gproc_poller_update_entry (poller, entry);
    }
}

static gboolean
poller_has_calls (GProcPoller *poller)
{
  return poller->ready.length > 0 || poller->later.length > 0;
}

static gboolean
poller_prepare (GSource *source,
                int     *timeout)
{
  GProcPoller *poller = (GProcPoller *) source;
  gboolean ready;

  *timeout = -1;

  _gproc_loop_lock ();
  g_atomic_int_inc ((int *) &poller->iteration);
  if (G_UNLIKELY (!poller_is_ours (poller)))
    poller_reopen (poller);
  ready = poller_has_calls (poller);
  poller->polling = !ready;
  _gproc_loop_unlock ();

  return ready;
}

/* Whether the context found one of those ready that it polls itself. */
static gboolean
poller_is_tagged_ready (GProcPoller *poller)
{
  for (guint i = 0; i < poller->tagged->len; i++)
    {
      GProcPollerEntry *entry = g_ptr_array_index (poller->tagged, i);

      if (g_source_query_unix_fd (&poller->source, entry->tag) != 0)
        return TRUE;
    }

  return FALSE;
}

static gboolean
poller_check (GSource *source)
{
  GProcPoller *poller = (GProcPoller *) source;
  gboolean ready;

  _gproc_loop_lock ();
  poller->polling = FALSE;
  ready = poller_has_calls (poller);
  if (!ready && poller->epoll_fd >= 0)
    ready = g_source_query_unix_fd (source, poller->epoll_tag) != 0;
  if (!ready)
    ready = poller_is_tagged_ready (poller);
  _gproc_loop_unlock ();

  return ready;
}

/* Where a single watch is registered, and waits, that epoll is ready says which one it is:
 * no second call is made to ask. */
static gboolean
poller_harvest_single (GProcPoller *poller)
{
  GHashTableIter iter;
  gpointer value;
  GProcWatch *watch;

  if (g_hash_table_size (poller->entries) != 1)
    return FALSE;

  g_hash_table_iter_init (&iter, poller->entries);
  g_hash_table_iter_next (&iter, NULL, &value);
  watch = ((GProcPollerEntry *) value)->watches;
  if (watch->next != NULL || !watch->waiting)
    return FALSE;

  watch->fired |= watch->events;
  _gproc_watch_list_push (&poller->ready, watch);

  return TRUE;
}

/* Takes the events of the kernel onto the ready list. Nothing stays in a local
 * array: a main loop that a callback runs finds the rest on that list. */
static guint
poller_harvest_epoll (GProcPoller *poller)
{
  struct epoll_event events[EVENTS_PER_DISPATCH];
  guint n_dropped = 0;
  int n_events;

  if (poller_harvest_single (poller))
    return 0;

  n_events = epoll_wait (poller->epoll_fd, events, G_N_ELEMENTS (events), 0);

  for (int i = 0; i < n_events; i++)
    {
      int fd = (int) (guint32) events[i].data.u64;
      GProcPollerEntry *entry = g_hash_table_lookup (poller->entries, GINT_TO_POINTER (fd));

      if (entry != NULL && entry->generation == (guint) (events[i].data.u64 >> 32))
        n_dropped += poller_handle_event (poller, entry, (GIOCondition) events[i].events);
    }

  return n_dropped;
}

/* Backwards, as an entry that nobody waits for any more leaves the array. */
static guint
poller_harvest_tagged (GProcPoller *poller)
{
  guint n_dropped = 0;

  for (guint i = poller->tagged->len; i > 0; i--)
    {
      GProcPollerEntry *entry = g_ptr_array_index (poller->tagged, i - 1);
      GIOCondition condition = g_source_query_unix_fd (&poller->source, entry->tag);

      if (condition != 0)
        n_dropped += poller_handle_event (poller, entry, condition);
    }

  return n_dropped;
}

/* What is left of one dispatch. */
typedef struct
{
  gint64 deadline; /* 0: not known yet. */
  guint n_called;
  guint n_calls;  /* To come in this round. */
  guint n_rounds; /* Behind this one. */
} Turn;

/* Whether nothing more is to be called in this dispatch. */
static gboolean
poller_ends_turn (GProcPoller *poller,
                  Turn        *turn)
{
  if (turn->n_calls == 0 && turn->n_rounds > 0)
    {
      turn->n_rounds--;
      turn->n_calls = poller->ready.length;
    }
  if (turn->n_calls == 0 || poller->ready.length == 0)
    return TRUE;

  /* The time counts from here: what other sources took before is not ours. */
  if (turn->n_called++ == 0)
    {
      turn->deadline = g_get_monotonic_time () + DISPATCH_BUDGET_US;
      return FALSE;
    }

  return g_get_monotonic_time () >= turn->deadline;
}

/* Collects what is to be called, behind what was left before. Returns how many watches let
 * go of the poller. */
static guint
poller_begin_turn (GProcPoller *poller,
                   Turn        *turn)
{
  GSource *source = &poller->source;
  GProcWatch *watch;
  guint n_dropped = 0;

  while ((watch = poller->later.head) != NULL)
    {
      _gproc_watch_list_remove (watch);
      _gproc_watch_list_push (&poller->ready, watch);
    }
  if (poller->epoll_fd >= 0 && g_source_query_unix_fd (source, poller->epoll_tag) != 0)
    n_dropped += poller_harvest_epoll (poller);
  n_dropped += poller_harvest_tagged (poller);

  turn->deadline = 0;
  turn->n_called = 0;
  turn->n_calls = poller->ready.length;
  turn->n_rounds = ROUNDS_PER_DISPATCH - 1;

  return n_dropped;
}

/* The next watch whose function is to be called in this dispatch, or NULL. */
static GProcWatch *
poller_take_ready (GProcPoller  *poller,
                   Turn         *turn,
                   GIOCondition *condition,
                   gboolean     *registered)
{
  GProcWatch *watch = poller->ready.head;

  if (poller_ends_turn (poller, turn))
    return NULL;

  turn->n_calls--;
  _gproc_watch_list_remove (watch);
  *condition = watch->fired;
  *registered = watch->fd >= 0;
  watch->fired = 0;
  watch->waiting = FALSE;
  if (!*registered)
    watch->poller = NULL;

  return watch;
}

static gboolean
poller_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  GProcPoller *poller = (GProcPoller *) source;
  GIOCondition condition;
  gboolean registered, pushed;
  GProcWatch *watch;
  guint n_dropped;
  Turn turn;

  _gproc_loop_lock ();
  n_dropped = poller_begin_turn (poller, &turn);
  watch = poller_take_ready (poller, &turn, &condition, &registered);
  _gproc_loop_unlock ();

  while (n_dropped-- > 0)
    _gproc_poller_release (poller);

  pushed = _gproc_poller_push_default (poller);
  while (watch != NULL)
    {
      watch->func (watch, condition);
      if (!registered)
        _gproc_poller_release (poller);

      _gproc_loop_lock ();
      watch = poller_take_ready (poller, &turn, &condition, &registered);
      _gproc_loop_unlock ();
    }
  _gproc_poller_pop_default (poller, pushed);

  return G_SOURCE_CONTINUE;
}

static void
poller_finalize (GSource *source)
{
  GProcPoller *poller = (GProcPoller *) source;

  if (poller->epoll_fd >= 0)
    close (poller->epoll_fd);
  g_clear_pointer (&poller->entries, g_hash_table_unref);
  g_clear_pointer (&poller->tagged, g_ptr_array_unref);
}

static GSourceFuncs poller_funcs = {
  poller_prepare, poller_check, poller_dispatch, poller_finalize, NULL, NULL,
};

static GProcPoller *
poller_new (GMainContext *context,
            int           priority)
{
  GSource *source = g_source_new (&poller_funcs, sizeof (GProcPoller));
  GProcPoller *poller = (GProcPoller *) source;

  g_source_set_static_name (source, "GProcPoller");
  g_source_set_priority (source, priority);
  g_source_set_can_recurse (source, TRUE);
  poller->context = g_main_context_ref (context);
  poller->priority = priority;
  poller->entries = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  poller->tagged = g_ptr_array_new ();
  poller->fork_generation = fork_generation;
  poller->epoll_fd = -1;
  poller->without_epoll = g_strcmp0 (g_getenv ("GPROC_LOOP"), "poll") == 0;

  return poller;
}

/* The poller of @context (nullable: the default one) at @priority. */
GProcPoller *
_gproc_poller_acquire (GMainContext *context,
                       int           priority)
{
  GProcPoller key = { .priority = priority };
  GProcPoller *poller;

  key.context = context != NULL ? context : g_main_context_default ();
  _gproc_fork_generation ();

  _gproc_loop_lock ();
  if (pollers == NULL)
    pollers = g_hash_table_new (poller_hash, poller_equal);
  poller = g_hash_table_lookup (pollers, &key);
  if (poller == NULL)
    {
      poller = poller_new (key.context, priority);
      g_hash_table_add (pollers, poller);
      /* Before another thread finds it, which may add a descriptor. */
      g_source_attach (&poller->source, key.context);
    }
  g_atomic_int_inc (&poller->users);
  _gproc_loop_unlock ();

  return poller;
}

/* The poller of the thread-default context of the caller. */
GProcPoller *
_gproc_poller_acquire_default (int priority)
{
  return _gproc_poller_acquire (g_main_context_get_thread_default (), priority);
}

GProcPoller *
_gproc_poller_ref (GProcPoller *poller)
{
  g_atomic_int_inc (&poller->users);

  return poller;
}

void
_gproc_poller_release (GProcPoller *poller)
{
  GMainContext *context = NULL;
  int users;

  /* The last user leaves under the lock, where nobody can find the poller meanwhile. */
  while ((users = g_atomic_int_get (&poller->users)) > 1)
    if (g_atomic_int_compare_and_exchange (&poller->users, users, users - 1))
      return;

  _gproc_loop_lock ();
  if (g_atomic_int_dec_and_test (&poller->users))
    {
      g_hash_table_remove (pollers, poller);
      if (g_hash_table_size (pollers) == 0)
        g_clear_pointer (&pollers, g_hash_table_unref);
      context = poller->context;
    }
  _gproc_loop_unlock ();

  if (context != NULL)
    {
      g_source_destroy (&poller->source);
      g_source_unref (&poller->source);
      g_main_context_unref (context);
    }
}

GMainContext *
_gproc_poller_get_context (GProcPoller *poller)
{
  return poller->context;
}

int
_gproc_poller_get_priority (GProcPoller *poller)
{
  return poller->priority;
}

/* Whether this is the poller of @context (nullable: the default one) at @priority. */
gboolean
_gproc_poller_matches (GProcPoller  *poller,
                       GMainContext *context,
                       int           priority)
{
  if (context == NULL)
    context = g_main_context_default ();

  return poller->priority == priority && poller->context == context;
}

gboolean
_gproc_poller_push_default (GProcPoller *poller)
{
  GMainContext *current = g_main_context_get_thread_default ();

  /* Pushing would acquire the context, which another thread may be iterating. */
  if (current == poller->context ||
      (current == NULL && poller->context == g_main_context_default ()))
    return FALSE;

  g_main_context_push_thread_default (poller->context);

  return TRUE;
}

void
_gproc_poller_pop_default (GProcPoller *poller,
                           gboolean     pushed)
{
  if (pushed)
    g_main_context_pop_thread_default (poller->context);
}

guint
_gproc_poller_get_iteration (GProcPoller *poller)
{
  /* Who reads an older number from another thread does no more than gather what it
   * could have written. */
  return (guint) g_atomic_int_get ((int *) &poller->iteration);
}
