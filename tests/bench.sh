#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds gprocstream in build/ and measures it side by side with what its users would pick
# instead. Needs nothing but Debian 12 (or later) and root or sudo: what it compares with is
# installed by name, where it is missing.
#
#   sh tests/bench.sh                     everything, in some ten minutes
#   sh tests/bench.sh --short             fewer and smaller rounds
#   sh tests/bench.sh --only PATTERN      only the groups of rows that match
#   sh tests/bench.sh --list              lists those groups
#
# Prints one table, writes the same to build/bench.json and a plot to build/bench-wakeup.svg.
# Exits with another status than 0 if a program that is measured fails. A missed target or a
# missing peer is said, and no failure.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/packages.sh"

meson=/usr/bin/meson
python=/usr/bin/python3
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
LC_ALL=C.UTF-8
PYTHONDONTWRITEBYTECODE=1
export PATH LC_ALL PYTHONDONTWRITEBYTECODE
unset CFLAGS CPPFLAGS LDFLAGS LD_PRELOAD LD_LIBRARY_PATH LIBRARY_PATH || true

for argument; do
  case $argument in
    --list | --help | -h)
      need_packages python3 >&2
      exec "$python" "$top/tests/bench/bench.py" "$@"
      ;;
  esac
done

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES python3
# Without these the rows of a peer are left out.
for package in gjs libuv1-dev nodejs strace; do
  need_packages "$package" || echo "Cannot install $package."
done

options='--buildtype=debugoptimized -Db_sanitize=none -Db_coverage=false'
if [ -f "$top/build/meson-private/coredata.dat" ]; then
  set_up='--reconfigure'
else
  set_up=
fi
# shellcheck disable=SC2086
"$meson" setup $set_up $options "$top/build" "$top" </dev/null
targets='tests/gproc-bench tests/gproc-bench-child gprocstream/GProc-1.typelib'
if pkg-config --exists libuv; then
  targets="$targets tests/gproc-bench-libuv"
fi
# shellcheck disable=SC2086
"$meson" compile -C "$top/build" $targets </dev/null

exec "$python" "$top/tests/bench/bench.py" --build "$top/build" "$@"
