/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Raw mode of the user's terminal, which is the terminal of other programs too: it is put back
 * whatever happens to this one. */

typedef struct _GProcTerminalMode GProcTerminalMode;

/* Puts the terminal that @fd leads to into raw mode, as soon as this process is in its
 * foreground. NULL with errno if it cannot be. @fd is borrowed. */
GProcTerminalMode *_gproc_terminal_mode_enter (int fd);

/* Again, where it was not possible before. */
void _gproc_terminal_mode_apply (GProcTerminalMode *self);

/* Puts it back, and frees @self. */
void _gproc_terminal_mode_leave (GProcTerminalMode *self);

/* Both for all terminals in raw mode, and safe in the handler of a signal. */
void _gproc_terminal_modes_restore (void);
void _gproc_terminal_modes_apply (void);

/* Signals while somebody has asked for them: those that end this process by their default put
 * terminals back first, as does SIGTSTP; SIGCONT undoes that. Gives a descriptor that becomes
 * ready for reading after SIGWINCH and SIGCONT; −1 with errno. */
int _gproc_terminal_signals_acquire (void);

/* Closes @fd. With the last one the handlers are what they were before. */
void _gproc_terminal_signals_release (int fd);

G_END_DECLS
