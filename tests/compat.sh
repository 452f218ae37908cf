#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the tests of the languages, and those of the library they stand on, in other releases of
# Debian. Needs Debian and root: the releases are set up as directories with debootstrap.
#
#   sh tests/compat.sh              Debian 13 and sid
#   sh tests/compat.sh RELEASE…     others: trixie, forky, sid
#
# The roots stay in $GPROC_COMPAT_ROOTS (/var/tmp/gprocstream-compat), to be used again and
# brought up to date by the next run; remove them by hand. The last line is
# "N passed, N failed, N skipped", of all releases together.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/packages.sh"
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH

if [ "$(id -u)" -ne 0 ]; then
  echo 'This has to be run as root: it makes root directories and changes into them.' >&2
  exit 1
fi
need_packages debootstrap
[ $# -gt 0 ] || set -- trixie sid

roots=${GPROC_COMPAT_ROOTS:-/var/tmp/gprocstream-compat}
mkdir -p "$roots"
mounted=
unmount ()
{
  for path in $mounted; do
    umount --recursive "$path" || umount --lazy "$path" || true
  done
  mounted=
}
trap unmount EXIT
trap 'exit 130' HUP INT TERM

# Where this system gets its packages from.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | head -n 1)

# prepare RELEASE ROOT: a directory with that release, up to date.
prepare ()
{
  if [ ! -e "$2/.complete" ]; then
    rm -rf "$2"
    debootstrap --variant=minbase "$1" "$2" ${mirror:+"$mirror"} || return 1
    # A mirror may lag behind.
    echo 'Acquire::Check-Valid-Until "false";' >"$2/etc/apt/apt.conf.d/90compat"
    touch "$2/.complete"
  else
    chroot "$2" apt-get -q update && chroot "$2" env DEBIAN_FRONTEND=noninteractive \
      apt-get -q -y -o Dpkg::Use-Pty=0 dist-upgrade
  fi
}

# enter ROOT: what programs expect of a system.
enter ()
{
  mount -t proc proc "$1/proc"
  mounted="$1/proc $mounted"
  for path in dev sys; do
    mount --rbind "/$path" "$1/$path"
    mount --make-rslave "$1/$path"
    mounted="$1/$path $mounted"
  done
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  rm -rf "$1/gprocstream"
  mkdir "$1/gprocstream"
  (cd "$top" && tar --exclude='./_*' --exclude=./build --exclude=__pycache__ -cf - .) |
    tar --no-same-owner -xf - -C "$1/gprocstream"
}

passed=0 failed=0 skipped=0
for release; do
  root=$roots/$release
  echo "== $release: setting up"
  if ! prepare "$release" "$root" </dev/null >"$root.log" 2>&1; then
    tail -n 30 "$root.log"
    echo "$release cannot be set up, see $root.log"
    failed=$((failed + 1))
    continue
  fi
  enter "$root"
  chroot "$root" sh /gprocstream/tests/run.sh --languages </dev/null >"$root.log" 2>&1 || true
  unmount
  # All but what apt said.
  sed -n '/^== plain: building/,$p' "$root.log"
  chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' libglib2.0-dev python3-gi python3 gjs \
    valac 2>/dev/null | sed "s/^/$release: /"
  counts=$(tail -n 1 "$root.log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
  if [ -z "$counts" ]; then
    tail -n 30 "$root.log"
    echo "$release: no tests were run, see $root.log"
    counts='0 1 0'
  fi
  # shellcheck disable=SC2086
  set_counts () { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }
  # shellcheck disable=SC2086
  set_counts $counts
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
