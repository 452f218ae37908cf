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

private void test_pipeline () {
    var pipeline = new GProc.Pipeline ();

    pipeline.append (null, { "sort", "-n" });
    pipeline.append (null, { "head", "-n", "1" });
    try {
        pipeline.spawn ();
        pipeline.stdin.queue ("3\n20\n1\n".data);
        pipeline.stdin.write_eof ();
        assert (pipeline.stdout.read_line_utf8 (null) == "1");
        assert (pipeline.wait (null) == 0);
        int[] returncodes = pipeline.get_returncodes ();
        assert (returncodes.length == 2 && returncodes[0] == 0 && returncodes[1] == 0);
    } catch (Error error) {
        assert_not_reached ();
    }
}

private async void move_bytes (GProc.Stream producer, GProc.Stream sort) throws Error {
    yield producer.splice_async (sort, IOStreamSpliceFlags.WAIT_FOR_BOTH);

    var target = new MemoryOutputStream.resizable ();
    var pump = new GProc.Pump (producer.stderr, target);
    yield pump.run_async ();
    assert ((string) target.steal_as_bytes ().get_data () == "1\n2\n");

    GProc.Pump[] pumps = { pump };
    yield GProc.Pump.run_all_async (pumps);
}

private void test_transfer () {
    var done = false;

    try {
        var producer = new GProc.Stream.newv ({ "sh", "-c", "printf '2\\n1\\n'; exec >&-; cat >&2; printf '\\000' >&2" },
                                              GProc.StreamFlags.STDERR_PIPE);
        var sort = new GProc.Stream.newv ({ "sort" }, GProc.StreamFlags.NONE);

        move_bytes.begin (producer, sort, (object, result) => {
            try {
                move_bytes.end (result);
            } catch (Error error) {
                Test.message ("%s", error.message);
                Test.fail ();
            }
            done = true;
        });
    } catch (Error error) {
        assert_not_reached ();
    }
    wait_for (() => done);
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

private async int count_frames (GProc.Demuxer demuxer) throws Error {
    Bytes? data;
    var count = 0;

    while ((yield demuxer.read_frame_async (Priority.DEFAULT, null, out data)) >= 0)
        count += data.get_size () > 0 ? 1 : 100;

    return count;
}

private void test_frames () {
    var target = new MemoryOutputStream.resizable ();
    var muxer = new GProc.Muxer (target);
    var done = false;

    try {
        muxer.queue (1, "one".data);
        muxer.queue_bytes (2, new Bytes ("two".data));
        muxer.writer.close ();

        var frames = target.steal_as_bytes ();
        var demuxer = new GProc.Demuxer (new MemoryInputStream.from_bytes (frames));
        demuxer.policy = GProc.DemuxerPolicy.GROW;
        assert (demuxer.stderr.read_line_utf8 () == "two");
        assert (demuxer.stdout.read_line_utf8 () == "one");

        var again = new GProc.Demuxer (new MemoryInputStream.from_bytes (frames));
        count_frames.begin (again, (object, result) => {
            try {
                assert (count_frames.end (result) == 2);
            } catch (Error error) {
                assert_not_reached ();
            }
            done = true;
        });
        wait_for (() => done);
    } catch (Error error) {
        assert_not_reached ();
    }
}

public int main (string[] args) {
    Test.init (ref args);
    Test.add_func ("/gproc/vala/lines", test_lines);
    Test.add_func ("/gproc/vala/launcher", test_launcher);
    Test.add_func ("/gproc/vala/pipeline", test_pipeline);
    Test.add_func ("/gproc/vala/transfer", test_transfer);
    Test.add_func ("/gproc/vala/errors", test_errors);
    Test.add_func ("/gproc/vala/frames", test_frames);
    Test.add_func ("/gproc/vala/stream-is-an-io-stream", test_stream_is_an_io_stream);
    return Test.run ();
}
