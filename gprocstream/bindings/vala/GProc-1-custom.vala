/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What vapigen adds to what it finds in GProc-1.gir. */

namespace GProc {
    [CCode (type_id = "gproc_stream_get_type ()")]
    public sealed class Stream : GLib.IOStream {
        /* One function of C under two names: this one, by which C and GSubprocess call it, and the
         * constructor without a name, which the metadata make of it. */
        [CCode (cname = "gproc_stream_newv", has_construct_function = false)]
        [Version (since = "1.0")]
        public Stream.newv ([CCode (array_length = false, array_null_terminated = true)] string[] argv,
                            GProc.StreamFlags flags = GProc.StreamFlags.NONE) throws GLib.Error;
    }
}
