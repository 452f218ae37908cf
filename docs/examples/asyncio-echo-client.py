#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The TCP echo client of Python's documentation of asyncio streams, moved by its import.

Below the import it is the text of the documentation, whose examples are also under 0BSD.

usage: asyncio-echo-client.py
"""

import gi
gi.require_version('GProc', '1')
from gi.repository.GProc import aio as asyncio

async def tcp_echo_client(message):
    reader, writer = await asyncio.open_connection(
        '127.0.0.1', 8888)

    print(f'Send: {message!r}')
    writer.write(message.encode())
    await writer.drain()

    data = await reader.read(100)
    print(f'Received: {data.decode()!r}')

    print('Close the connection')
    writer.close()
    await writer.wait_closed()

asyncio.run(tcp_echo_client('Hello World!'))
