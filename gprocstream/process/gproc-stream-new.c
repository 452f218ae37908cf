/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <stdarg.h>

#include "process/gproc-launcher.h"
#include "process/gproc-local-backend-private.h"
#include "process/gproc-stream-internal-private.h"
#include "process/gproc-subprocess-backend-private.h"

/* The standard descriptors are numbered by what they are in the process. */
enum
{
  TARGET_STDIN,
  TARGET_STDOUT,
  TARGET_STDERR
};

/* Takes @backend, and the references in @halves. */
static GProcStream *
stream_make (GProcBackend          *backend,
             const GProcStreamHalf *halves,
             guint                  n_halves)
{
  GProcStream *self = g_object_new (GPROC_TYPE_STREAM, NULL);

  self->halves = g_new (GProcStreamHalf, n_halves);
  for (guint i = 0; i < n_halves; i++)
    {
      if (halves[i].reader == NULL && halves[i].writer == NULL)
        continue;

      if (halves[i].reader != NULL)
        _gproc_reader_set_stream_number (halves[i].reader, halves[i].target);
      self->halves[self->n_halves++] = halves[i];
    }

  _gproc_stream_link_queues (self);

  self->backend = backend;
  if (backend != NULL)
    self->command = g_strdup (gproc_backend_get_command (backend));
  if (backend != NULL && GPROC_IS_LOCAL_BACKEND (backend))
    self->child = _gproc_local_backend_get_child (GPROC_LOCAL_BACKEND (backend));

  _gproc_stream_events_start (self);

  return self;
}

GProcStream *
_gproc_stream_new_of_halves (const GProcStreamHalf *halves,
                             guint                  n_halves)
{
  return stream_make (NULL, halves, n_halves);
}

GProcStream *
_gproc_stream_new_spawned (GProcBackend          *backend,
                           const GProcStreamHalf *halves,
                           guint                  n_halves,
                           const char            *command,
                           guint                  stop_grace_ms,
                           int                    post_exit_grace_ms,
                           gsize                  output_limit,
                           gboolean               stop_on_close)
{
  GProcStream *self = stream_make (g_object_ref (backend), halves, n_halves);

  g_free (self->command);
  self->command = g_strdup (command);
  self->stop_grace = stop_grace_ms;
  self->post_exit_grace = post_exit_grace_ms;
  self->output_limit = output_limit;
  self->stop_on_close = stop_on_close;

  return self;
}

/**
 * gproc_stream_new: (skip)
 * @flags: how the stream is made
 * @error: where to put an error
 * @argv0: the name of the program, which is searched for in `PATH`
 * @...: the arguments, and %NULL
 *
 * Starts a process. Its standard input and standard output are pipes, its standard
 * error is that of the application, unless @flags say otherwise. A
 * [class@GProc.Launcher] sets more.
 *
 * Returns: (transfer full): the stream, or %NULL with @error set: to
 *   %G_IO_ERROR_NOT_FOUND if there is no such program, to
 *   %G_IO_ERROR_INVALID_ARGUMENT if no program is named, to another code if the process
 *   could not be started
 *
 * Since: 1.0
 */
GProcStream *
gproc_stream_new (GProcStreamFlags   flags,
                  GError           **error,
                  const char        *argv0,
                  ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  va_list arguments;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  va_start (arguments, argv0);
  for (const char *argument = argv0; argument != NULL; argument = va_arg (arguments, const char *))
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (arguments);
  g_ptr_array_add (argv, NULL);

  return gproc_stream_newv ((const char * const *) argv->pdata, flags, error);
}

static GProcDisposition
disposition_of (GProcStreamFlags flags,
                GProcStreamFlags inherit,
                GProcStreamFlags null)
{
  if ((flags & null) != 0)
    return GPROC_DISPOSITION_NULL;

  return (flags & inherit) != 0 ? GPROC_DISPOSITION_INHERIT : GPROC_DISPOSITION_PIPE;
}

/**
 * gproc_stream_newv: (constructor) (rename-to gproc_stream_new)
 * @argv: (array zero-terminated=1) (element-type filename): the name of the program,
 *   which is searched for in `PATH`, and its arguments
 * @flags: how the stream is made
 * @error: where to put an error
 *
 * Starts a process. Its standard input and standard output are pipes, its standard
 * error is that of the application, unless @flags say otherwise. A
 * [class@GProc.Launcher] sets more.
 *
 * In Python and JavaScript this is `GProc.Stream.new(argv, flags)`, in Vala
 * `new GProc.Stream.newv (argv, flags)`.
 *
 * Returns: (transfer full): the stream, or %NULL with @error set: to
 *   %G_IO_ERROR_NOT_FOUND if there is no such program, to
 *   %G_IO_ERROR_INVALID_ARGUMENT if no program is named, to another code if the process
 *   could not be started
 *
 * Since: 1.0
 */
GProcStream *
gproc_stream_newv (const char * const  *argv,
                   GProcStreamFlags     flags,
                   GError             **error)
{
  g_autoptr (GProcLauncher) launcher = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  launcher = gproc_launcher_new ();
  gproc_launcher_set_stdin (launcher, disposition_of (flags, GPROC_STREAM_FLAGS_STDIN_INHERIT,
                                                      GPROC_STREAM_FLAGS_STDIN_NULL));
  gproc_launcher_set_stdout (launcher, disposition_of (flags, GPROC_STREAM_FLAGS_STDOUT_INHERIT,
                                                       GPROC_STREAM_FLAGS_STDOUT_NULL));
  if ((flags & GPROC_STREAM_FLAGS_STDERR_STDOUT) != 0)
    gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
  else if ((flags & GPROC_STREAM_FLAGS_STDERR_NULL) != 0)
    gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_NULL);
  else if ((flags & GPROC_STREAM_FLAGS_STDERR_PIPE) != 0)
    gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PIPE);
  gproc_launcher_set_stop_on_close (launcher, (flags & GPROC_STREAM_FLAGS_STOP_ON_CLOSE) != 0);

  return gproc_launcher_spawn (launcher, argv, error);
}

/* The descriptor of a pipe of a GSubprocess is closed by the object that GIO has for
 * it. */
static GProcWriter *
writer_for_stream (GOutputStream *stream)
{
  g_autoptr (GProcDescriptor) descriptor = NULL;

  if (stream == NULL)
    return NULL;
  if (GPROC_IS_WRITER (stream))
    return g_object_ref (GPROC_WRITER (stream));
  if (!G_IS_UNIX_OUTPUT_STREAM (stream) ||
      !g_unix_output_stream_get_close_fd (G_UNIX_OUTPUT_STREAM (stream)))
    return gproc_writer_new (stream);

  descriptor = _gproc_descriptor_new (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (stream)),
                                      TRUE, GPROC_DESCRIPTOR_WRITE, G_OBJECT (stream));

  return _gproc_writer_new_for_descriptor (descriptor);
}

static GProcReader *
reader_for_stream (GInputStream *stream,
                   int           number)
{
  g_autoptr (GProcDescriptor) descriptor = NULL;

  if (stream == NULL)
    return NULL;
  if (GPROC_IS_READER (stream))
    return g_object_ref (GPROC_READER (stream));
  if (!G_IS_UNIX_INPUT_STREAM (stream) ||
      !g_unix_input_stream_get_close_fd (G_UNIX_INPUT_STREAM (stream)))
    return gproc_reader_new (stream);

  descriptor = _gproc_descriptor_new (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (stream)),
                                      TRUE, GPROC_DESCRIPTOR_READ, G_OBJECT (stream));

  return _gproc_reader_new_for_descriptor (descriptor, number);
}

/**
 * gproc_stream_new_for_subprocess:
 * @subprocess: a process that GIO started
 *
 * Makes a stream of a process that was started with [class@Gio.Subprocess] or
 * [class@Gio.SubprocessLauncher].
 *
 * The pipes that the subprocess has become those of the stream, which makes them
 * non-blocking and closes them; they are not to be used by their
 * [class@Gio.Subprocess] any more. GLib goes on to reap the process.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_stream_new_for_subprocess (GSubprocess *subprocess)
{
  GProcStreamHalf halves[3] = { { 0 } };

  g_return_val_if_fail (G_IS_SUBPROCESS (subprocess), NULL);

  halves[0].target = TARGET_STDIN;
  halves[0].writer = writer_for_stream (g_subprocess_get_stdin_pipe (subprocess));
  halves[1].target = TARGET_STDOUT;
  halves[1].reader = reader_for_stream (g_subprocess_get_stdout_pipe (subprocess), 1);
  halves[2].target = TARGET_STDERR;
  halves[2].reader = reader_for_stream (g_subprocess_get_stderr_pipe (subprocess), 2);

  return stream_make (_gproc_subprocess_backend_new (subprocess), halves, G_N_ELEMENTS (halves));
}

/* One descriptor for the two sides where their numbers are the same. */
static GProcDescriptor *
descriptor_for (int                  fd,
                gboolean             take,
                GProcDescriptorSide  side,
                GProcDescriptor     *shared)
{
  if (fd < 0)
    return NULL;
  if (shared != NULL && _gproc_descriptor_get_fd (shared) == fd)
    return _gproc_descriptor_ref (shared);

  return _gproc_descriptor_new (fd, take, side, NULL);
}

/**
 * gproc_stream_new_for_fds:
 * @write_fd: the descriptor to write to, −1 for none
 * @read_fd: the descriptor to read from, −1 for none
 * @error_fd: the descriptor to read from as [method@GProc.Stream.get_stderr] does, −1
 *   for none
 * @flags: %GPROC_STREAM_FLAGS_TAKE_FDS if the descriptors are to be closed by the
 *   stream
 *
 * Makes a stream of descriptors. There is no process.
 *
 * The same number for writing and reading is one descriptor, a socket or a terminal,
 * which is closed once both halves are. Descriptors that are borrowed stay open, and
 * keep the flags that they have; those that are taken become non-blocking. An
 * @error_fd that is the same as @read_fd is read as that.
 *
 * On the master side of a terminal that the application has opened itself,
 * [property@GProc.Stream:is-pty] is %TRUE, and [method@GProc.Stream.resize] sets its size.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_stream_new_for_fds (int              write_fd,
                          int              read_fd,
                          int              error_fd,
                          GProcStreamFlags flags)
{
  const gboolean take = (flags & GPROC_STREAM_FLAGS_TAKE_FDS) != 0;
  const GProcDescriptorSide both = GPROC_DESCRIPTOR_READ | GPROC_DESCRIPTOR_WRITE;
  g_autoptr (GProcDescriptor) out = NULL;
  g_autoptr (GProcDescriptor) in = NULL;
  g_autoptr (GProcDescriptor) err = NULL;
  GProcStreamHalf halves[3] = { { 0 } };
  GProcStream *self;

  g_return_val_if_fail (write_fd >= -1 && read_fd >= -1 && error_fd >= -1, NULL);

  if (error_fd == read_fd)
    error_fd = -1;

  out = descriptor_for (write_fd, take,
                        write_fd == read_fd || write_fd == error_fd ? both : GPROC_DESCRIPTOR_WRITE,
                        NULL);
  in = descriptor_for (read_fd, take, GPROC_DESCRIPTOR_READ, read_fd == write_fd ? out : NULL);
  err = descriptor_for (error_fd, take, GPROC_DESCRIPTOR_READ, error_fd == write_fd ? out : NULL);

  halves[0].target = TARGET_STDIN;
  halves[0].writer = out != NULL ? _gproc_writer_new_for_descriptor (out) : NULL;
  halves[1].target = TARGET_STDOUT;
  halves[1].reader = in != NULL ? _gproc_reader_new_for_descriptor (in, 1) : NULL;
  halves[2].target = TARGET_STDERR;
  halves[2].reader = err != NULL ? _gproc_reader_new_for_descriptor (err, 2) : NULL;

  self = stream_make (NULL, halves, G_N_ELEMENTS (halves));
  if (out != NULL && _gproc_descriptor_get_kind (out) == GPROC_DESCRIPTOR_PTMX)
    _gproc_stream_set_terminal (self, out);
  else if (in != NULL && _gproc_descriptor_get_kind (in) == GPROC_DESCRIPTOR_PTMX)
    _gproc_stream_set_terminal (self, in);

  return self;
}

/**
 * gproc_stream_new_for_io_stream:
 * @io_stream: a socket, a TLS connection, or any other stream
 *
 * Makes a stream of another one. There is no process. Closing the stream closes
 * @io_stream.
 *
 * Over a stream that is pollable ([iface@Gio.PollableInputStream],
 * [iface@Gio.PollableOutputStream]) nothing blocks. Another one is read and written at
 * its own pace, and what it has begun to read is never lost.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_stream_new_for_io_stream (GIOStream *io_stream)
{
  GProcStreamHalf halves[2] = { { 0 } };
  GProcStream *self;

  g_return_val_if_fail (G_IS_IO_STREAM (io_stream), NULL);

  halves[0].target = TARGET_STDIN;
  halves[0].writer = gproc_writer_new (g_io_stream_get_output_stream (io_stream));
  halves[1].target = TARGET_STDOUT;
  halves[1].reader = gproc_reader_new (g_io_stream_get_input_stream (io_stream));

  self = stream_make (NULL, halves, G_N_ELEMENTS (halves));
  _gproc_stream_set_base (self, io_stream);

  return self;
}

/**
 * gproc_stream_new_for_backend:
 * @backend: what the process is of
 * @stdin_stream: (nullable): what goes to its standard input
 * @stdout_stream: (nullable): what comes from its standard output
 * @stderr_stream: (nullable): what comes from its standard error
 *
 * Makes a stream of a process that is neither a child of the application nor a
 * [class@Gio.Subprocess]. A [class@GProc.Writer] or a [class@GProc.Reader] is used as
 * it is; other streams get one, which closes them.
 *
 * Returns: (transfer full): a new stream
 *
 * Since: 1.0
 */
GProcStream *
gproc_stream_new_for_backend (GProcBackend  *backend,
                              GOutputStream *stdin_stream,
                              GInputStream  *stdout_stream,
                              GInputStream  *stderr_stream)
{
  GProcStreamHalf halves[3] = { { 0 } };

  g_return_val_if_fail (GPROC_IS_BACKEND (backend), NULL);
  g_return_val_if_fail (stdin_stream == NULL || G_IS_OUTPUT_STREAM (stdin_stream), NULL);
  g_return_val_if_fail (stdout_stream == NULL || G_IS_INPUT_STREAM (stdout_stream), NULL);
  g_return_val_if_fail (stderr_stream == NULL || G_IS_INPUT_STREAM (stderr_stream), NULL);

  halves[0].target = TARGET_STDIN;
  halves[0].writer = writer_for_stream (stdin_stream);
  halves[1].target = TARGET_STDOUT;
  halves[1].reader = reader_for_stream (stdout_stream, 1);
  halves[2].target = TARGET_STDERR;
  halves[2].reader = reader_for_stream (stderr_stream, 2);

  return stream_make (g_object_ref (backend), halves, G_N_ELEMENTS (halves));
}
