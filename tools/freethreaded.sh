#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes free-threaded builds of CPython in the cache of tools/pythons.sh, which then lists them: Debian has none, but it
# has the sources. It takes some minutes for each, once; the machine's other work goes first.
# usage: tools/freethreaded.sh [MINOR...]
#
# A version whose source cannot be had costs one line on standard error; that no build is there is an error.
set -eu
export LC_ALL=C

say() {
    echo "freethreaded: $*" >&2
}

# The Debian suites that carry a minor, in the order in which they are asked.
suites_of() {
    case $1 in
    13) echo trixie forky sid ;;
    *) echo forky sid ;;
    esac
}

# source_of MINOR: unpacks the sources as their authors publish them, and sets $tree to where they are.
source_of() {
    for suite in $(suites_of "$1"); do
        apt_ready "$suite" || continue
        rm -rf "$work/source"
        mkdir "$work/source"
        if (cd "$work/source" && apt-get -q source --download-only --tar-only "python3.$1" >../log 2>&1) &&
            tar -xf "$work/source"/*.orig.tar.* -C "$work/source"; then
            tree=$(echo "$work"/source/[Pp]ython*/)
            return 0
        fi
        why="the source of python3.$1 in Debian $suite: $(complaint "$work/log")"
    done
    return 1
}

probe='
import platform, sys
assert not sys._is_gil_enabled()
print(platform.python_version())
'

# make_build MINOR: it gets its name in the cache when it is complete.
make_build() {
    name=built-3.$1t
    say "3.$1t: compiling, which takes some minutes"
    (
        cd "$tree"
        ./configure --prefix="$cache/$name" --disable-gil --disable-test-modules --with-ensurepip=no CFLAGS=-g1 &&
            nice -n 19 make -j"$(nproc)" && make install DESTDIR="$work/made"
    ) >"$work/log" 2>&1 || {
        why="it does not compile: $(grep -i error "$work/log" | tail -n 1)"
        return 1
    }
    made=$work/made$cache/$name
    "$made/bin/python3.$1t" -c "$probe" >"$made/stamp" || return 1
    rm -rf "${cache:?}/$name"
    mv "$made" "$cache/$name"
}

cache=${TACHYON_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/tachyon}/pythons
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)
apt_types='deb deb-src'
why='the apt sources name no mirror of Debian'
# shellcheck source=tools/debian.sh
. "${0%/*}/debian.sh"

# One run at a time for a cache, and what an interrupted one left is removed. tools/pythons.sh need not wait for it.
exec 9>"$cache/lock-freethreaded"
flock 9
rm -rf "$cache"/compile.*
trap 'rm -rf "$cache"/compile.*' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
work=$(mktemp -d "$cache/compile.XXXXXX")

[ $# -gt 0 ] || set -- 13 14 15
found=0
for n; do
    if [ -f "$cache/built-3.${n}t/stamp" ] || { find_mirrors && source_of "$n" && make_build "$n"; }; then
        found=1
    else
        say "3.${n}t: missing: $why"
    fi
done
[ "$found" -eq 1 ]
