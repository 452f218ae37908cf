#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Looks for input that the frames go wrong with: builds with clang, libFuzzer and the address and
# undefined behaviour sanitizers, and runs for a while. Needs nothing but Debian 12 (or later)
# and root or sudo.
#
#   sh tests/fuzz.sh [SECONDS]    60 by default
#
# Ends with 1 if something was found, and leaves that in the directory which it names. What is worth
# keeping goes to tests/fuzz/corpus/, which the test suite replays.
set -eu

seconds=${1-60}
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/packages.sh"

PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
LC_ALL=C.UTF-8
export PATH LC_ALL
unset CFLAGS CPPFLAGS LDFLAGS LD_PRELOAD LD_LIBRARY_PATH LIBRARY_PATH || true

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES clang
version=$(clang -dumpversion | cut -d. -f1)
need_packages "libclang-rt-$version-dev"

work=${TMPDIR:-/tmp}/gproc-fuzz-$(id -u)
mkdir -p "$work/found" "$work/corpus"
off='-Dintrospection=disabled -Dvapi=disabled -Ddocs=disabled -Dtool=disabled -Dman=disabled'
# shellcheck disable=SC2086
[ -f "$work/build/build.ninja" ] ||
  CC=clang /usr/bin/meson setup $off -Dnls=disabled -Dfuzzing=true -Db_sanitize=address,undefined \
    -Db_lundef=false "-Dc_args=-fsanitize=fuzzer-no-link" "$work/build" "$top" </dev/null
ninja -C "$work/build" tests/fuzz/fuzz-frames </dev/null

status=0
G_SLICE=always-malloc "$work/build/tests/fuzz/fuzz-frames" -max_total_time="$seconds" -max_len=4096 \
  -artifact_prefix="$work/found/" -print_final_stats=1 "$work/corpus" \
  "$top/tests/fuzz/corpus/frames" || status=1
echo "Inputs: $work/corpus; what was found: $work/found"
exit $status
