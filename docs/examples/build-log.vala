/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a build, or anything that takes its time, and shows each line of both its outputs with
 * its number and when it came. Ctrl+C stops it, and so does the timeout: politely first, and
 * with all that it started. A window would show the lines in the same way, and stop the build
 * when it is closed.
 *
 * usage: build-log SECONDS COMMAND [ARGUMENT…]
 *
 * Build it with:
 *   valac --pkg posix --pkg gprocstream-1 build-log.vala */

class BuildLog : Object {
    private Timer timer = new Timer ();
    private GProc.Stream build;
    private Cancellable reading = new Cancellable ();
    private uint n_lines;
    private bool stopped;

    public async int run (uint seconds, string[] argv) throws Error {
        // Both outputs in the order in which they are written.
        var launcher = new GProc.Launcher () {
            stdin = GProc.Disposition.NULL,
            stderr = GProc.Disposition.STDOUT,
            timeout = seconds * 1000,
            stop_grace = 3000,
        };
        build = launcher.spawn (argv);

        // A daemon that the build left behind may keep its output open for ever.
        build.pipes_held.connect (reading.cancel);
        Unix.signal_add (Posix.Signal.INT, () => {
            stop.begin ();
            return Source.REMOVE;
        });

        yield show_lines ();
        return yield tell_the_end ();
    }

    /* As many lines as there are, at a priority below that of everything that is drawn. */
    private async void show_lines () throws Error {
        try {
            Bytes? lines;
            while ((lines = yield build.stdout.read_lines_async (1000, Priority.LOW, reading)) != null) {
                foreach (unowned var line in split_lines (lines))
                    print ("%4u %6.1f s  %s\n", ++n_lines, timer.elapsed (), line);
            }
        } catch (IOError.CANCELLED error) {
            print ("            something that it started still runs\n");
        }
    }

    private string[] split_lines (Bytes block) {
        var text = ((string) block.get_data ()).make_valid (block.length);
        var lines = text.split ("\n");

        // Only at the end of the output something may follow the last newline.
        return text.has_suffix ("\n") ? lines[0:lines.length - 1] : lines;
    }

    private async int tell_the_end () throws Error {
        string how;
        try {
            var returncode = yield build.wait_async ();
            how = returncode < 0 ? @"was ended by signal $(-returncode)" : @"exited with $returncode";
        } catch (IOError.TIMED_OUT error) {
            how = "took too long and was stopped";
        }
        if (stopped)
            how = "was stopped";
        print ("%s %s: %u lines, %.1f s\n", build.command, how, n_lines, timer.elapsed ());
        return build.shell_status;
    }

    private async void stop () {
        stopped = true;
        try {
            yield build.stop_async (3000);
        } catch (Error error) {
            printerr ("build-log: %s\n", error.message);
        }
    }
}

int main (string[] args) {
    var loop = new MainLoop ();
    var log = new BuildLog ();
    var status = 1;

    Intl.setlocale ();
    if (args.length < 3) {
        printerr ("usage: build-log SECONDS COMMAND [ARGUMENT…]\n");
        return 1;
    }

    log.run.begin (int.parse (args[1]), args[2:args.length], (object, result) => {
        try {
            status = log.run.end (result);
        } catch (Error error) {
            printerr ("build-log: %s\n", error.message);
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
