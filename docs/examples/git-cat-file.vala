/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fetches objects of a git repository from one process that is kept open: a line, exactly as
 * many bytes as the line says, a newline. Nothing here blocks.
 *
 * usage: git-cat-file [OBJECT…]
 *
 * Build it with:
 *   valac --pkg gprocstream-1 git-cat-file.vala */

async void fetch (GProc.Stream git, string name) throws Error {
    git.stdin.queue (@"$name\n".data);

    var header = yield git.stdout.read_line_utf8_async ();
    if (header == null)
        throw new IOError.CLOSED ("git ended before it answered");
    var words = header.split (" ");
    if (words.length != 3) {
        print ("%s\n", header);
        return;
    }

    var body = yield git.stdout.read_exactly_async (int.parse (words[2]));
    var newline = yield git.stdout.read_exactly_async (1);
    if (newline[0] != '\n')
        throw new IOError.INVALID_DATA ("The object does not end where git said");
    var checksum = Checksum.compute_for_bytes (ChecksumType.SHA256, body);
    print ("%s: %s %s, %d bytes, sha256 %.16s\n", name, words[1], words[0], body.length, checksum);
}

async void run (string[] names) throws Error {
    var git = new GProc.Stream ({ "git", "cat-file", "--batch" });

    foreach (unowned var name in names)
        yield fetch (git, name);

    // The end of its input is how git cat-file is told to end.
    git.stdin.write_eof ();
    yield git.wait_check_async ();
    print ("%d objects over one stream, git exited with %d\n", names.length, git.returncode);
}

int main (string[] args) {
    string[] names = { "HEAD", "HEAD^{tree}", "HEAD:README.md", "HEAD:COPYING" };
    var loop = new MainLoop ();
    var status = 0;

    if (args.length > 1)
        names = args[1:args.length];
    run.begin (names, (object, result) => {
        try {
            run.end (result);
        } catch (Error error) {
            printerr ("git-cat-file: %s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
