#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The TCP echo server of Python's documentation of asyncio streams, moved by its import.

Below the import it is the text of the documentation, whose examples are also under 0BSD.

usage: asyncio-echo-server.py
"""

import gi
gi.require_version('GProc', '1')
from gi.repository.GProc import aio as asyncio

async def handle_echo(reader, writer):
    data = await reader.read(100)
    message = data.decode()
    addr = writer.get_extra_info('peername')

    print(f"Received {message!r} from {addr!r}")

    print(f"Send: {message!r}")
    writer.write(data)
    await writer.drain()

    print("Close the connection")
    writer.close()
    await writer.wait_closed()

async def main():
    server = await asyncio.start_server(
        handle_echo, '127.0.0.1', 8888)

    addrs = ', '.join(str(sock.getsockname()) for sock in server.sockets)
    print(f'Serving on {addrs}')

    async with server:
        await server.serve_forever()

asyncio.run(main())
