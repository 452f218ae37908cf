/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is promised to every language, in Vala: each test is an asynchronous method that a user
 * could have written. */

private string testprog;

/* Ends the test, loudly, for what should have been an error. */
private void unreached (string what) {
    error ("%s: should have failed", what);
}

private void assert_bytes (Bytes? bytes, uint8[] expected) {
    assert (bytes != null && bytes.compare (new Bytes (expected)) == 0);
}

/* Two spellings of one constructor, with and without the flags that are the default. */
private async void constructors () throws Error {
    var plain = new GProc.Stream ({ "printf", "a" });
    var flags = new GProc.Stream ({ "sh", "-c", "printf b >&2" }, GProc.StreamFlags.STDERR_PIPE);
    var named = new GProc.Stream.newv ({ "printf", "c" });

    assert (plain.stderr == null && flags.stderr != null);
    assert_bytes (yield plain.stdout.read_to_end_async (), "a".data);
    assert_bytes (yield flags.stderr.read_to_end_async (), "b".data);
    assert_bytes (yield named.stdout.read_to_end_async (), "c".data);
    assert (plain.stdin is GProc.Writer && plain.stdout.stream_number == 1);
    assert (flags.stderr.stream_number == 2 && plain.command == "printf");
    foreach (var stream in new GProc.Stream[] { plain, flags, named })
        assert (yield stream.wait_check_async ());
}

private async void eof_is_no_empty_line () throws Error {
    var printf = new GProc.Stream ({ "printf", "a\\n\\nend" });

    assert_bytes (yield printf.stdout.read_line_async (), "a\n".data);
    assert_bytes (yield printf.stdout.read_line_async (), "\n".data);
    assert_bytes (yield printf.stdout.read_line_async (), "end".data);
    assert ((yield printf.stdout.read_line_async ()) == null);
    assert ((yield printf.stdout.read_line_utf8_async ()) == null);
    assert (printf.stdout.at_eof ());

    var text = new GProc.Stream ({ "printf", "\\n" });
    assert ((yield text.stdout.read_line_utf8_async ()) == "");
    assert ((yield text.stdout.read_line_utf8_async ()) == null);
    assert ((yield text.stdout.read_some_async (10)) == null);
    assert ((yield text.stdout.read_lines_async (10)) == null);
    assert ((yield text.stdout.read_to_end_async ()).length == 0);
}

private async void nul_is_data () throws Error {
    var cat = new GProc.Stream ({ "cat" });

    cat.stdin.queue ({ 0, 'a', 0, '\n', 0xff, '\n', 'x', 0 });
    cat.stdin.write_eof ();
    assert_bytes (yield cat.stdout.read_line_async (), { 0, 'a', 0, '\n' });

    // What is no text stays for those who read bytes.
    try {
        yield cat.stdout.read_line_utf8_async ();
        unreached ("a line that is no UTF-8");
    } catch (IOError.INVALID_DATA error) {
        assert_bytes (yield cat.stdout.read_line_async (), { 0xff, '\n' });
    }
    assert_bytes (yield cat.stdout.read_until_async ({ 0 }), { 'x', 0 });
    assert ((yield cat.wait_async ()) == 0);
}

private async void separators_are_an_array () throws Error {
    var printf = new GProc.Stream ({ "printf", "ABCDEFG;rest" });
    Bytes[] separators = { new Bytes ("DEF".data), new Bytes ("BCDE".data) };

    assert_bytes (printf.stdout.read_until_any (separators), "ABCDE".data);
    separators += new Bytes (";".data);
    assert_bytes (yield printf.stdout.read_until_any_async (separators), "FG;".data);
    try {
        yield printf.stdout.read_until_any_async (separators);
        unreached ("a read up to what does not come");
    } catch (GProc.StreamError.INCOMPLETE_READ error) {
        assert_bytes (printf.stdout.last_partial, "rest".data);
    }
}

private async void cancelling_loses_nothing () throws Error {
    var cat = new GProc.Stream ({ "cat" });
    var cancellable = new Cancellable ();

    cat.stdin.queue ("half".data);
    assert_bytes (yield cat.stdout.read_exactly_async (2), "ha".data);
    Idle.add (() => {
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield cat.stdout.read_line_async (Priority.DEFAULT, cancellable);
        unreached ("a cancelled read");
    } catch (IOError.CANCELLED error) {
    }
    cat.stdin.queue (" a line\n".data);
    assert_bytes (yield cat.stdout.read_line_async (), "lf a line\n".data);

    try {
        yield cat.wait_async (Priority.DEFAULT, cancellable);
        unreached ("a cancelled wait");
    } catch (IOError.CANCELLED error) {
        assert (cat.running && cat.returncode == GProc.RETURNCODE_NONE);
    }
    yield cat.close_async ();
    assert ((yield cat.wait_async ()) == 0);
}

private async void a_timeout_stops_and_shows () throws Error {
    var launcher = new GProc.Launcher () { timeout = 100, stop_grace = 50 };
    var stubborn = launcher.spawn ({ "sh", "-c", "trap '' TERM; echo ready; exec sleep 1000" });

    assert_bytes (yield stubborn.stdout.read_line_async (), "ready\n".data);
    try {
        yield stubborn.wait_async ();
        unreached ("a wait for what timed out");
    } catch (IOError.TIMED_OUT error) {
        assert (stubborn.timed_out && stubborn.get_term_sig () == Posix.Signal.KILL);
        assert (stubborn.returncode == -(int) Posix.Signal.KILL && "sh" in error.message);
    }
}

private async void stopping_asks_first () throws Error {
    var polite = new GProc.Stream ({ "sh", "-c", "trap 'exit 7' TERM; echo ready; read line" });

    assert ((yield polite.stdout.read_line_utf8_async ()) == "ready");
    yield polite.stop_async (60000);
    assert (polite.returncode == 7);

    var stubborn = new GProc.Stream ({ "sh", "-c", "trap '' TERM; echo ready; exec sleep 1000" });
    assert ((yield stubborn.stdout.read_line_utf8_async ()) == "ready");
    yield stubborn.stop_async (1);
    assert (stubborn.returncode == -(int) Posix.Signal.KILL);
}

private async void errors_have_domains () throws Error {
    try {
        new GProc.Stream ({ "gproc-no-such-program" });
        unreached ("a program that is missing");
    } catch (IOError.NOT_FOUND error) {
        assert ("gproc-no-such-program" in error.message);
    }

    var printf = new GProc.Stream ({ "printf", "123456789" });
    printf.stdout.limit = 4;
    try {
        yield printf.stdout.read_line_async ();
        unreached ("a line beyond the limit");
    } catch (GProc.StreamError.LIMIT_OVERRUN error) {
        assert (error.domain == GProc.StreamError.quark ());
        assert (printf.stdout.last_consumed > 0);
    }
    printf.stdout.limit_policy = GProc.LimitPolicy.SPLIT;
    assert_bytes (yield printf.stdout.read_line_async (), "1234".data);
    try {
        yield printf.stdout.read_exactly_async (10);
        unreached ("a read beyond the end");
    } catch (GProc.StreamError.INCOMPLETE_READ error) {
        assert_bytes (printf.stdout.last_partial, "56789".data);
        assert (printf.stdout.last_expected == 10);
    }
    try {
        printf.stdout.try_read_line ();
        printf.stdin.write_eof ();
        printf.stdin.queue ("late".data);
        unreached ("a queue after the end");
    } catch (IOError.CLOSED error) {
    }

    // One clause takes every code of a domain.
    try {
        var failing = new GProc.Stream ({ "sh", "-c", "exit 3" }, GProc.StreamFlags.STDIN_NULL);
        yield failing.wait_check_async ();
        unreached ("a check of a failure");
    } catch (GProc.StreamError error) {
        assert (error is GProc.StreamError.EXIT_STATUS && "3" in error.message);
    }
}

private async void reading_twice_at_once_is_refused () throws Error {
    var cat = new GProc.Stream ({ "cat" });
    var first_ended = false;

    cat.stdout.read_line_async.begin (Priority.DEFAULT, null, (object, result) => {
        try {
            assert_bytes (cat.stdout.read_line_async.end (result), "one\n".data);
            first_ended = true;
        } catch (Error error) {
            unreached (error.message);
        }
    });
    try {
        yield cat.stdout.read_line_async ();
        unreached ("a second read");
    } catch (IOError.PENDING error) {
    }
    cat.stdin.queue ("one\ntwo\n".data);
    while (!first_ended) {
        Idle.add (reading_twice_at_once_is_refused.callback);
        yield;
    }
    assert_bytes (yield cat.stdout.read_line_async (), "two\n".data);
    cat.abort ();
    assert ((yield cat.wait_async ()) == -(int) Posix.Signal.KILL);
}

private async void exit_codes_and_signals () throws Error {
    var exits = new GProc.Stream ({ "sh", "-c", "exit 42" });
    assert ((yield exits.wait_async ()) == 42);
    assert (exits.get_if_exited () && exits.get_exit_status () == 42 && !exits.get_successful ());

    var killed = new GProc.Stream ({ "cat" });
    int reported = 0;
    bool ended = false;
    killed.exited.connect (returncode => reported = returncode);
    killed.output_ended.connect (() => ended = true);
    killed.notify["running"].connect (() => assert (!killed.running));
    killed.send_signal (Posix.Signal.USR1);
    assert ((yield killed.wait_async ()) == -(int) Posix.Signal.USR1);
    assert (killed.get_if_signaled () && killed.get_term_sig () == Posix.Signal.USR1);
    assert (killed.shell_status == 128 + Posix.Signal.USR1);
    assert ((yield killed.stdout.read_line_async ()) == null);
    while (reported == 0 || !ended) {
        Idle.add (exit_codes_and_signals.callback);
        yield;
    }
    assert (reported == -(int) Posix.Signal.USR1);
    try {
        yield killed.wait_check_async ();
        unreached ("a check of what was killed");
    } catch (GProc.StreamError.SIGNALED error) {
    }
    try {
        killed.terminate ();
        unreached ("a signal to what is over");
    } catch (Error error) {
        assert (error is IOError);
    }
}

private async void a_held_pipe_is_told () throws Error {
    var launcher = new GProc.Launcher () { post_exit_grace = 10 };
    var parent = launcher.spawn ({ testprog, "fork-and-hold", "4" });
    bool held = false;

    parent.pipes_held.connect (() => held = true);
    assert ((yield parent.wait_async ()) == 4);
    while (!held) {
        Idle.add (a_held_pipe_is_told.callback);
        yield;
    }
    assert (!parent.running);
    var grandchild = (Posix.pid_t) int.parse (yield parent.stdout.read_line_utf8_async ());
    assert (Posix.kill (grandchild, Posix.Signal.KILL) == 0);
    assert ((yield parent.stdout.read_line_async ()) == null);
}

private async void a_flood_of_errors_does_not_block () throws Error {
    const string SCRIPT = "head -c 3000000 /dev/zero >&2; cat; echo done";
    var launcher = new GProc.Launcher ();
    var result = yield launcher.run_async ({ "sh", "-c", SCRIPT }, new Bytes ("in ".data));
    assert (result.stdout_utf8 == "in done\n" && result.stderr.length == 3000000);
    assert (result.returncode == 0 && result.successful && !result.truncated);

    // Waiting before reading collects both.
    var waits = new GProc.Stream ({ "sh", "-c", SCRIPT }, GProc.StreamFlags.STDERR_PIPE);
    waits.stdin.write_eof ();
    assert ((yield waits.wait_buffered_async (10000000)) == 0);
    assert ((yield waits.stderr.read_to_end_async ()).length == 3000000);
    assert ((yield waits.stdout.read_line_utf8_async ()) == "done");

    // Either can be told to go elsewhere.
    var silent = new GProc.Stream ({ "sh", "-c", SCRIPT },
                                   GProc.StreamFlags.STDERR_NULL | GProc.StreamFlags.STDIN_NULL);
    assert ((yield silent.stdout.read_line_utf8_async ()) == "done");
    var merged = new GProc.Stream ({ "sh", "-c", "echo a; echo b >&2" }, GProc.StreamFlags.STDERR_STDOUT);
    assert_bytes (yield merged.stdout.read_to_end_async (), "a\nb\n".data);
}

private async void answer (int number, int[] counts) throws Error {
    var cat = new GProc.Stream ({ "cat" });
    cat.stdin.queue ("%d\n".printf (number).data);
    yield cat.stdin.drain_async ();
    cat.stdin.write_eof ();
    assert (int.parse (yield cat.stdout.read_line_utf8_async ()) == number);
    assert ((yield cat.stdout.read_line_async ()) == null);
    counts[0] += (yield cat.wait_async ()) == 0 ? 1 : 0;
}

private async void two_hundred_at_once () throws Error {
    var done = 0;
    int[] counts = { 0 };
    for (int i = 0; i < 200; i++) {
        answer.begin (i, counts, (object, result) => {
            try {
                answer.end (result);
            } catch (Error error) {
                unreached (error.message);
            }
            if (++done == 200)
                two_hundred_at_once.callback ();
        });
    }
    yield;
    assert (counts[0] == 200);
}

/* Code that knows GIO and nothing of this library. */
private async string[] lines_of (InputStream input) throws Error {
    var data = new DataInputStream (input);
    string[] lines = {};
    string? line;
    while ((line = yield data.read_line_async ()) != null)
        lines += line;
    return lines;
}

private async void a_reader_is_an_input_stream () throws Error {
    string[] lines = yield lines_of (new GProc.Stream ({ "printf", "a\\n\\nb" }).input_stream);
    assert (lines.length == 3 && lines[0] == "a" && lines[1] == "" && lines[2] == "b");

    var cat = new GProc.Stream ({ "cat" });
    yield cat.output_stream.write_all_async ("abc".data, Priority.DEFAULT, null, null);
    cat.stdin.write_eof ();
    assert_bytes (yield cat.input_stream.read_bytes_async (2), "ab".data);
    var rest = new MemoryOutputStream.resizable ();
    yield rest.splice_async (cat.input_stream, OutputStreamSpliceFlags.CLOSE_TARGET);
    assert_bytes (rest.steal_as_bytes (), "c".data);
    assert ((yield cat.input_stream.read_bytes_async (2)).length == 0);
    var poll = cat.stdout as PollableInputStream;
    assert (poll != null && poll.can_poll () && poll.is_readable ());
}

private async void extra_pipes_and_files () throws Error {
    var launcher = new GProc.Launcher () { cwd = "/", stdin = GProc.Disposition.NULL };
    launcher.add_pipe (5, GProc.PipeDirection.READ);
    launcher.set_stderr_file ("/dev/null");
    var stream = launcher.spawn ({ "sh", "-c", "pwd >&5; echo gone >&2" });
    assert ((yield stream.get_reader (5).read_line_utf8_async ()) == "/");
    assert (stream.stdin == null && stream.stderr == null);
    assert (yield stream.wait_check_async ());
}

private async void a_foreign_loop_can_drive_it () throws Error {
    var cat = new GProc.Stream ({ "cat" });
    GProc.Reader[] readers = { cat.stdout };

    assert (GProc.select (readers, null, 0).length == 0);
    cat.stdin.queue ("ready\n".data);
    cat.stdin.try_flush ();
    assert (GProc.select (readers, null).length == 1);
    assert_bytes (cat.stdout.try_read_line (), "ready\n".data);
    try {
        cat.stdout.try_read_line ();
        unreached ("a line that is not there yet");
    } catch (IOError.WOULD_BLOCK error) {
    }
    cat.stop (1000);
    assert (cat.try_wait () == -(int) Posix.Signal.TERM);
}

/* A process that is none, to show what a backend must bring and what it may leave out. */
private class Recording : Object, GProc.Backend {
    public int signals;

    public bool try_wait (out int returncode) {
        returncode = 5;
        return true;
    }

    public async bool wait_async (int io_priority, Cancellable? cancellable,
                                  out int returncode) throws Error {
        // Of the context of the caller, which is not always the default one.
        var idle = new IdleSource ();
        idle.set_priority (io_priority);
        idle.set_callback (wait_async.callback);
        idle.attach (MainContext.get_thread_default ());
        yield;
        returncode = 5;
        return true;
    }

    public bool send_signal (int signum, bool to_group) throws Error {
        signals++;
        return true;
    }
}

/* One that only knows how to block. */
private class Blocking : Object, GProc.Backend {
    public bool try_wait (out int returncode) {
        returncode = GProc.RETURNCODE_NONE;
        return false;
    }

    public bool wait (out int returncode, Cancellable? cancellable) throws Error {
        returncode = 6;
        return true;
    }

    public bool send_signal (int signum, bool to_group) throws Error {
        return true;
    }

    public int ends = 0;

    public void output_ended () {
        ends++;
    }

    public unowned string? get_command () {
        return "dozer";
    }
}

private async void a_backend_may_only_block () throws Error {
    var blocking = new Blocking ();
    var stream = new GProc.Stream.for_backend (blocking, null, null, null);

    assert ((yield stream.wait_async ()) == 6);
    assert (stream.returncode == 6 && stream.stdout == null);
    assert (blocking.ends == 0);

    stream = new GProc.Stream.for_backend (blocking, null,
                                           new MemoryInputStream.from_data ("all".data), null);
    assert (stream.communicate (null).get_returncode () == 6);
    assert (blocking.ends == 1);
}

private async void a_backend_is_a_process () throws Error {
    var recording = new Recording ();
    var output = new MemoryInputStream.from_data ("played\nback".data);
    var stream = new GProc.Stream.for_backend (recording, null, output, null);

    assert ((yield stream.stdout.read_line_utf8_async ()) == "played");
    assert ((yield stream.stdout.read_line_utf8_async ()) == "back");
    assert ((yield stream.wait_async ()) == 5);
    assert (stream.wait () == 5 && stream.identifier == null && stream.backend == recording);
    try {
        stream.resize (24, 80);
        unreached ("resizing what has no terminal");
    } catch (IOError.NOT_SUPPORTED error) {
    }
}

private async void run (string name) throws Error {
    switch (name) {
    case "constructors": yield constructors (); break;
    case "eof-is-no-empty-line": yield eof_is_no_empty_line (); break;
    case "nul-is-data": yield nul_is_data (); break;
    case "separators-are-an-array": yield separators_are_an_array (); break;
    case "cancelling-loses-nothing": yield cancelling_loses_nothing (); break;
    case "a-timeout-stops-and-shows": yield a_timeout_stops_and_shows (); break;
    case "stopping-asks-first": yield stopping_asks_first (); break;
    case "errors-have-domains": yield errors_have_domains (); break;
    case "reading-twice-at-once-is-refused": yield reading_twice_at_once_is_refused (); break;
    case "exit-codes-and-signals": yield exit_codes_and_signals (); break;
    case "a-held-pipe-is-told": yield a_held_pipe_is_told (); break;
    case "a-flood-of-errors-does-not-block": yield a_flood_of_errors_does_not_block (); break;
    case "two-hundred-at-once": yield two_hundred_at_once (); break;
    case "a-reader-is-an-input-stream": yield a_reader_is_an_input_stream (); break;
    case "extra-pipes-and-files": yield extra_pipes_and_files (); break;
    case "a-foreign-loop-can-drive-it": yield a_foreign_loop_can_drive_it (); break;
    case "a-backend-may-only-block": yield a_backend_may_only_block (); break;
    case "a-backend-is-a-process": yield a_backend_is_a_process (); break;
    default: assert_not_reached ();
    }
}

private void run_test (string name) {
    var loop = new MainLoop ();

    run.begin (name, (object, result) => {
        try {
            run.end (result);
        } catch (Error error) {
            Test.message ("%s", error.message);
            Test.fail ();
        }
        loop.quit ();
    });
    loop.run ();
}

public int main (string[] args) {
    const string[] NAMES = {
        "constructors", "eof-is-no-empty-line", "nul-is-data", "separators-are-an-array",
        "cancelling-loses-nothing", "a-timeout-stops-and-shows", "stopping-asks-first", "errors-have-domains",
        "reading-twice-at-once-is-refused", "exit-codes-and-signals", "a-held-pipe-is-told",
        "a-flood-of-errors-does-not-block", "two-hundred-at-once", "a-reader-is-an-input-stream",
        "extra-pipes-and-files", "a-foreign-loop-can-drive-it", "a-backend-is-a-process",
        "a-backend-may-only-block",
    };

    Test.init (ref args);
    testprog = Environment.get_variable ("GPROC_TESTPROG");
    foreach (var name in NAMES) {
        var test = name;
        Test.add_data_func ("/gproc/vala/" + test, () => run_test (test));
    }
    return Test.run ();
}
