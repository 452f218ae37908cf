// SPDX-License-Identifier: LGPL-2.1-or-later

// A process in a container of a real engine, from Vala. To be run by run.sh.

async int converse (GProcEngine.Engine engine, string container) throws Error {
    var sort = yield engine.exec_async (container, { "sort" }, null);
    sort.stdin.queue ("b\na\n".data);
    sort.stdin.write_eof ();
    string[] lines = {};
    string? line;
    while ((line = yield sort.stdout.read_line_utf8_async ()) != null)
        lines += line;
    assert (string.joinv (" ", lines) == "a b");
    return yield sort.wait_async ();
}

async void build (GProcEngine.Engine engine, string image) throws Error {
    var step = yield engine.create_async (image, null, { "sh", "-c", "echo log; exit 4" }, null);
    var stream = yield step.attach_async ();
    yield step.start_async ();
    assert ((yield stream.stdout.read_line_utf8_async ()) == "log");
    assert ((yield stream.wait_async ()) == 4);
    yield step.remove_async (true);
}

async void everything () throws Error {
    var engine = yield GProcEngine.Engine.connect_async (Environment.get_variable ("GPROC_ENGINE"));
    assert ((yield converse (engine, Environment.get_variable ("GPROC_ENGINE_CONTAINER"))) == 0);
    yield build (engine, Environment.get_variable ("GPROC_ENGINE_IMAGE"));
    try {
        yield engine.exec_async ("nobody", { "true" }, null);
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
        assert ("nobody" in error.message);
    }
}

int main () {
    var loop = new MainLoop ();
    var is_right = true;
    everything.begin ((object, result) => {
        try {
            everything.end (result);
        } catch (Error error) {
            print ("# %s\n", error.message);
            is_right = false;
        }
        loop.quit ();
    });
    loop.run ();
    print ("1..1\n%s 1 /engine/vala/consumer\n", is_right ? "ok" : "not ok");
    return is_right ? 0 : 1;
}
