/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"
#include "process/gproc-local-backend-private.h"
#include "process/gproc-stream-private.h"
#include "streams/gproc-reader-private.h"
#include "streams/gproc-writer-private.h"

#include <glib/gi18n-lib.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Our end of a pipe. */
typedef struct
{
  int target;
  int fd;
  gboolean is_reader;
} GProcLaunchEnd;

struct _GProcLaunch
{
  GProcSpawnRequest request;
  GArray *routes;   /* Copies of the launcher's. */
  GArray *mappings; /* Of GProcSpawnMapping. */
  GArray *limits;

  GArray *temporary; /* Descriptors of the child's side, closed when it runs. */
  GArray *ends;      /* Of GProcLaunchEnd. */
  GProcPtySettings pty;
  int master; /* Owned: our side of the terminal, −1 where there is none. */
  int slave;  /* Among those that are temporary. */
  GProcChild *child;

  guint timeout_ms;
  guint stop_grace_ms;
  int post_exit_grace_ms;
  gboolean stop_on_close;
  gsize output_limit;
  gsize reader_limit;
  gssize high_watermark;
  gssize low_watermark;
  guint pipe_size;
};

static void
close_fd (gpointer fd)
{
  close (*(int *) fd);
}

static void
close_end (gpointer end)
{
  close (((GProcLaunchEnd *) end)->fd);
}

/* What a run needs is its own, unless the user said otherwise. */
static void
adapt_routes (GProcLaunch        *self,
              GProcLaunchPurpose  purpose)
{
  GProcRoute *routes = (GProcRoute *) (gpointer) self->routes->data;

  if (purpose == GPROC_LAUNCH_STREAM)
    return;

  if (purpose == GPROC_LAUNCH_NO_INPUT && routes[STDIN_FILENO].kind == GPROC_ROUTE_PIPE_WRITE)
    routes[STDIN_FILENO].kind = GPROC_ROUTE_NULL;
  if (!routes[STDERR_FILENO].is_explicit)
    routes[STDERR_FILENO].kind = GPROC_ROUTE_PIPE_READ;
}

static void
copy_request (GProcLaunch        *self,
              GProcLauncher      *launcher,
              const char * const *argv)
{
  GProcSpawnRequest *request = &self->request;

  request->argv = (const char * const *) g_strdupv ((char **) argv);
  request->executable = g_strdup (launcher->executable);
  request->envp = (const char * const *) (launcher->envp != NULL ? g_strdupv (launcher->envp)
                                                                 : g_get_environ ());
  request->cwd = g_strdup (launcher->cwd);
  request->user_id = launcher->user_id;
  request->group_id = launcher->group_id;
  request->umask = launcher->umask;
  request->process_group = gproc_launcher_get_process_group (launcher);
  request->new_session = launcher->new_session;
  request->die_with_parent = launcher->die_with_parent;
  self->pty = launcher->pty;
}

GProcLaunch *
_gproc_launch_new (GProcLauncher      *launcher,
                   const char * const *argv,
                   GProcLaunchPurpose  purpose)
{
  GProcLaunch *self = g_new0 (GProcLaunch, 1);

  self->routes = g_array_new (FALSE, FALSE, sizeof (GProcRoute));
  g_array_set_clear_func (self->routes, (GDestroyNotify) _gproc_route_clear);
  self->mappings = g_array_new (FALSE, FALSE, sizeof (GProcSpawnMapping));
  self->limits = g_array_new (FALSE, FALSE, sizeof (GProcSpawnLimit));
  self->temporary = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (self->temporary, close_fd);
  self->ends = g_array_new (FALSE, FALSE, sizeof (GProcLaunchEnd));
  g_array_set_clear_func (self->ends, close_end);
  self->master = self->slave = -1;

  for (guint i = 0; i < launcher->routes->len; i++)
    {
      GProcRoute route = _gproc_route_copy (&g_array_index (launcher->routes, GProcRoute, i));

      g_array_append_val (self->routes, route);
    }
  adapt_routes (self, purpose);

  if (launcher->limits->len > 0)
    g_array_append_vals (self->limits, launcher->limits->data, launcher->limits->len);
  copy_request (self, launcher, argv);

  self->timeout_ms = launcher->timeout_ms;
  self->stop_grace_ms = launcher->stop_grace_ms;
  self->post_exit_grace_ms = launcher->post_exit_grace_ms;
  self->stop_on_close = launcher->stop_on_close;
  self->output_limit = launcher->output_limit;
  self->reader_limit = launcher->reader_limit;
  self->high_watermark = launcher->high_watermark;
  self->low_watermark = launcher->low_watermark;
  self->pipe_size = launcher->pipe_size;

  return self;
}

void
_gproc_launch_free (GProcLaunch *self)
{
  g_strfreev ((char **) self->request.argv);
  g_strfreev ((char **) self->request.envp);
  g_free ((char *) self->request.executable);
  g_free ((char *) self->request.cwd);
  g_array_unref (self->routes);
  g_array_unref (self->mappings);
  g_array_unref (self->limits);
  g_array_unref (self->temporary);
  g_array_unref (self->ends);
  if (self->master >= 0)
    close (self->master);
  g_clear_pointer (&self->child, _gproc_child_unref);
  g_free (self);
}

static void
set_error (GProcLaunch  *self,
           GError      **error,
           const char   *stage,
           const char   *detail,
           int           errsv)
{
  const char *command = self->request.argv != NULL ? self->request.argv[0] : NULL;

  _gproc_spawn_set_error (error, command != NULL ? command : "", stage, detail, errsv);
}

/* One that is held until the process runs. */
static gboolean
hold_fd (GProcLaunch  *self,
         int           fd,
         const char   *stage,
         const char   *detail,
         GError      **error)
{
  if (fd < 0)
    {
      set_error (self, error, stage, detail, errno);
      return FALSE;
    }
  g_array_append_val (self->temporary, fd);

  return TRUE;
}

gboolean
_gproc_launch_keep_fds (GProcLaunch  *self,
                        GError      **error)
{
  for (guint i = 0; i < self->routes->len; i++)
    {
      GProcRoute *route = &g_array_index (self->routes, GProcRoute, i);
      int fd;

      if (route->kind != GPROC_ROUTE_FD)
        continue;

      fd = fcntl (route->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      if (!hold_fd (self, fd, "dup", NULL, error))
        return FALSE;
      route->fd = fd;
    }

  return TRUE;
}

gboolean
_gproc_launch_may_block (GProcLaunch *self)
{
  for (guint i = 0; i < self->routes->len; i++)
    {
      GProcRoute *route = &g_array_index (self->routes, GProcRoute, i);
      struct stat info;

      if (route->kind == GPROC_ROUTE_FILE && stat (route->path, &info) == 0 &&
          !S_ISREG (info.st_mode))
        return TRUE;
    }

  return FALSE;
}

static int
open_file (const GProcRoute *route)
{
  int flags = O_CLOEXEC | O_NOCTTY;
  int fd;

  if (route->target == STDIN_FILENO)
    flags |= O_RDONLY;
  else
    flags |= O_WRONLY | O_CREAT;

  if (route->target != STDIN_FILENO && (route->flags & GPROC_FILE_FLAGS_APPEND))
    flags |= O_APPEND;
  if (route->target != STDIN_FILENO && (route->flags & GPROC_FILE_FLAGS_CREATE_NEW))
    flags |= O_EXCL;
  else if (route->target != STDIN_FILENO && !(route->flags & GPROC_FILE_FLAGS_APPEND))
    flags |= O_TRUNC;

  do
    fd = open (route->path, flags, 0666);
  while (fd < 0 && errno == EINTR);

  return _gproc_spawn_move_fd (fd);
}

/* The child's end stays blocking: that is what programs expect. */
static gboolean
make_pipe (GProcLaunch       *self,
           const GProcRoute  *route,
           int               *source,
           GError           **error)
{
  GProcLaunchEnd end = { .target = route->target, .fd = -1 };
  int fds[2];

  if (pipe2 (fds, O_CLOEXEC) != 0)
    {
      set_error (self, error, "pipe", NULL, errno);
      return FALSE;
    }

  end.is_reader = route->kind == GPROC_ROUTE_PIPE_READ;
  end.fd = _gproc_spawn_move_fd (fds[end.is_reader ? 0 : 1]);
  if (end.fd >= 0)
    g_array_append_val (self->ends, end);
  *source = fds[end.is_reader ? 1 : 0];

  if (end.fd < 0)
    {
      set_error (self, error, "pipe", NULL, errno);
      close (*source);
      return FALSE;
    }

  /* A wish: what a user may not have, the kernel refuses. */
  if (self->pipe_size > 0)
    (void) fcntl (end.fd, F_SETPIPE_SZ, (int) MIN (self->pipe_size, G_MAXINT));

  *source = _gproc_spawn_move_fd (*source);

  return hold_fd (self, *source, "pipe", NULL, error);
}

static gboolean
open_null (GProcLaunch  *self,
           int          *source,
           GError      **error)
{
  *source = _gproc_spawn_move_fd (open ("/dev/null", O_RDWR | O_CLOEXEC));

  return hold_fd (self, *source, "open", "/dev/null", error);
}

/* The first that leads to the terminal makes it. The application does not keep the side of the
 * process: the end of the last process that has it is the end of the output. */
static gboolean
open_terminal (GProcLaunch  *self,
               int          *source,
               GError      **error)
{
  GProcSpawnRequest *request = &self->request;
  const char *stage;
  int errsv;

  if (self->master < 0)
    {
      errsv = _gproc_pty_open (&self->pty, &self->master, &self->slave, &stage);
      if (errsv != 0)
        {
          set_error (self, error, stage, NULL, errsv);
          return FALSE;
        }
      g_array_append_val (self->temporary, self->slave);

      /* As a login does: the user of a terminal may open it by its name. Who may not change
       * that will not be able to become that user either. */
      if (request->user_id >= 0 && fchown (self->slave, (uid_t) request->user_id, (gid_t) -1) != 0)
        {
          set_error (self, error, "fchown", NULL, errno);
          return FALSE;
        }

      request->new_session = TRUE;
      request->terminal = self->slave;
    }
  *source = self->slave;

  return TRUE;
}

static gboolean
resolve_route (GProcLaunch       *self,
               const GProcRoute  *route,
               int               *source,
               GError           **error)
{
  static const char * const stages[] = { "open stdin file", "open stdout file",
                                         "open stderr file" };

  switch (route->kind)
    {
    case GPROC_ROUTE_INHERIT:
      *source = route->target;
      return TRUE;
    case GPROC_ROUTE_STDOUT:
      *source = g_array_index (self->mappings, GProcSpawnMapping, STDOUT_FILENO).source;
      return TRUE;
    case GPROC_ROUTE_FD:
      *source = route->fd;
      return TRUE;
    case GPROC_ROUTE_FILE:
      *source = open_file (route);
      return hold_fd (self, *source, stages[route->target], route->path, error);
    case GPROC_ROUTE_PIPE_READ:
    case GPROC_ROUTE_PIPE_WRITE:
      return make_pipe (self, route, source, error);
    case GPROC_ROUTE_PTY:
      return open_terminal (self, source, error);
    case GPROC_ROUTE_NULL:
    default:
      return open_null (self, source, error);
    }
}

/* Whether a program that the application ran would have it. Where it closed one of
 * its own, something else may have got the number meanwhile, which closes on exec. */
static gboolean
is_inherited (int fd)
{
  int flags = fcntl (fd, F_GETFD);

  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

static gboolean
resolve_routes (GProcLaunch  *self,
                GError      **error)
{
  /* First of all: what is opened here may get the number of one that is closed. In
   * place of one that is not there the process has /dev/null. */
  for (guint i = 0; i < self->routes->len; i++)
    {
      GProcRoute *route = &g_array_index (self->routes, GProcRoute, i);

      if (route->kind == GPROC_ROUTE_INHERIT && !is_inherited (route->target))
        {
          route->kind = GPROC_ROUTE_NULL;
        }
      else if (route->kind == GPROC_ROUTE_FD && fcntl (route->fd, F_GETFD) < 0)
        {
          set_error (self, error, "dup", NULL, errno);
          return FALSE;
        }
    }

  for (guint i = 0; i < self->routes->len; i++)
    {
      const GProcRoute *route = &g_array_index (self->routes, GProcRoute, i);
      GProcSpawnMapping mapping = { .target = route->target };

      if (!resolve_route (self, route, &mapping.source, error))
        return FALSE;
      g_array_append_val (self->mappings, mapping);
    }

  return TRUE;
}

gboolean
_gproc_launch_check (GProcLaunch  *self,
                     gboolean      joins_stdin,
                     gboolean      joins_stdout,
                     GError      **error)
{
  const GProcRoute *routes = (const GProcRoute *) (gconstpointer) self->routes->data;

  if (!_gproc_spawn_check (&self->request, error))
    return FALSE;

  if (joins_stdin && routes[STDIN_FILENO].is_explicit)
    {
      g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        _ ("Its launcher sets where stdin comes from, which is the stage before"));
      return FALSE;
    }

  if (joins_stdout && routes[STDOUT_FILENO].is_explicit)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("Its launcher sets where stdout goes, which is the stage after"));
      return FALSE;
    }

  return TRUE;
}

/* Takes @fd, which is closed once the process has it. */
static void
give_fd (GProcLaunch *self,
         int          target,
         int          fd)
{
  GProcRoute *route = &g_array_index (self->routes, GProcRoute, target);

  route->kind = GPROC_ROUTE_FD;
  route->fd = fd;
  g_array_append_val (self->temporary, fd);
}

gboolean
_gproc_launch_join (GProcLaunch  *self,
                    GProcLaunch  *next,
                    GError      **error)
{
  int fds[2];

  /* Both ends are blocking: that is what programs expect. */
  if (pipe2 (fds, O_CLOEXEC) != 0)
    {
      set_error (self, error, "pipe", NULL, errno);
      return FALSE;
    }

  for (guint i = 0; i < 2; i++)
    {
      fds[i] = _gproc_spawn_move_fd (fds[i]);
      if (fds[i] < 0)
        {
          set_error (self, error, "pipe", NULL, errno);
          close (fds[1 - i]);
          return FALSE;
        }
    }

  if (self->pipe_size > 0)
    (void) fcntl (fds[1], F_SETPIPE_SZ, (int) MIN (self->pipe_size, G_MAXINT));

  give_fd (next, STDIN_FILENO, fds[0]);
  give_fd (self, STDOUT_FILENO, fds[1]);

  return TRUE;
}

gboolean
_gproc_launch_run (GProcLaunch  *self,
                   GError      **error)
{
  GProcSpawnRequest *request = &self->request;
  int pid, pidfd;

  if (!_gproc_spawn_check (request, error) || !resolve_routes (self, error))
    return FALSE;

  request->mappings = (const GProcSpawnMapping *) (gconstpointer) self->mappings->data;
  request->n_mappings = self->mappings->len;
  request->limits = (const GProcSpawnLimit *) (gconstpointer) self->limits->data;
  request->n_limits = self->limits->len;

  if (!_gproc_spawn (request, &pid, &pidfd, error))
    return FALSE;

  g_array_set_size (self->temporary, 0);
  self->child = _gproc_child_new (pid, pidfd, request->process_group || request->new_session);
  if (self->timeout_ms > 0)
    _gproc_child_set_timeout (self->child, self->timeout_ms, self->stop_grace_ms);

  return TRUE;
}

GProcChild *
_gproc_launch_get_child (GProcLaunch *self)
{
  return self->child;
}

static GProcStreamHalf
make_half (GProcLaunch     *self,
           GProcDescriptor *descriptor,
           int              target,
           gboolean         is_reader)
{
  GProcStreamHalf half = { .target = target };

  if (is_reader)
    {
      half.reader = _gproc_reader_new_for_descriptor (descriptor, target);
      if (self->reader_limit > 0)
        gproc_reader_set_limit (half.reader, self->reader_limit);
    }
  else
    {
      half.writer = _gproc_writer_new_for_descriptor (descriptor);
      if (self->high_watermark >= 0 || self->low_watermark >= 0)
        gproc_writer_set_watermarks (half.writer, self->high_watermark, self->low_watermark);
    }

  return half;
}

static gboolean
leads_to_terminal (GProcLaunch *self,
                   int          target)
{
  return g_array_index (self->routes, GProcRoute, target).kind == GPROC_ROUTE_PTY;
}

/* Appends the halves that the terminal has: one that reads, and one that writes if standard input
 * leads there. */
static GProcDescriptor *
make_terminal_halves (GProcLaunch *self,
                      GArray      *halves)
{
  GProcDescriptorSide sides = GPROC_DESCRIPTOR_READ;
  int target = STDIN_FILENO;
  GProcDescriptor *descriptor;
  GProcStreamHalf half;

  if (leads_to_terminal (self, STDIN_FILENO))
    sides |= GPROC_DESCRIPTOR_WRITE;
  if (leads_to_terminal (self, STDOUT_FILENO))
    target = STDOUT_FILENO;
  else if (leads_to_terminal (self, STDERR_FILENO))
    target = STDERR_FILENO;

  descriptor = _gproc_descriptor_new (self->master, TRUE, sides, NULL);
  self->master = -1;

  half = make_half (self, descriptor, target, TRUE);
  g_array_append_val (halves, half);
  if ((sides & GPROC_DESCRIPTOR_WRITE) != 0)
    {
      half = make_half (self, descriptor, STDIN_FILENO, FALSE);
      g_array_append_val (halves, half);
    }

  return descriptor;
}

GProcStream *
_gproc_launch_finish (GProcLaunch *self)
{
  g_autoptr (GArray) halves = g_array_new (FALSE, FALSE, sizeof (GProcStreamHalf));
  g_autoptr (GProcDescriptor) terminal = NULL;
  g_autoptr (GProcBackend) backend = NULL;
  GProcStream *stream;

  for (guint i = 0; i < self->ends->len; i++)
    {
      const GProcLaunchEnd *end = &g_array_index (self->ends, GProcLaunchEnd, i);
      g_autoptr (GProcDescriptor) descriptor = NULL;
      GProcStreamHalf half;

      descriptor = _gproc_descriptor_new (end->fd, TRUE,
                                          end->is_reader ? GPROC_DESCRIPTOR_READ
                                                         : GPROC_DESCRIPTOR_WRITE,
                                          NULL);
      half = make_half (self, descriptor, end->target, end->is_reader);
      g_array_append_val (halves, half);
    }

  /* The descriptors belong to the halves now. */
  g_array_set_clear_func (self->ends, NULL);
  g_array_set_size (self->ends, 0);

  if (self->master >= 0)
    terminal = make_terminal_halves (self, halves);

  backend = _gproc_local_backend_new (_gproc_child_ref (self->child), terminal);
  stream = _gproc_stream_new_spawned (backend, (const GProcStreamHalf *) (gpointer) halves->data,
                                      halves->len, self->request.argv[0], self->stop_grace_ms,
                                      self->post_exit_grace_ms, self->output_limit,
                                      self->stop_on_close);
  _gproc_stream_set_terminal (stream, terminal);

  return stream;
}
