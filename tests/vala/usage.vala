/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The programs that users will want to write, in Vala. */

private void wait_for (SourceFunc done) {
    while (!done ())
        MainContext.default ().iteration (true);
}

private async int sort_numbers (string numbers, Array<string> lines) throws Error {
    var sort = new GProc.Stream.newv ({ "sort", "-n" }, GProc.StreamFlags.NONE);

    sort.stdin.queue_bytes (new Bytes (numbers.data));
    sort.stdin.write_eof ();
    for (Bytes? line; (line = yield sort.stdout.read_line_async ()) != null;)
        lines.append_val (((string) line.get_data ()).substring (0, line.length - 1));

    return yield sort.wait_async ();
}

private void test_lines () {
    var lines = new Array<string> ();
    var done = false;

    sort_numbers.begin ("3\n20\n1\n", lines, (object, result) => {
        try {
            assert (sort_numbers.end (result) == 0);
        } catch (Error error) {
            Test.message ("%s", error.message);
            Test.fail ();
        }
        done = true;
    });
    assert (!done);
    wait_for (() => done);
    assert (lines.length == 3);
    assert (lines.index (0) == "1" && lines.index (1) == "3" && lines.index (2) == "20");
}

private void test_launcher () {
    var launcher = new GProc.Launcher ();

    try {
        launcher.setenv ("GREETING", "hello", true);
        var result = launcher.run ({ "sh", "-c", "cat; echo $GREETING" }, new Bytes ("in ".data), null);
        assert (result.get_stdout_utf8 () == "in hello\n");
        assert (result.get_returncode () == 0);
    } catch (Error error) {
        assert_not_reached ();
    }
}

private void test_errors () {
    try {
        new GProc.Stream.newv ({ "false" }, GProc.StreamFlags.NONE).wait_check (null);
        assert_not_reached ();
    } catch (GProc.StreamError.EXIT_STATUS error) {
        assert ("false" in error.message);
    } catch (Error error) {
        assert_not_reached ();
    }

    try {
        new GProc.Stream.newv ({ "gproc-no-such-program" }, GProc.StreamFlags.NONE);
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
        assert ("gproc-no-such-program" in error.message);
    } catch (Error error) {
        assert_not_reached ();
    }
}

private void test_stream_is_an_io_stream () {
    try {
        IOStream cat = new GProc.Stream.newv ({ "cat" }, GProc.StreamFlags.NONE);
        size_t count;
        uint8 buffer[5];

        cat.output_stream.write_all ("abcde".data, out count, null);
        cat.input_stream.read_all (buffer, out count, null);
        assert (count == 5 && buffer[0] == 'a' && buffer[4] == 'e');
        cat.close (null);
    } catch (Error error) {
        assert_not_reached ();
    }
}

public int main (string[] args) {
    Test.init (ref args);
    Test.add_func ("/gproc/vala/lines", test_lines);
    Test.add_func ("/gproc/vala/launcher", test_launcher);
    Test.add_func ("/gproc/vala/errors", test_errors);
    Test.add_func ("/gproc/vala/stream-is-an-io-stream", test_stream_is_an_io_stream);
    return Test.run ();
}
