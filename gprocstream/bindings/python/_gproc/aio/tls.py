# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS over the transports of this package, by Python's own ssl and asyncio's protocol for it.

What goes over the wire goes through a GProc.Reader and a GProc.Writer; the plain text is between
the stream reader and writer and asyncio. Where it is wanted as GObjects there is a bridge.
"""

import asyncio
import inspect
import ssl

NAMES = ('ssl_handshake_timeout', 'ssl_shutdown_timeout')

# Debian 12's start_tls () has the second one; older ones refuse it.
_KNOWN = inspect.signature(asyncio.BaseEventLoop.start_tls).parameters


def check(context, is_server, **timeouts):
    """Refuses what asyncio refuses."""
    if is_server and isinstance(context, bool):
        raise TypeError('ssl argument must be an SSLContext or None')
    if not context:
        for name, value in timeouts.items():
            if value is not None:
                raise ValueError(f'{name} is only meaningful with ssl')
    elif context is not True and not isinstance(context, ssl.SSLContext):
        raise TypeError(f'sslcontext is expected to be an instance of ssl.SSLContext, '
                        f'got {context!r}')


async def start(loop, transport, protocol, context, *, server_side=False, server_hostname=None,
                **timeouts):
    """Does the handshake on TRANSPORT and gives the transport of the plain text."""
    if context is True:
        context = ssl.create_default_context()
        if not server_hostname:
            context.check_hostname = False
    timeouts = {name: value for name, value in timeouts.items() if name in _KNOWN}
    # What has come already is the peer's part of the handshake, never plain text: that would be
    # taken for something that was said under the protection of TLS.
    reader = getattr(protocol, '_stream_reader', None)
    if reader is not None:
        reader._yield_to_tls()
    # It may end before it has begun; then, too, there is no half-closed state to stay in.
    protocol._over_ssl = True
    return await loop.start_tls(transport, protocol, context, server_side=server_side,
                                server_hostname=server_hostname, **timeouts)
