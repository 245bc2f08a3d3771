#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes OUTDIR/python3.8 ... OUTDIR/python3.15, one for each minor version of CPython that can be had, debug builds of
# some of them with a d behind the minor, and OUTDIR/list.txt with a line for each: minor, kind (pyenv, path, debian or
# missing), path of the interpreter or of its root, full version, include directory; between tabs, "-" for what there is
# not.
# usage: tools/pythons.sh OUTDIR
#
# What pyenv or PATH have is used as it is. What they lack is unpacked from Debian packages into a root directory of its
# own, in a cache outside the tree, with a private apt state; the system's packages and apt state are never touched.
# What is in the cache is trusted and never updated: to get newer packages, delete it.
#
# Free-threaded builds, with a t behind the minor, are there once tools/freethreaded.sh has made them.
#
# A minor that cannot be had costs one line on standard error, not the exit status: the tests decide what it means.
set -eu
export LC_ALL=C

minors='8 9 10 11 12 13 14 15 9d 11d 13d 14d 15d'

# The Debian suites that carry a minor, in the order in which they are asked.
suites_of() {
    case ${1%d} in
    9) echo bullseye ;;
    11) echo bookworm ;;
    13) echo trixie forky sid ;;
    14 | 15) echo forky sid ;;
    esac
}

say() {
    echo "pythons: $*" >&2
}

# ---- What the machine has. The from_ functions set $kind, $real, $version and $include, or fail and set $why.

# Printed by the interpreter itself, because a name can be a shim, a link or another implementation. Pre-releases, debug
# and free-threaded builds may lay out memory differently from the release of their minor: they cannot stand for it.
probe='
import os, sys
v = sys.version_info
if sys.implementation.name == "cpython" and v[3] == "final" and not set("dt") & set(sys.abiflags):
    include = "%s/include/python%d.%d%s" % (sys.base_prefix, v[0], v[1], sys.abiflags)
    print(v[1], "%d.%d.%d" % v[:3], sep="\t", end="\t")
    print(include if os.path.exists(include + "/Python.h") else "-", end="\t")
    print(getattr(sys, "_base_executable", "") or sys.executable)
'

is_release() {
    [ "${1%d}" = "$1" ]
}

# ask EXECUTABLE MINOR
ask() {
    [ -x "$1" ] && answer=$("$1" -I -S -c "$probe" 2>/dev/null </dev/null) || return 1
    IFS=$tab read -r minor version include real <<END
$answer
END
    [ "$minor" = "$2" ] && [ -x "$real" ]
}

from_pyenv() {
    kind=pyenv
    is_release "$1" || return 1
    for versions in "${PYENV_ROOT:+$PYENV_ROOT/versions}" "${HOME:+$HOME/.pyenv/versions}"; do
        [ -d "$versions" ] || continue
        for name in $(cd "$versions" && printf '%s\n' "3.$1".* | sort -rV); do
            ! ask "$versions/$name/bin/python3.$1" "$1" || return 0
        done
    done
    return 1
}

from_path() {
    kind=path
    is_release "$1" || return 1
    rest=$PATH:
    while [ -n "$rest" ]; do
        dir=${rest%%:*}
        rest=${rest#*:}
        case $dir in
        # pyenv's shims lead only to what from_pyenv looks at; OUTDIR holds what this script makes.
        '' | */shims | "$out") continue ;;
        esac
        ! ask "$dir/python3.$1" "$1" || return 0
    done
    return 1
}

# ---- What tools/freethreaded.sh has made.

built_minors() {
    for stamp in "$cache"/built-3.*/stamp; do
        stamp=${stamp%/stamp}
        [ ! -d "$stamp" ] || echo "${stamp##*-3.}"
    done
}

from_built() {
    kind=built
    real=$cache/built-3.$1/bin/python3.$1
    include=$cache/built-3.$1/include/python3.$1
    [ -f "$cache/built-3.$1/stamp" ] && read -r version <"$cache/built-3.$1/stamp"
}

# ---- What Debian has.

from_debian() {
    kind=debian
    ! cached "$1" || return 0
    suites=$(suites_of "$1")
    why='neither pyenv nor PATH has it'
    [ -n "$suites" ] || return 1
    can_unpack || return 1
    for suite in $suites; do
        if apt_ready "$suite" && unpack "$1" "$suite"; then
            cached "$1"
            return
        fi
    done
    return 1
}

cached() {
    for suite in $(suites_of "$1"); do
        real=$cache/$suite-3.$1/root
        if [ -f "$cache/$suite-3.$1/stamp" ]; then
            read -r version <"$cache/$suite-3.$1/stamp"
            include=$real/usr/include/python3.$1
            return 0
        fi
    done
    return 1
}

can_unpack() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        why="$why, and there is no apt-get to get it from Debian"
        return 1
    fi
    # shellcheck disable=SC2086  # empty when root
    if ! unshare $userns --mount true 2>/dev/null; then
        why="$why, and this user may not enter a root: unshare --mount is refused"
        return 1
    fi
    if [ ! -r "$keyring" ]; then
        why="$why, and without debian-archive-keyring packages from Debian cannot be verified"
        return 1
    fi
    # Lists, packages and the root that they make, with room to spare: apt's own complaints about a full disk mislead.
    free=$(df -Pk "$cache" | awk 'END { print int($4 / 1024) }')
    if [ "$free" -lt 400 ]; then
        why="$why, and $cache has $free MB free of the 400 that unpacking takes"
        return 1
    fi
    find_mirrors
    if [ -z "$mirrors" ]; then
        why="$why, and the apt sources name no mirror of Debian"
        return 1
    fi
}

# unpack MINOR SUITE: makes the root in the cache. It gets its name there when it is complete, and not before.
unpack() {
    python=python3.$1
    packages="$python lib$python-dev"
    is_release "$1" || packages=${python%d}-dbg
    new=$work/new
    rm -rf "$new"
    mkdir -p "$new/debs/partial" "$new/root/usr" || return 1
    why="Debian $2 has no $python"
    apt-cache show "${packages%% *}" >/dev/null 2>&1 || return 1
    say "3.$1: unpacking $python of Debian $2"
    # dash and coreutils are for programs that start a shell or a command.
    # shellcheck disable=SC2086  # several packages
    if ! apt-get -q -y -o "Dir::Cache::archives=$new/debs" install --download-only --no-install-recommends \
        $packages dash coreutils >"$new/log" 2>&1; then
        why="$python of Debian $2: $(complaint "$new/log")"
        return 1
    fi
    if ! fill "$new" >"$new/log" 2>&1; then
        why="$python of Debian $2 does not run here: $(tail -n 1 "$new/log")"
        return 1
    fi
    rm -rf "$new/debs" "$new/log" "$cache/$2-3.$1"
    mv "$new" "$cache/$2-3.$1"
}

# fill DIR: makes DIR/root from DIR/debs, and DIR/stamp. The caller's test turns -e off, hence the chain.
fill() {
    root=$1/root
    # Packages expect these links of a merged /usr to be there.
    for link in bin sbin lib lib64; do
        mkdir "$root/usr/$link" && ln -s "usr/$link" "$root/$link" || return 1
    done
    for deb in "$1"/debs/*.deb; do
        dpkg-deb -x "$deb" "$root" || return 1
        # shellcheck disable=SC2016  # the ${} are dpkg-deb's
        dpkg-deb -W --showformat='${Package} ${Version} ${Architecture}\n' "$deb" >>"$1/packages" || return 1
    done
    # Debug information of both builds, and archives for embedding: nobody needs them, and they are half of it all.
    rm -rf "$root/usr/lib/debug" "$root"/usr/lib/python3.*/config-*/*.a
    mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/root" "$root/etc" || return 1
    # What maintainer scripts make elsewhere, as far as a Python program may look for it.
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
    [ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh" || return 1

    # Debian's pyconfig.h includes <TRIPLET/python3.N/pyconfig.h>. A link to that in the include directory makes the one
    # directory enough for a compiler: the one above it has the headers of another C library.
    for config in "$root"/usr/include/*-linux-*/"$python"/pyconfig.h; do
        triplet=${config%/*/*}
        triplet=${triplet##*/}
        mkdir -p "$root/usr/include/$python/$triplet" &&
            ln -s "../../$triplet/$python" "$root/usr/include/$python/$triplet/$python" || return 1
    done

    in_root "$root" "$python" -c 'import ssl, ctypes, asyncio, sqlite3, hashlib' || return 1
    # Otherwise the first programs would spend their time on compiling the library.
    in_root "$root" "$python" -m compileall -q -x /test/ "/usr/lib/${python%d}" || :
    in_root "$root" "$python" -c 'import platform; print(platform.python_version())' >"$1/stamp" &&
        cat "$1/packages" >>"$1/stamp" && rm "$1/packages" && sync -f "$1/stamp"
}

# in_root ROOT COMMAND...
in_root() {
    in_root=$1
    shift
    # shellcheck disable=SC2086  # empty when root
    unshare $userns --root="$in_root" --wd=/ "$@"
}

# ---- What is written to OUTDIR.

quoted() {
    printf "'"
    printf '%s' "$1" | sed "s/'/'\\\\''/g"
    printf "'"
}

plain_wrapper() {
    # A wrapper and not a link, because an interpreter finds its library by the place it is started from.
    cat <<END
#!/bin/sh
# Written by tools/pythons.sh: CPython $version
exec $(quoted "$real") "\$@"
END
}

root_wrapper() {
    cat <<END
#!/bin/sh
# Written by tools/pythons.sh: CPython $version of Debian, in its own root. There it sees the source tree, the current
# directory, /tmp, \$TMPDIR, /dev, /proc and /sys of the host, mounted for this process alone. Every step is an exec:
# the process that was started becomes the interpreter.
python=python3.$1
root=$(quoted "$real")
tree=$(quoted "$tree")
END
    cat <<'END'
if [ ! -f "$root/../stamp" ]; then
    echo "$0: $root is gone; run: make pythons" >&2
    exit 127
fi
here=$(pwd -P) || exit 126
user=
[ "$(id -u)" -eq 0 ] || user='--user --map-root-user'
# shellcheck disable=SC2086,SC2016  # empty when root; the $ belong to the inner shell
exec unshare $user --mount /bin/sh -c '
root=$1 tree=$2 here=$3 python=$4
shift 4
bind() {
    [ -d "$root$1" ] || mkdir -p "$root$1" || exit 126
    mount --rbind "$1" "$root$1" || exit 126
}
for dir in /proc /sys /dev /tmp; do
    bind "$dir"
done
case $tree/ in
/tmp/*) ;;
*) bind "$tree" ;;
esac
for dir in "$here" "${TMPDIR:-}"; do
    case $dir/ in
    # Already there.
    /proc/* | /sys/* | /dev/* | /tmp/* | "$tree"/*) ;;
    # These would hide what the root has.
    / | // | /usr/ | /usr/bin/ | /usr/lib/* | /usr/lib64/ | /usr/share/ | /etc/ | /var/) ;;
    *) [ ! -d "$dir" ] || bind "$dir" ;;
    esac
done
exec unshare --root="$root" --wd="$here" "$python" "$@"
' "$0" "$root" "$tree" "$here" "/usr/bin/$python" "$@"
END
}

if [ $# -ne 1 ]; then
    echo "usage: tools/pythons.sh OUTDIR" >&2
    exit 2
fi
tab=$(printf '\t')
tree=$(cd "${0%/*}/.." && pwd -P)
# shellcheck source=tools/debian.sh
. "$tree/tools/debian.sh"
mkdir -p "$1"
out=$(cd "$1" && pwd -P)
cache=${TACHYON_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/tachyon}/pythons
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)
userns=
[ "$(id -u)" -eq 0 ] || userns='--user --map-root-user'

# One run at a time for a cache, and what an interrupted one left is removed.
exec 9>"$cache/lock"
flock 9
rm -rf "$cache"/work.*
trap 'rm -rf "$cache"/work.* "$out"/*.new' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
work=$(mktemp -d "$cache/work.XXXXXX")

for n in $minors $(built_minors); do
    wrapper=$out/python3.$n
    if from_built "$n"; then
        plain_wrapper >"$wrapper.new"
    elif from_pyenv "$n" || from_path "$n"; then
        plain_wrapper >"$wrapper.new"
    elif from_debian "$n"; then
        root_wrapper "$n" >"$wrapper.new"
    else
        say "3.$n: missing: $why"
        rm -f "$wrapper"
        printf '3.%s\tmissing\t-\t-\t-\n' "$n"
        continue
    fi
    chmod +x "$wrapper.new"
    mv "$wrapper.new" "$wrapper"
    printf '3.%s\t%s\t%s\t%s\t%s\n' "$n" "$kind" "$real" "$version" "$include"
done >"$out/list.new"
mv "$out/list.new" "$out/list.txt"
