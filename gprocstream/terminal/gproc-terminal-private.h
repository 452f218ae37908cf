/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "streams/gproc-reader.h"
#include "streams/gproc-writer.h"
#include "terminal/gproc-detach-keys-private.h"
#include "terminal/gproc-terminal.h"

G_BEGIN_DECLS

/* What the files of GProcTerminal share. */

typedef struct _GProcAttachment GProcAttachment;

struct _GProcTerminal
{
  GObject parent_instance;

  int fds[3]; /* Borrowed: those of input, output and errors; −1 for none. */

  /* Made by the first attachment. The reader keeps what was typed and not taken. */
  GProcReader *input;
  GProcWriter *outputs[2];

  char *detach_keys;
  GProcDetachKeys keys;
  gboolean handle_signals;
  gboolean detached;           /* That is how the last attachment ended. */
  GProcAttachment *attachment; /* The one that is under way. */
};

/* gproc-terminal.c */
void _gproc_terminal_notify_attached (GProcTerminal *self);

/* gproc-terminal-attach.c: what is held back of the keys goes to the process. */
void _gproc_attachment_replay_keys (GProcAttachment *attachment);

G_END_DECLS
