#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A window that shows what a program writes, while it writes it. The program is told that it writes
to a terminal, so that no line waits in it until four kilobytes have gathered; there is no emulator of
one. When the window is closed the program is stopped.

usage: log-window.py [--close] [--save=FILE] COMMAND [ARGUMENT…]
"""

import argparse
import asyncio
import signal
import sys

import gi

gi.require_version('GProc', '1')
gi.require_version('Gtk', '4.0')

from gi.repository import Gio, GLib, GProc, Gtk  # noqa: E402

# So many lines stay, and so many are taken in before anything is drawn.
MAX_LINES = 10000
LINES_AT_ONCE = 1000
GRACE_MS = 3000


def start(command):
    # Nobody could show colours, or move a cursor.
    launcher = GProc.Launcher(stdin=GProc.Disposition.NULL, stdout=GProc.Disposition.PTY,
                              stderr=GProc.Disposition.STDOUT)
    launcher.setenv('TERM', 'dumb', True)
    return launcher.spawn(command)


class LogWindow(Gtk.ApplicationWindow):
    def __init__(self, application, options):
        process = start(options.command)
        super().__init__(application=application, title=options.command[0], default_width=800,
                         default_height=500)
        self.options = options
        self.view = Gtk.TextView(editable=False, monospace=True)
        self.buffer = self.view.get_buffer()
        self.end = self.buffer.create_mark(None, self.buffer.get_end_iter(), False)
        self.set_child(Gtk.ScrolledWindow(child=self.view))
        self.process = process
        self.count = 0
        self.task = GProc.create_task(self.run())
        self.connect('close-request', LogWindow.close_requested)

    def append(self, text):
        position = self.view.get_vadjustment()
        follows = position.get_value() + position.get_page_size() >= position.get_upper() - 1
        self.buffer.insert(self.buffer.get_end_iter(), text)
        surplus = self.buffer.get_line_count() - 1 - MAX_LINES
        if surplus > 0:
            self.buffer.delete(self.buffer.get_start_iter(), self.buffer.get_iter_at_line(surplus)[1])
        # Who has scrolled up wants to read there.
        if follows:
            self.view.scroll_mark_onscreen(self.end)

    async def show_lines(self):
        """As many at once as there are, at a priority below that of everything that is drawn."""
        while lines := await self.process.stdout.read_lines_async(LINES_AT_ONCE, GLib.PRIORITY_LOW):
            text = lines.get_data().decode(errors='replace').splitlines()
            self.append('\n'.join(text) + '\n')
            self.count += len(text)

    async def run(self):
        lines = GProc.create_task(self.show_lines())
        # A daemon that was left behind may keep the output open for ever.
        self.process.connect('pipes-held', lambda _: lines.cancel())
        await asyncio.wait([lines])
        returncode = await self.process.wait_async()
        if returncode < 0:
            title = f'{self.process.command} was ended by signal {-returncode}'
        else:
            title = f'{self.process.command} exited with {returncode}'
        print(f'{title}: {self.count} lines')
        self.set_title(title)
        if self.options.save:
            with open(self.options.save, 'w', encoding='utf-8') as file:
                file.write(self.buffer.get_text(*self.buffer.get_bounds(), True))
        # One that is not shown any more has only waited for this.
        if self.options.close or not self.get_visible():
            self.destroy()

    async def stop(self):
        await self.process.stop_async(GRACE_MS)

    def close_requested(self):
        if not self.process.running:
            return False
        self.set_visible(False)
        GProc.create_task(self.stop())
        return True


class Application(Gtk.Application):
    def __init__(self, options):
        super().__init__(flags=Gio.ApplicationFlags.NON_UNIQUE)
        self.options = options
        self.status = 1

    def do_activate(self):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGINT, self.interrupted)
        try:
            window = LogWindow(self, self.options)
        except GLib.Error as error:
            print(f'log-window.py: {error.message}', file=sys.stderr)
            return
        window.task.add_done_callback(lambda _: self.ended(window))
        window.present()

    def interrupted(self):
        for window in self.get_windows():
            window.close()
        return GLib.SOURCE_CONTINUE

    def ended(self, window):
        self.status = window.process.shell_status
        window.task.result()


parser = argparse.ArgumentParser()
parser.add_argument('--close', action='store_true', help='close at the end of COMMAND')
parser.add_argument('--save', metavar='FILE', help='save what was shown')
parser.add_argument('command', nargs=argparse.REMAINDER)
arguments = parser.parse_args()
if not arguments.command:
    parser.error('COMMAND is missing')
application = Application(arguments)
application.run([])
sys.exit(application.status)
