#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds gprocstream with warnings as errors and runs its tests. Needs nothing but Debian 12
# (or later) and root or sudo: missing packages are installed by name.
#
#   sh tests/run.sh               everything: the tests, as root a second time as an ordinary
#                                 user without those that take long, look only at the source or
#                                 force a fallback, which is the same for every user, and under
#                                 the address and undefined behaviour sanitizers, there without
#                                 the longest two in their second form
#   sh tests/run.sh --fast        the tests once, without those that take long
#   sh tests/run.sh --languages   only those of the languages and of processes (tests/compat.sh
#                                 runs them in other releases of Debian)
#   sh tests/run.sh --asan        only under the address and undefined behaviour sanitizers
#   sh tests/run.sh --tsan        only under the thread sanitizer
#   sh tests/run.sh --valgrind    only under valgrind's memcheck
#
# The last line is "N passed, N failed, N skipped". Nothing is written into the source tree:
# a copy is built in a directory of its own below $TMPDIR, kept only where a test fails.
set -eu

mode=all
case ${1-} in
  '') ;;
  --fast | --languages | --asan | --tsan | --valgrind) mode=${1#--} ;;
  *)
    sed -n 's/^# \{0,1\}//; 3,19p' "$0"
    exit 2
    ;;
esac

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/packages.sh"

# The tools of the distribution are used, whatever else comes first in PATH.
meson=/usr/bin/meson
python=/usr/bin/python3
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
# Nothing of the caller's locale, translations, overrides or build flags.
LC_ALL=C.UTF-8
PYTHONDONTWRITEBYTECODE=1
export PATH LC_ALL PYTHONDONTWRITEBYTECODE
unset CFLAGS CPPFLAGS LDFLAGS LD_PRELOAD LD_LIBRARY_PATH LIBRARY_PATH LANGUAGE PYTHONPATH \
  PYTHONHOME GI_TYPELIB_PATH GJS_PATH DESTDIR G_MESSAGES_DEBUG GPROC_LOOP GPROC_NO_PIDFD || true
# The copy of the tree may belong to another user than the one that runs git.
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0

packages="$BUILD_PACKAGES python3 python3-gi mypy gjs node-typescript gi-docgen git gzip openssl gdb \
clang-format util-linux strace zstd locales bash vim-tiny less procps \
clangd libjsonrpc-glib-1.0-dev gir1.2-jsonrpc-1.0 tmux man-db python3-docutils \
podman crun conmon busybox-static"
case $mode in
  valgrind) packages="$packages valgrind libc6-dbg" ;;
  tsan) packages="$packages xz-utils libpcre2-dev libffi-dev zlib1g-dev" ;;
esac
# shellcheck disable=SC2086
need_packages $packages
# Not in all releases. What needs them is skipped then.
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for package in python3-gbulb "libpython$version-testsuite"; do
  need_packages "$package" || echo "Cannot install $package."
done

work=$(mktemp -d "${TMPDIR:-/var/tmp}/gprocstream-tests.XXXXXX")
chmod 755 "$work"
totals=$work/totals
: >"$totals"
trap 'rm -rf "$work"; exit 130' HUP INT TERM

mkdir "$work/source" "$work/home"
(cd "$top" && tar --exclude='./_*' --exclude=__pycache__ -cf - .) | tar --no-same-owner -xf - -C "$work/source"

# build NAME OPTION…: makes $work/NAME. That it cannot be built counts as one failed test.
build ()
{
  name=$1
  shift
  echo "== $name: building"
  if "$meson" setup --prefix=/usr -Dwerror=true "$@" "$work/$name" "$work/source" \
    </dev/null >"$work/$name.log" 2>&1 &&
    "$meson" compile -C "$work/$name" </dev/null >>"$work/$name.log" 2>&1; then
    return 0
  fi
  cat "$work/$name.log"
  echo "[\"$name\", \"build\", \"failed\", \"see above\"]" >>"$totals"
  return 1
}

# run LABEL NAME OPTION…: runs the tests of $work/NAME, in the setup of that name if there is
# one, and adds them up.
run ()
{
  label=$1
  name=$2
  shift 2
  echo "== $label"
  log=$(echo "$label" | tr -c 'a-z0-9\n' -)
  written=$log
  if [ "$name" != plain ]; then
    set -- --setup "$name" "$@"
    written=$log-$name
  fi
  # As another user, if $as_user holds a command that becomes one.
  # shellcheck disable=SC2086
  ${as_user-} "$meson" test -C "$work/$name" --no-rebuild --print-errorlogs \
    --logbase "$log" "$@" </dev/null || true
  "$python" "$work/source/tests/summary.py" add "$totals" "$label" \
    "$work/$name/meson-logs/$written.json"
}

all_features="-Dintrospection=enabled -Dvapi=enabled -Ddocs=enabled -Dnls=enabled \
-Dinstalled_tests=true -Dtool=enabled -Dman=enabled -Dengine=enabled"
only_library="-Dintrospection=disabled -Dvapi=disabled -Ddocs=disabled -Dnls=enabled"
compiled='--suite unit --suite process'

as_ordinary_user ()
{
  user=nobody
  chown -R "$user:" "$work/source" "$work/plain" "$work/home"
  as_user="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups
    env -u XDG_RUNTIME_DIR HOME=$work/home USER=$user LOGNAME=$user"
  run "tests as an ordinary user" plain --no-suite slow --no-suite source --no-suite fallback
  as_user=
}

# The thread sanitizer knows nothing of locks that are taken in code that was not built for it,
# so the GLib that is installed is built once more, from its source package.
instrumented_glib ()
{
  echo "== glib: fetching and building it for the thread sanitizer"
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/sources.d"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    if [ -e "$file" ]; then
      sed 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$file" \
        >"$work/apt/sources.d/$(basename "$file")"
    fi
  done
  [ ! -e "$work/apt/sources.d/sources.list" ] ||
    mv "$work/apt/sources.d/sources.list" "$work/apt/sources.d/00-main.list"
  set -- -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/apt/sources.d" \
    -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" \
    -o APT::Sandbox::User="$(id -un)"
  # shellcheck disable=SC2016
  version=$(dpkg-query -W -f '${source:Version}' libglib2.0-0)
  {
    apt-get "$@" update &&
      (cd "$work/apt" && apt-get "$@" source --download-only "glib2.0=$version") &&
      mkdir "$work/glib-source" &&
      tar -xf "$work"/apt/glib2.0_*.orig.tar.xz -C "$work/glib-source" --strip-components=1 &&
      "$meson" setup --prefix=/usr -Db_sanitize=thread -Db_lundef=false -Dtests=false \
        -Dnls=disabled -Dlibmount=disabled -Dselinux=disabled -Dlibelf=disabled \
        "$work/glib" "$work/glib-source" &&
      "$meson" compile -C "$work/glib" glib-2.0:shared_library gobject-2.0:shared_library \
        gio-2.0:shared_library gmodule-2.0:shared_library
  } </dev/null >"$work/glib.log" 2>&1 || {
    cat "$work/glib.log"
    echo '["glib", "build", "failed", "see above"]' >>"$totals"
    return 1
  }
  LD_LIBRARY_PATH=$work/glib/glib:$work/glib/gobject:$work/glib/gio:$work/glib/gmodule
}

tsan ()
{
  instrumented_glib || return 0
  # shellcheck disable=SC2086
  build tsan $only_library -Db_sanitize=thread || return 0
  as_user="env LD_LIBRARY_PATH=$LD_LIBRARY_PATH"
  # shellcheck disable=SC2086
  run "thread sanitizer" tsan $compiled
}

# shellcheck disable=SC2086
plain ()
{
  build plain $all_features || return 0
  if [ "$mode" = fast ]; then
    run "tests" plain --no-suite slow
    return 0
  fi
  if [ "$mode" = languages ]; then
    run "languages" plain --suite introspection --suite python --suite gjs --suite vala \
      --suite process --suite abi --suite docs
    return 0
  fi
  run "tests" plain
  if [ "$(id -u)" -eq 0 ]; then
    as_ordinary_user
  fi
}

# shellcheck disable=SC2086
case $mode in
  all | fast | languages)
    plain
    ;;
  tsan)
    tsan
    ;;
  valgrind)
    ! build valgrind $only_library || run "valgrind" valgrind $compiled
    ;;
esac

# shellcheck disable=SC2086
case $mode in
  all | asan)
    shorter=
    if [ "$mode" = all ]; then
      shorter='--no-suite longest'
    fi
    ! build asan $only_library -Db_sanitize=address,undefined ||
      run "address and undefined behaviour sanitizers" asan $compiled --suite tool --suite engine $shorter
    ;;
esac

status=0
"$python" "$work/source/tests/summary.py" print "$totals" >"$work/summary" || status=1
if [ "$status" -ne 0 ]; then
  echo "The logs are in $work"
fi
cat "$work/summary"
if [ "$status" -eq 0 ]; then
  rm -rf "$work"
fi
exit "$status"
