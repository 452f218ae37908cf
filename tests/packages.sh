# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced. need_packages NAME… installs those Debian packages that are missing, and says so.

as_root ()
{
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    echo "Neither root nor sudo: cannot run: $*" >&2
    return 1
  fi
}

need_packages ()
{
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is not Debian: make sure that the equivalents of these packages are there: $*"
    return 0
  fi

  missing=
  for package; do
    # Not "not-installed", which is what a package has that somebody asked about before.
    case " $(dpkg-query -W -f='${db:Status-Status} ' "$package" 2>/dev/null)" in
      *' installed '*) ;;
      *) missing="$missing $package" ;;
    esac
  done
  if [ -z "$missing" ]; then
    return 0
  fi

  echo "Installing these missing packages with apt-get:$missing"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null || return 1
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends $missing </dev/null
}

# What builds the library with all that is optional.
BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config gettext libglib2.0-dev \
libgirepository1.0-dev gobject-introspection valac libsoup-3.0-dev libjson-glib-dev"
