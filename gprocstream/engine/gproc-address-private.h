/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where an engine is. Parsing does no more than look whether the default sockets are there. */

typedef enum
{
  GPROC_ADDRESS_UNIX,
  GPROC_ADDRESS_TCP,
  GPROC_ADDRESS_SSH
} GProcAddressKind;

typedef struct
{
  GProcAddressKind kind;
  char *text; /* As it was given, or found. */

  char *path; /* Of the socket; with ssh there, NULL for the default one. */
  char *host;
  guint16 port; /* With ssh 0: that of its configuration. */
  char *user;   /* With ssh; NULL: that of its configuration. */

  gboolean tls;
  gboolean tls_verify;
  char *cert_path; /* The folder of ca.pem, cert.pem and key.pem. */
} GProcAddress;

/* NULL for @text: that of the environment, then the first default socket that is there. */
GProcAddress *_gproc_address_parse (const char  *text,
                                    GError     **error);
void _gproc_address_free (GProcAddress *self);

/* What is run for an address of ssh: @command, and what it needs to reach the engine. */
char **_gproc_address_get_ssh_argv (const GProcAddress *self,
                                    const char * const *command);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GProcAddress, _gproc_address_free)

G_END_DECLS
