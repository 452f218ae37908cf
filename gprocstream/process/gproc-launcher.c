/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "process/gproc-launcher-private.h"
#include "process/gproc-stream-internal-private.h"

#include <unistd.h>

/**
 * GProcLauncher:
 *
 * `GProcLauncher` starts processes, and says how: where their descriptors lead,
 * in which folder, with which environment and which limits.
 *
 * ```c
 * g_autoptr (GProcLauncher) launcher = gproc_launcher_new ();
 *
 * gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_STDOUT);
 * gproc_launcher_set_timeout (launcher, 600 * 1000);
 * stream = gproc_launcher_spawn (launcher, argv, &error);
 * ```
 *
 * A new launcher pipes standard input and output and leaves standard error where
 * that of the application goes. The process leads a group of its own unless its
 * standard input is inherited, has the environment of the application, an empty
 * signal mask and default dispositions (an ignored `SIGHUP` stays ignored), and
 * exactly the descriptors 0, 1, 2 and those that are mapped. Its limit of open
 * files is what the application was started with, so that raising it in the
 * application breaks no program that uses `select()`; see
 * [method@GProc.Launcher.set_rlimit].
 *
 * With %GPROC_DISPOSITION_PTY a process believes that a person is there: it does not hold back
 * its output to fill blocks, it prompts, edits lines and shows progress.
 *
 * ```c
 * gproc_launcher_set_stdin (launcher, GPROC_DISPOSITION_PTY);
 * gproc_launcher_set_stdout (launcher, GPROC_DISPOSITION_PTY);
 * gproc_launcher_set_stderr (launcher, GPROC_DISPOSITION_PTY);
 * gproc_launcher_set_pty_size (launcher, 40, 120);
 * ```
 *
 * Spawning does not copy the application: it takes the same time however large
 * that is, and fails without leaving anything behind. The error names the
 * command, the step that failed (`chdir`, `exec`, `open stdout file`, `rlimit`…)
 * and the reason, with the code GIO has for it: %G_IO_ERROR_NOT_FOUND for a
 * program that does not exist, %G_IO_ERROR_PERMISSION_DENIED for one that may
 * not be run.
 *
 * A launcher can be used any number of times. It is not safe to use it in
 * several threads at once; several launchers are.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (GProcLauncher, gproc_launcher, G_TYPE_OBJECT)

static GParamSpec *props[GPROC_LAUNCHER_N_PROPS];

void
_gproc_launcher_notify (GProcLauncher     *self,
                        GProcLauncherProp  prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

static gboolean
get_boolean_property (GProcLauncher     *self,
                      GProcLauncherProp  prop)
{
  if (prop == GPROC_LAUNCHER_PROP_PROCESS_GROUP)
    return gproc_launcher_get_process_group (self);
  if (prop == GPROC_LAUNCHER_PROP_NEW_SESSION)
    return self->new_session;
  if (prop == GPROC_LAUNCHER_PROP_DIE_WITH_PARENT)
    return self->die_with_parent;
  if (prop == GPROC_LAUNCHER_PROP_STOP_ON_CLOSE)
    return self->stop_on_close;

  return prop == GPROC_LAUNCHER_PROP_PTY_ECHO ? self->pty.echo : self->pty.raw;
}

static void
gproc_launcher_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  GProcLauncher *self = GPROC_LAUNCHER (object);

  switch ((GProcLauncherProp) prop_id)
    {
    case GPROC_LAUNCHER_PROP_CWD:
      g_value_set_string (value, gproc_launcher_get_cwd (self));
      break;
    case GPROC_LAUNCHER_PROP_EXECUTABLE:
      g_value_set_string (value, gproc_launcher_get_executable (self));
      break;
    case GPROC_LAUNCHER_PROP_UMASK:
      g_value_set_int (value, gproc_launcher_get_umask (self));
      break;
    case GPROC_LAUNCHER_PROP_TIMEOUT:
      g_value_set_uint (value, gproc_launcher_get_timeout (self));
      break;
    case GPROC_LAUNCHER_PROP_STOP_GRACE:
      g_value_set_uint (value, gproc_launcher_get_stop_grace (self));
      break;
    case GPROC_LAUNCHER_PROP_POST_EXIT_GRACE:
      g_value_set_int (value, gproc_launcher_get_post_exit_grace (self));
      break;
    case GPROC_LAUNCHER_PROP_OUTPUT_LIMIT:
      g_value_set_uint64 (value, gproc_launcher_get_output_limit (self));
      break;
    case GPROC_LAUNCHER_PROP_READER_LIMIT:
      g_value_set_uint64 (value, gproc_launcher_get_reader_limit (self));
      break;
    case GPROC_LAUNCHER_PROP_HIGH_WATERMARK:
      g_value_set_int64 (value, gproc_launcher_get_high_watermark (self));
      break;
    case GPROC_LAUNCHER_PROP_LOW_WATERMARK:
      g_value_set_int64 (value, gproc_launcher_get_low_watermark (self));
      break;
    case GPROC_LAUNCHER_PROP_PIPE_SIZE:
      g_value_set_uint (value, gproc_launcher_get_pipe_size (self));
      break;
    case GPROC_LAUNCHER_PROP_PROCESS_GROUP:
    case GPROC_LAUNCHER_PROP_NEW_SESSION:
    case GPROC_LAUNCHER_PROP_DIE_WITH_PARENT:
    case GPROC_LAUNCHER_PROP_STOP_ON_CLOSE:
    case GPROC_LAUNCHER_PROP_PTY_ECHO:
    case GPROC_LAUNCHER_PROP_PTY_RAW:
      g_value_set_boolean (value, get_boolean_property (self, (GProcLauncherProp) prop_id));
      break;
    case GPROC_LAUNCHER_PROP_STDIN:
    case GPROC_LAUNCHER_PROP_STDOUT:
    case GPROC_LAUNCHER_PROP_STDERR:
    case GPROC_LAUNCHER_N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_disposition_property (GProcLauncher     *self,
                          GProcLauncherProp  prop,
                          GProcDisposition   disposition)
{
  if (prop == GPROC_LAUNCHER_PROP_STDIN)
    gproc_launcher_set_stdin (self, disposition);
  else if (prop == GPROC_LAUNCHER_PROP_STDOUT)
    gproc_launcher_set_stdout (self, disposition);
  else
    gproc_launcher_set_stderr (self, disposition);
}

static void
set_boolean_property (GProcLauncher     *self,
                      GProcLauncherProp  prop,
                      gboolean           value)
{
  if (prop == GPROC_LAUNCHER_PROP_PROCESS_GROUP)
    gproc_launcher_set_process_group (self, value);
  else if (prop == GPROC_LAUNCHER_PROP_NEW_SESSION)
    gproc_launcher_set_new_session (self, value);
  else if (prop == GPROC_LAUNCHER_PROP_DIE_WITH_PARENT)
    gproc_launcher_set_die_with_parent (self, value);
  else if (prop == GPROC_LAUNCHER_PROP_STOP_ON_CLOSE)
    gproc_launcher_set_stop_on_close (self, value);
  else if (prop == GPROC_LAUNCHER_PROP_PTY_ECHO)
    gproc_launcher_set_pty_echo (self, value);
  else
    gproc_launcher_set_pty_raw (self, value);
}

static void
gproc_launcher_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  GProcLauncher *self = GPROC_LAUNCHER (object);

  switch ((GProcLauncherProp) prop_id)
    {
    case GPROC_LAUNCHER_PROP_STDIN:
    case GPROC_LAUNCHER_PROP_STDOUT:
    case GPROC_LAUNCHER_PROP_STDERR:
      set_disposition_property (self, (GProcLauncherProp) prop_id, g_value_get_enum (value));
      break;
    case GPROC_LAUNCHER_PROP_CWD:
      gproc_launcher_set_cwd (self, g_value_get_string (value));
      break;
    case GPROC_LAUNCHER_PROP_EXECUTABLE:
      gproc_launcher_set_executable (self, g_value_get_string (value));
      break;
    case GPROC_LAUNCHER_PROP_UMASK:
      gproc_launcher_set_umask (self, g_value_get_int (value));
      break;
    case GPROC_LAUNCHER_PROP_TIMEOUT:
      gproc_launcher_set_timeout (self, g_value_get_uint (value));
      break;
    case GPROC_LAUNCHER_PROP_STOP_GRACE:
      gproc_launcher_set_stop_grace (self, g_value_get_uint (value));
      break;
    case GPROC_LAUNCHER_PROP_POST_EXIT_GRACE:
      gproc_launcher_set_post_exit_grace (self, g_value_get_int (value));
      break;
    case GPROC_LAUNCHER_PROP_OUTPUT_LIMIT:
      gproc_launcher_set_output_limit (self, g_value_get_uint64 (value));
      break;
    case GPROC_LAUNCHER_PROP_READER_LIMIT:
      gproc_launcher_set_reader_limit (self, g_value_get_uint64 (value));
      break;
    case GPROC_LAUNCHER_PROP_HIGH_WATERMARK:
      gproc_launcher_set_high_watermark (self, g_value_get_int64 (value));
      break;
    case GPROC_LAUNCHER_PROP_LOW_WATERMARK:
      gproc_launcher_set_low_watermark (self, g_value_get_int64 (value));
      break;
    case GPROC_LAUNCHER_PROP_PIPE_SIZE:
      gproc_launcher_set_pipe_size (self, g_value_get_uint (value));
      break;
    case GPROC_LAUNCHER_PROP_PROCESS_GROUP:
    case GPROC_LAUNCHER_PROP_NEW_SESSION:
    case GPROC_LAUNCHER_PROP_DIE_WITH_PARENT:
    case GPROC_LAUNCHER_PROP_STOP_ON_CLOSE:
    case GPROC_LAUNCHER_PROP_PTY_ECHO:
    case GPROC_LAUNCHER_PROP_PTY_RAW:
      set_boolean_property (self, (GProcLauncherProp) prop_id, g_value_get_boolean (value));
      break;
    case GPROC_LAUNCHER_N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gproc_launcher_finalize (GObject *object)
{
  GProcLauncher *self = GPROC_LAUNCHER (object);

  g_array_unref (self->routes);
  g_array_unref (self->limits);
  g_free (self->cwd);
  g_free (self->executable);
  g_strfreev (self->envp);
  g_strfreev (self->changes);

  G_OBJECT_CLASS (gproc_launcher_parent_class)->finalize (object);
}

static void
install_descriptor_properties (void)
{
  /* What is set may be a file or a descriptor, which is no disposition to read. */
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GProcLauncher:stdin: (setter set_stdin)
   *
   * Where standard input comes from: [enum@GProc.Disposition]. A pipe by default.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_STDIN] = g_param_spec_enum ("stdin", NULL, NULL, GPROC_TYPE_DISPOSITION,
                                                        GPROC_DISPOSITION_PIPE, flags);

  /**
   * GProcLauncher:stdout: (setter set_stdout)
   *
   * Where standard output goes. A pipe by default.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_STDOUT] = g_param_spec_enum ("stdout", NULL, NULL,
                                                         GPROC_TYPE_DISPOSITION,
                                                         GPROC_DISPOSITION_PIPE, flags);

  /**
   * GProcLauncher:stderr: (setter set_stderr)
   *
   * Where standard error goes. Where that of the application goes, by default.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_STDERR] = g_param_spec_enum ("stderr", NULL, NULL,
                                                         GPROC_TYPE_DISPOSITION,
                                                         GPROC_DISPOSITION_INHERIT, flags);
}

static void
install_stream_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GProcLauncher:reader-limit: (getter get_reader_limit) (setter set_reader_limit)
   *
   * The limit of the readers; 0 for that of a new reader.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_READER_LIMIT] = g_param_spec_uint64 ("reader-limit", NULL, NULL, 0,
                                                                 G_MAXSIZE, 0, flags);

  /**
   * GProcLauncher:high-watermark: (getter get_high_watermark) (setter set_high_watermark)
   *
   * The high watermark of the writers; −1 for that of a new writer.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_HIGH_WATERMARK] = g_param_spec_int64 ("high-watermark", NULL, NULL, -1,
                                                                  G_MAXSSIZE, -1, flags);

  /**
   * GProcLauncher:low-watermark: (getter get_low_watermark) (setter set_low_watermark)
   *
   * The low watermark of the writers; −1 for that of a new writer.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_LOW_WATERMARK] = g_param_spec_int64 ("low-watermark", NULL, NULL, -1,
                                                                 G_MAXSSIZE, -1, flags);

  /**
   * GProcLauncher:pipe-size: (getter get_pipe_size) (setter set_pipe_size)
   *
   * How large the pipes are made; 0 for the kernel's default.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_PIPE_SIZE] = g_param_spec_uint ("pipe-size", NULL, NULL, 0, G_MAXUINT,
                                                            0, flags);
}

static void
install_process_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GProcLauncher:cwd: (getter get_cwd) (setter set_cwd)
   *
   * The folder the process starts in; %NULL for that of the application.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_CWD] = g_param_spec_string ("cwd", NULL, NULL, NULL, flags);

  /**
   * GProcLauncher:executable: (getter get_executable) (setter set_executable)
   *
   * The program that is run, if it is not to be `argv[0]`.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_EXECUTABLE] = g_param_spec_string ("executable", NULL, NULL, NULL,
                                                               flags);

  /**
   * GProcLauncher:process-group: (getter get_process_group) (setter set_process_group)
   *
   * Whether the process leads a group of its own. %TRUE unless it was set or
   * standard input is inherited.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_PROCESS_GROUP] = g_param_spec_boolean ("process-group", NULL, NULL,
                                                                   TRUE, flags);

  /**
   * GProcLauncher:new-session: (getter get_new_session) (setter set_new_session)
   *
   * Whether the process leads a session of its own, without a terminal.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_NEW_SESSION] = g_param_spec_boolean ("new-session", NULL, NULL, FALSE,
                                                                 flags);

  /**
   * GProcLauncher:die-with-parent: (getter get_die_with_parent) (setter set_die_with_parent)
   *
   * Whether the process is killed when the application ends.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_DIE_WITH_PARENT] = g_param_spec_boolean ("die-with-parent", NULL, NULL,
                                                                     FALSE, flags);

  /**
   * GProcLauncher:umask: (getter get_umask) (setter set_umask)
   *
   * The file mode mask of the process; −1 for that of the application.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_UMASK] = g_param_spec_int ("umask", NULL, NULL, -1, 0777, -1, flags);
}

static void
install_terminal_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GProcLauncher:pty-echo: (getter get_pty_echo) (setter set_pty_echo)
   *
   * Whether a terminal starts with showing what is typed.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_PTY_ECHO] = g_param_spec_boolean ("pty-echo", NULL, NULL, TRUE, flags);

  /**
   * GProcLauncher:pty-raw: (getter get_pty_raw) (setter set_pty_raw)
   *
   * Whether a terminal starts in raw mode.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_PTY_RAW] = g_param_spec_boolean ("pty-raw", NULL, NULL, FALSE, flags);
}

static void
install_ending_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GProcLauncher:timeout: (getter get_timeout) (setter set_timeout)
   *
   * After how many milliseconds the process is stopped; 0 for never.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, 0,
                                                          flags);

  /**
   * GProcLauncher:stop-grace: (getter get_stop_grace) (setter set_stop_grace)
   *
   * How many milliseconds the process has between `SIGTERM` and `SIGKILL`.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_STOP_GRACE] = g_param_spec_uint ("stop-grace", NULL, NULL, 0, G_MAXUINT,
                                                             GPROC_DEFAULT_STOP_GRACE, flags);

  /**
   * GProcLauncher:post-exit-grace: (getter get_post_exit_grace) (setter set_post_exit_grace)
   *
   * How many milliseconds after the end of the process its pipes may stay
   * open; −1 for ever.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_POST_EXIT_GRACE] = g_param_spec_int ("post-exit-grace", NULL, NULL, -1,
                                                                 G_MAXINT,
                                                                 GPROC_DEFAULT_POST_EXIT_GRACE,
                                                                 flags);

  /**
   * GProcLauncher:stop-on-close: (getter get_stop_on_close) (setter set_stop_on_close)
   *
   * Whether closing the stream stops the process.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_STOP_ON_CLOSE] = g_param_spec_boolean ("stop-on-close", NULL, NULL,
                                                                   FALSE, flags);

  /**
   * GProcLauncher:output-limit: (getter get_output_limit) (setter set_output_limit)
   *
   * How many bytes of each output are collected at most.
   *
   * Since: 1.0
   */
  props[GPROC_LAUNCHER_PROP_OUTPUT_LIMIT] = g_param_spec_uint64 ("output-limit", NULL, NULL, 0,
                                                                 G_MAXSIZE,
                                                                 GPROC_DEFAULT_OUTPUT_LIMIT, flags);
}

static void
gproc_launcher_class_init (GProcLauncherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = gproc_launcher_get_property;
  object_class->set_property = gproc_launcher_set_property;
  object_class->finalize = gproc_launcher_finalize;

  install_descriptor_properties ();
  install_stream_properties ();
  install_process_properties ();
  install_terminal_properties ();
  install_ending_properties ();
  g_object_class_install_properties (object_class, GPROC_LAUNCHER_N_PROPS, props);
}

static void
gproc_launcher_init (GProcLauncher *self)
{
  const GProcRouteKind kinds[] = { GPROC_ROUTE_PIPE_WRITE, GPROC_ROUTE_PIPE_READ,
                                   GPROC_ROUTE_INHERIT };

  self->routes = g_array_new (FALSE, FALSE, sizeof (GProcRoute));
  g_array_set_clear_func (self->routes, (GDestroyNotify) _gproc_route_clear);
  for (int target = STDIN_FILENO; target <= STDERR_FILENO; target++)
    {
      GProcRoute route = { .target = target, .kind = kinds[target], .fd = -1 };

      g_array_append_val (self->routes, route);
    }
  self->limits = g_array_new (FALSE, FALSE, sizeof (GProcSpawnLimit));

  self->process_group = -1;
  self->umask = -1;
  self->user_id = -1;
  self->group_id = -1;
  self->pty = (GProcPtySettings){ .rows = GPROC_PTY_DEFAULT_ROWS,
                                  .columns = GPROC_PTY_DEFAULT_COLUMNS,
                                  .echo = TRUE };
  self->stop_grace_ms = GPROC_DEFAULT_STOP_GRACE;
  self->post_exit_grace_ms = GPROC_DEFAULT_POST_EXIT_GRACE;
  self->output_limit = GPROC_DEFAULT_OUTPUT_LIMIT;
  self->high_watermark = -1;
  self->low_watermark = -1;
}

/**
 * gproc_launcher_new:
 *
 * Makes a launcher with the defaults.
 *
 * Returns: (transfer full): the launcher
 *
 * Since: 1.0
 */
GProcLauncher *
gproc_launcher_new (void)
{
  return g_object_new (GPROC_TYPE_LAUNCHER, NULL);
}
