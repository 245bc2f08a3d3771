#!/bin/sh
# SPDX-License-Identifier: MIT
#
# layouts.sh LIST: print tachyon-record/cpython/layout_rows.inc from the
# headers of the interpreters that tools/pythons.sh has listed in LIST.
# The committed file is this output; the tests compare the two.
#
# The headers of one build tell the others, too: no header takes back what the
# command line defines.  Builds whose rows are equal share one.
set -eu

list=$1
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# row NAME DEFINITION...: makes $tmp/NAME from the headers in $include
row() {
	name=$1
	shift
	"${CC:-cc}" -w -I"$include" -I"$include/internal" "$@" -o "$tmp/probe" \
		"$here/layout_probe.c"
	"$tmp/probe" >"$tmp/$name"
}

# put NAME BUILDS WORDS: prints the row with the builds that it is of
put() {
	printf '/* %s */\n\t{\n\t.builds = %s,\n' "$3" "$2"
	cat "$tmp/$1"
	printf '\t},\n'
}

# rows WHAT DEFINITION...: those of release and debug builds
rows() {
	what=$1
	shift
	row release "$@"
	row debug -DPy_DEBUG=1 "$@"
	if cmp -s "$tmp/release" "$tmp/debug"; then
		put release '1U << BUILD_RELEASE | 1U << BUILD_DEBUG' "$what"
	else
		put release '1U << BUILD_RELEASE' "$what, release"
		put debug '1U << BUILD_DEBUG' "$what, debug"
	fi
}

echo '/* SPDX-License-Identifier: MIT */'
echo '/* Made by tools/layouts.sh from the headers of each version. */'
while IFS='	' read -r minor kind _ full include; do
	case $minor in
	3.[89] | 3.1[0-5]) ;;
	*) continue ;;
	esac
	[ "$kind" != missing ] || continue
	[ -r "$include/Python.h" ] || continue
	rows "$full"
	case $minor in
	3.1[3-9]) rows "$full, free-threaded" -DPy_GIL_DISABLED=1 ;;
	esac
done < "$list"
