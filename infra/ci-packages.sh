#!/usr/bin/env bash
# System packages that the integration tests use (Debian, Ubuntu): a headless browser, Ceph's S3 server, PostgreSQL.
# Quick where they are there already.
set -euo pipefail

packages=(git chromium radosgw ceph-mon ceph-osd ceph-common postgresql)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >/dev/null
