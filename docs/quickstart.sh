#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds gprocstream and runs the programs of docs/examples on real input. Needs nothing but
# Debian 12 (or later) and root or sudo: missing packages are installed by name.
#
#   sh docs/quickstart.sh
#
# Nothing is written into the source tree and nothing but packages is installed.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/packages.sh"

PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH
# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES python3 python3-gi gjs git gzip coreutils tar clangd \
  libjsonrpc-glib-1.0-dev gir1.2-jsonrpc-1.0

work=$(mktemp -d "${TMPDIR:-/var/tmp}/gprocstream-quickstart.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

echo
echo "== Building the library into $work/prefix"
{
  /usr/bin/meson setup --prefix="$work/prefix" --libdir=lib -Dtests=false -Ddocs=disabled \
    -Dvapi=enabled "$work/build" "$top" &&
    /usr/bin/meson install -C "$work/build"
} </dev/null >"$work/log" 2>&1 || {
  cat "$work/log"
  echo 'The build failed.'
  exit 1
}

# What a user of an installed library needs, and no more.
PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
LD_LIBRARY_PATH=$work/prefix/lib
GI_TYPELIB_PATH=$work/prefix/lib/girepository-1.0
PYTHONPATH=$(cd "$work/prefix"/lib/python3*/*-packages && pwd)
XDG_DATA_DIRS=$work/prefix/share:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}
LC_ALL=C.UTF-8
export PKG_CONFIG_PATH LD_LIBRARY_PATH GI_TYPELIB_PATH PYTHONPATH XDG_DATA_DIRS LC_ALL

for example in git-cat-file gzip-roundtrip tar-zstd build-log lsp-symbols; do
  packages='gprocstream-1 gio-unix-2.0'
  [ "$example" != lsp-symbols ] || packages="$packages jsonrpc-glib-1.0"
  # shellcheck disable=SC2046
  cc -O2 "$top/docs/examples/$example.c" -o "$work/$example" \
    $(pkg-config --cflags --libs $packages)
done
for example in git-cat-file build-log lsp-symbols; do
  set -- --pkg posix --pkg gprocstream-1
  [ "$example" != lsp-symbols ] || set -- "$@" --pkg jsonrpc-glib-1.0
  valac "$@" -X -w -o "$work/$example-vala" "$top/docs/examples/$example.vala"
done

# in_all_languages WHAT NAME ARGUMENT…: the same task four times.
in_all_languages ()
{
  what=$1
  name=$2
  shift 2
  for language in C Python JavaScript Vala; do
    echo
    echo "== $what, in $language"
    case $language in
      C) "$work/$name" "$@" ;;
      Python) /usr/bin/python3 "docs/examples/$name.py" "$@" ;;
      JavaScript) /usr/bin/gjs -m "docs/examples/$name.js" "$@" ;;
      Vala) "$work/$name-vala" "$@" ;;
    esac
  done
}

# The repository of this project is the input; it may belong to another user. A tree without
# history gets a repository of its own.
cd "$top"
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
if ! git rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
  echo 'There is no history here: the examples use a new repository with these files.'
  GIT_DIR=$work/repository GIT_WORK_TREE=$top
  export GIT_DIR GIT_WORK_TREE
  git init --quiet
  git add README.md COPYING gprocstream
  git -c user.name=quickstart -c user.email=quickstart@localhost commit --quiet -m 'These files'
fi

in_all_languages 'One git cat-file --batch kept open, several objects over it' git-cat-file \
  HEAD 'HEAD^{tree}' HEAD:README.md HEAD:COPYING HEAD:no-such-file
in_all_languages 'The functions of a file of this project, which clangd knows' lsp-symbols \
  gprocstream/transfer/gproc-half-close.c "--compile-commands-dir=$work/build"
in_all_languages 'The log of a build' build-log 60 sh -c \
  "cd '$work/build' && rm gprocstream/libgprocstream-1.so.0.0.0 && ninja gprocstream/libgprocstream-1.so.0.0.0"
in_all_languages 'The log of what takes too long' build-log 1 sh -c 'echo begun; exec sleep 60' || true

echo
echo "== The echo server and client of asyncio's documentation, moved by their import"
/usr/bin/python3 -u docs/examples/asyncio-echo-server.py >"$work/echo" &
server=$!
while kill -0 "$server" 2>/dev/null && ! grep -q Serving "$work/echo"; do :; done
if kill -0 "$server" 2>/dev/null; then
  /usr/bin/python3 docs/examples/asyncio-echo-client.py
  kill "$server"
  cat "$work/echo"
else
  echo 'Left out: the port of the documentation, 8888, is not free.'
fi

echo
echo '== 100 MB of this system through gzip and back through gzip -d, both at once, in C'
tar -cf - -C / usr/bin usr/lib 2>/dev/null | head -c 100000000 >"$work/input"
"$work/gzip-roundtrip" "$work/input"
cksum=$(sha256sum <"$work/input" | cut -d' ' -f1)
echo "sha256sum says:              $cksum"
echo
echo '== The sources through tar and zstd into a file, joined without this process between, in C'
"$work/tar-zstd" gprocstream "$work/packed"
echo
echo 'All examples ran.'
