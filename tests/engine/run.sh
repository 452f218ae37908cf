#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a command beside a container engine of its own: podman's API service with one image,
# made here of busybox, and one container that does nothing. Nothing is fetched, nothing is
# left, and what the machine has of containers is not touched.
#
#   sh tests/engine/run.sh COMMAND…   runs COMMAND, and returns its status
#   sh tests/engine/run.sh            says how to reach the engine, and keeps it until Ctrl-C
#
# COMMAND finds in its environment
#   GPROC_ENGINE            the address of the service: unix:///…
#   GPROC_ENGINE_CONTAINER  the name of the container, which runs
#   GPROC_ENGINE_IMAGE      the name of the image, with all of busybox in /bin
#   GPROC_ENGINE_CONTROL    a socket that takes a line and answers with one: "kill" and "stop"
#                           end the service, "start" starts it again
#
# Where podman cannot run, the reason is said in TAP's words for skipped tests; this is a
# failure if GPROC_ENGINE_REQUIRED is set.
set -eu

PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH

skip ()
{
  if [ -n "${GPROC_ENGINE_REQUIRED-}" ]; then
    echo "Bail out! $1"
    exit 1
  fi
  echo "1..0 # SKIP $1"
  exit 0
}

[ "$(uname -s)" = Linux ] || skip "not Linux"
[ "$(id -u)" -eq 0 ] || skip "only root can run an engine of its own"
for program in podman crun conmon unshare busybox python3; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
tried=$(unshare --mount --pid --fork sh -ec '
  mount -t proc proc /proc
  umount -R /sys/fs/cgroup 2>/dev/null || :
  mount -t cgroup2 cgroup2 /sys/fs/cgroup' 2>&1) ||
  skip "no namespace of our own: $(echo "$tried" | head -n 1)"

exec /usr/bin/python3 "$(dirname "$0")/service.py" "$@"
