/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gprocstream/gprocstream.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a launcher says of a process in a container. */
typedef struct
{
  gboolean tty;
  gboolean has_stdin;
  gboolean has_stdout;
  gboolean has_stderr; /* One of its own: a terminal has none. */
  guint rows;          /* 0: whatever the engine makes it. */
  guint columns;

  gsize output_limit; /* Of the stream; 0: that of a new one. */
  gsize reader_limit;
  gssize high_watermark; /* −1: that of a new writer. */
  gssize low_watermark;
  int post_exit_grace_ms;
} GProcConfig;

/* NULL for @launcher: three pipes. FALSE with @error set to %G_IO_ERROR_NOT_SUPPORTED if
 * something is set that a process in a container cannot have. */
gboolean _gproc_config_init (GProcConfig    *self,
                             GProcLauncher  *launcher,
                             GError        **error);

/* The body of the request that makes the process. @argv can be NULL for a container whose image
 * has a command. */
JsonNode *_gproc_config_make_exec (const GProcConfig  *self,
                                   const char * const *argv,
                                   GProcLauncher      *launcher);
JsonNode *_gproc_config_make_container (const GProcConfig  *self,
                                        const char         *image,
                                        const char * const *argv,
                                        GProcLauncher      *launcher);

/* The size that the terminal begins with, as members of an object: Docker has one name for it,
 * Podman two. An engine that knows neither is told when the process runs. */
void _gproc_config_add_size (const GProcConfig *self,
                             JsonBuilder       *builder);

/* What of it is a matter of the stream. */
void _gproc_config_apply (const GProcConfig *self,
                          GProcStream       *stream);

G_END_DECLS
