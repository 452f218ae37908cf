/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "terminal/gproc-terminal-private.h"

#include <glib/gi18n-lib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/**
 * GProcTerminal:
 *
 * The user's own terminal, or what a program has in its place, for a process to be attached to.
 *
 * ```c
 * g_autoptr (GProcTerminal) terminal = gproc_terminal_new ();
 * guint rows, columns;
 *
 * if (gproc_terminal_get_size (terminal, &rows, &columns))
 *   gproc_launcher_set_pty_size (launcher, rows, columns);
 * stream = gproc_launcher_spawn (launcher, argv, &error);
 * gproc_terminal_attach_async (terminal, stream, G_PRIORITY_DEFAULT, NULL, attached_cb, NULL);
 * ```
 *
 * [method@GProc.Terminal.attach_async] gives the process what is typed, and shows what it writes,
 * until it is over. The terminal is in raw mode meanwhile if it is one and the process has one too:
 * then the terminal of the process does what terminals do, and Ctrl-C is for the process.
 * Input may as well be a pipe, a file or `/dev/null`.
 *
 * The descriptors are borrowed. They are shared with other programs, so their flags stay as they
 * are, and the terminal is put back at the end of the attachment, whatever that is, and at an
 * exit of the application. With [property@GProc.Terminal:handle-signals] also a signal that
 * ends or stops the application finds the terminal as it was.
 *
 * A terminal is used in one thread at a time.
 *
 * Since: 1.0
 */

enum
{
  PROP_IS_TERMINAL = 1,
  PROP_DETACH_KEYS,
  PROP_HANDLE_SIGNALS,
  PROP_ATTACHED,
  PROP_DETACHED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (GProcTerminal, gproc_terminal, G_TYPE_OBJECT)

static void
gproc_terminal_finalize (GObject *object)
{
  GProcTerminal *self = GPROC_TERMINAL (object);

  g_clear_object (&self->input);
  g_clear_object (&self->outputs[0]);
  g_clear_object (&self->outputs[1]);
  g_free (self->detach_keys);

  G_OBJECT_CLASS (gproc_terminal_parent_class)->finalize (object);
}

static void
gproc_terminal_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  GProcTerminal *self = GPROC_TERMINAL (object);

  switch (prop_id)
    {
    case PROP_IS_TERMINAL:
      g_value_set_boolean (value, gproc_terminal_get_is_terminal (self));
      break;
    case PROP_DETACH_KEYS:
      g_value_set_string (value, self->detach_keys);
      break;
    case PROP_HANDLE_SIGNALS:
      g_value_set_boolean (value, self->handle_signals);
      break;
    case PROP_ATTACHED:
      g_value_set_boolean (value, gproc_terminal_get_attached (self));
      break;
    case PROP_DETACHED:
      g_value_set_boolean (value, self->detached);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gproc_terminal_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  GProcTerminal *self = GPROC_TERMINAL (object);

  switch (prop_id)
    {
    case PROP_HANDLE_SIGNALS:
      gproc_terminal_set_handle_signals (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gproc_terminal_class_init (GProcTerminalClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = gproc_terminal_finalize;
  object_class->get_property = gproc_terminal_get_property;
  object_class->set_property = gproc_terminal_set_property;

  /**
   * GProcTerminal:is-terminal: (getter get_is_terminal)
   *
   * Whether input comes from a terminal, and not from a pipe or a file.
   *
   * Since: 1.0
   */
  props[PROP_IS_TERMINAL] = g_param_spec_boolean ("is-terminal", NULL, NULL, FALSE, read_only);

  /**
   * GProcTerminal:detach-keys: (getter get_detach_keys)
   *
   * The keys that detach, such as `ctrl-p,ctrl-q`; %NULL for none. Set by
   * [method@GProc.Terminal.set_detach_keys].
   *
   * Since: 1.0
   */
  props[PROP_DETACH_KEYS] = g_param_spec_string ("detach-keys", NULL, NULL, NULL, read_only);

  /**
   * GProcTerminal:handle-signals: (getter get_handle_signals) (setter set_handle_signals)
   *
   * Whether signals are handled during an attachment.
   *
   * Since: 1.0
   */
  props[PROP_HANDLE_SIGNALS] = g_param_spec_boolean ("handle-signals", NULL, NULL, FALSE,
                                                     G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY |
                                                       G_PARAM_STATIC_STRINGS);

  /**
   * GProcTerminal:attached: (getter get_attached)
   *
   * Whether a process is attached.
   *
   * Since: 1.0
   */
  props[PROP_ATTACHED] = g_param_spec_boolean ("attached", NULL, NULL, FALSE, read_only);

  /**
   * GProcTerminal:detached: (getter get_detached)
   *
   * Whether the last attachment was ended by the user, or by [method@GProc.Terminal.detach].
   * Notified with [property@GProc.Terminal:attached].
   *
   * Since: 1.0
   */
  props[PROP_DETACHED] = g_param_spec_boolean ("detached", NULL, NULL, FALSE, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gproc_terminal_init (GProcTerminal *self)
{
  for (int i = 0; i < 3; i++)
    self->fds[i] = i;
}

void
_gproc_terminal_notify_attached (GProcTerminal *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ATTACHED]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DETACHED]);
}

/**
 * gproc_terminal_new:
 *
 * Makes a terminal of standard input, output and error of the application.
 *
 * Returns: (transfer full): a new terminal
 *
 * Since: 1.0
 */
GProcTerminal *
gproc_terminal_new (void)
{
  return gproc_terminal_new_for_fds (STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
}

/**
 * gproc_terminal_new_for_fds:
 * @input_fd: where input comes from, −1 to leave standard input of a process to the application
 * @output_fd: where standard output of a process goes, −1 to leave it in the stream
 * @error_fd: where its standard error goes, if that is no terminal, −1 to leave it in the stream
 *
 * Makes a terminal of other descriptors, which may all be the same. They are borrowed, have to
 * stay open as long as the terminal is there, and keep the flags that they have.
 *
 * Returns: (transfer full): a new terminal
 *
 * Since: 1.0
 */
GProcTerminal *
gproc_terminal_new_for_fds (int input_fd,
                            int output_fd,
                            int error_fd)
{
  GProcTerminal *self;

  g_return_val_if_fail (input_fd >= -1 && output_fd >= -1 && error_fd >= -1, NULL);

  self = g_object_new (GPROC_TYPE_TERMINAL, NULL);
  self->fds[0] = input_fd;
  self->fds[1] = output_fd;
  self->fds[2] = error_fd;

  return self;
}

/**
 * gproc_terminal_get_is_terminal:
 * @self: a terminal
 *
 * Asks whether input comes from a terminal, and not from a pipe or a file.
 *
 * Returns: whether somebody can type there
 *
 * Since: 1.0
 */
gboolean
gproc_terminal_get_is_terminal (GProcTerminal *self)
{
  g_return_val_if_fail (GPROC_IS_TERMINAL (self), FALSE);

  return self->fds[0] >= 0 && isatty (self->fds[0]);
}

/**
 * gproc_terminal_get_size:
 * @self: a terminal
 * @rows: (out) (optional): where to put the number of rows
 * @columns: (out) (optional): where to put the number of columns
 *
 * Gets the size of the terminal that output, input or errors lead to, in this order.
 *
 * Returns: %TRUE if there is one that knows its size; otherwise both numbers are 0
 *
 * Since: 1.0
 */
gboolean
gproc_terminal_get_size (GProcTerminal *self,
                         guint         *rows,
                         guint         *columns)
{
  static const int order[] = { 1, 0, 2 };
  struct winsize size = { 0 };

  g_return_val_if_fail (GPROC_IS_TERMINAL (self), FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (order) && (size.ws_row == 0 || size.ws_col == 0); i++)
    {
      if (self->fds[order[i]] < 0 || ioctl (self->fds[order[i]], TIOCGWINSZ, &size) != 0)
        size = (struct winsize){ 0 };
    }

  if (size.ws_row == 0 || size.ws_col == 0)
    size = (struct winsize){ 0 };
  if (rows != NULL)
    *rows = size.ws_row;
  if (columns != NULL)
    *columns = size.ws_col;

  return size.ws_row > 0;
}

/**
 * gproc_terminal_get_detach_keys:
 * @self: a terminal
 *
 * Gets the keys that detach.
 *
 * Returns: (transfer none) (nullable): the keys as they were set, or %NULL if there are none
 *
 * Since: 1.0
 */
const char *
gproc_terminal_get_detach_keys (GProcTerminal *self)
{
  g_return_val_if_fail (GPROC_IS_TERMINAL (self), NULL);

  return self->detach_keys;
}

/**
 * gproc_terminal_set_detach_keys:
 * @self: a terminal
 * @detach_keys: (nullable): the keys, or %NULL for none
 * @error: where to put an error
 *
 * Sets the keys that end an attachment and leave the process running: up to 16 of them, in the form
 * that Docker has for them, single characters and `ctrl-` with a letter or one of `@[\]^_`, with
 * commas between them: `ctrl-p,ctrl-q`. There are none by default.
 *
 * They have to be typed one after the other. The first ones are held back until the next key
 * tells whether they are for the process. They count only where input is a terminal.
 *
 * Returns: %TRUE, or %FALSE with @error set to %G_IO_ERROR_INVALID_ARGUMENT if these are no keys;
 *   then they stay what they were
 *
 * Since: 1.0
 */
gboolean
gproc_terminal_set_detach_keys (GProcTerminal  *self,
                                const char     *detach_keys,
                                GError        **error)
{
  g_return_val_if_fail (GPROC_IS_TERMINAL (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->attachment != NULL)
    _gproc_attachment_replay_keys (self->attachment);
  if (!_gproc_detach_keys_parse (&self->keys, detach_keys))
    {
      /* Translators: %s is what was given as keys. */
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” are no keys such as “ctrl-p,ctrl-q”"), detach_keys);
      return FALSE;
    }

  if (g_strcmp0 (self->detach_keys, detach_keys) != 0)
    {
      g_free (self->detach_keys);
      self->detach_keys = g_strdup (detach_keys);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DETACH_KEYS]);
    }

  return TRUE;
}

/**
 * gproc_terminal_get_handle_signals:
 * @self: a terminal
 *
 * Gets whether signals are handled during an attachment.
 *
 * Returns: %FALSE by default
 *
 * Since: 1.0
 */
gboolean
gproc_terminal_get_handle_signals (GProcTerminal *self)
{
  g_return_val_if_fail (GPROC_IS_TERMINAL (self), FALSE);

  return self->handle_signals;
}

/**
 * gproc_terminal_set_handle_signals:
 * @self: a terminal
 * @handle_signals: whether to handle them
 *
 * Sets whether signals are handled during the attachments that begin afterwards. What an
 * application does about signals is its own affair, so they are not by default.
 *
 * - A signal that ends the application, by its default, puts the terminal back first:
 *   `SIGTERM`, `SIGHUP`, `SIGINT`, `SIGQUIT`, `SIGSEGV` and the like.
 * - `SIGTSTP` puts it back before the application stops; `SIGCONT` has it in raw mode again, once
 *   the application is in the foreground.
 * - The terminal of the process has the size of the user's after `SIGWINCH`.
 *
 * A signal that the application ignores, or has a handler for, is left alone; handlers of
 * `SIGWINCH` and `SIGCONT` are called too. At the end of the attachment everything is what it
 * was.
 *
 * Without this the size is looked at whenever something is typed, and by
 * [method@GProc.Terminal.sync_size].
 *
 * Since: 1.0
 */
void
gproc_terminal_set_handle_signals (GProcTerminal *self,
                                   gboolean       handle_signals)
{
  g_return_if_fail (GPROC_IS_TERMINAL (self));

  if (self->handle_signals == !!handle_signals)
    return;

  self->handle_signals = !!handle_signals;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HANDLE_SIGNALS]);
}

/**
 * gproc_terminal_get_attached:
 * @self: a terminal
 *
 * Asks whether a process is attached.
 *
 * Returns: whether it is
 *
 * Since: 1.0
 */
gboolean
gproc_terminal_get_attached (GProcTerminal *self)
{
  g_return_val_if_fail (GPROC_IS_TERMINAL (self), FALSE);

  return self->attachment != NULL;
}

/**
 * gproc_terminal_get_detached:
 * @self: a terminal
 *
 * Asks whether the last attachment was ended by the user, or by [method@GProc.Terminal.detach].
 *
 * Returns: whether it was
 *
 * Since: 1.0
 */
gboolean
gproc_terminal_get_detached (GProcTerminal *self)
{
  g_return_val_if_fail (GPROC_IS_TERMINAL (self), FALSE);

  return self->detached;
}
