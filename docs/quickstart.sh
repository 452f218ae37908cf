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
need_packages $BUILD_PACKAGES python3 python3-gi gjs git gzip coreutils tar

work=$(mktemp -d "${TMPDIR:-/var/tmp}/gprocstream-quickstart.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

echo
echo "== Building the library into $work/prefix"
{
  /usr/bin/meson setup --prefix="$work/prefix" --libdir=lib -Dtests=false -Ddocs=disabled \
    -Dvapi=disabled "$work/build" "$top" &&
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
export PKG_CONFIG_PATH LD_LIBRARY_PATH GI_TYPELIB_PATH
for example in git-cat-file gzip-roundtrip tar-zstd; do
  # shellcheck disable=SC2046
  cc -O2 "$top/docs/examples/$example.c" -o "$work/$example" \
    $(pkg-config --cflags --libs gprocstream-1)
done

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

echo
echo '== One git cat-file --batch kept open, several objects over it, in C'
"$work/git-cat-file" HEAD 'HEAD^{tree}' HEAD:README.md HEAD:COPYING HEAD:no-such-file
echo
echo '== The same in Python'
/usr/bin/python3 docs/examples/git-cat-file.py HEAD 'HEAD^{tree}' HEAD:README.md HEAD:COPYING \
  HEAD:no-such-file
echo
echo '== The same in JavaScript'
/usr/bin/gjs -m docs/examples/git-cat-file.js HEAD 'HEAD^{tree}' HEAD:README.md HEAD:COPYING \
  HEAD:no-such-file

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
