#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the packages of the named groups of tools/packages.txt that are missing; says nothing when none is.
# usage: tools/setup.sh GROUP...
set -eu

list=${0%/*}/packages.txt
if [ $# -eq 0 ]; then
    echo "usage: tools/setup.sh GROUP..." >&2
    exit 2
fi

# The shell itself reads the list: make calls this on every build, and each process started would cost milliseconds.
known=' ' wanted=' '
while read -r group package _; do
    case $group in
    '' | '#'*) continue ;;
    esac
    known="$known$group "
    case " $* " in
    *" $group "*) ;;
    *) continue ;;
    esac
    case $wanted in
    *" $package "*) ;;
    *) wanted="$wanted$package " ;;
    esac
done <"$list"
for group; do
    case $known in
    *" $group "*) ;;
    *)
        echo "setup: $group: no such group in tools/packages.txt" >&2
        exit 2
        ;;
    esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "setup: no apt-get here; install what Debian calls:${wanted% }" >&2
    exit 1
fi

# dpkg-query fails as soon as one name is unknown to it; what it prints about the others is what counts. A package of
# several architectures is listed once for each.
installed=' '
# shellcheck disable=SC2016,SC2086  # the ${} are dpkg-query's; the list is meant to be split
for entry in $(dpkg-query -W -f '${Package}=${db:Status-Status}\n' $wanted 2>/dev/null || :); do
    case $entry in
    *=installed) installed="$installed${entry%=*} " ;;
    esac
done
missing=
for package in $wanted; do
    case $installed in
    *" $package "*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: not root and no sudo; as root run: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    sudo=sudo
fi

apt() {
    # Standard output stays free for whoever called make.
    # shellcheck disable=SC2086  # empty when root
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >&2
}

update() {
    # A source that has nothing to do with us may be unreachable; only the installation decides.
    apt update || echo "setup: apt-get update had errors; trying with what it got" >&2
}

echo "setup: installing$missing" >&2
updated=
# shellcheck disable=SC2086  # the list is meant to be split
if ! apt-get -s install --no-install-recommends $missing >/dev/null 2>&1; then
    update
    updated=yes
fi
# shellcheck disable=SC2086
if ! apt install --no-install-recommends $missing; then
    # Lists that are out of date name files that are gone.
    [ -z "$updated" ] || exit 1
    update
    apt install --no-install-recommends $missing || exit 1
fi
