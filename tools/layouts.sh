#!/bin/sh
# SPDX-License-Identifier: MIT
#
# layouts.sh LIST: print tachyon-record/cpython/layout_rows.inc from the
# headers of the interpreters that tools/pythons.sh has listed in LIST.
# The committed file is this output; the tests compare the two.
set -eu

list=$1
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

echo '/* SPDX-License-Identifier: MIT */'
echo '/* Made by tools/layouts.sh from the headers of each version. */'
while IFS='	' read -r minor kind _ full include; do
	case $minor in
	3.1[1-5]) ;;
	*) continue ;;
	esac
	[ "$kind" != missing ] || continue
	[ -r "$include/Python.h" ] || continue
	"${CC:-cc}" -w -I"$include" -I"$include/internal" -o "$tmp/probe" \
		"$here/layout_probe.c"
	echo "/* $full */"
	"$tmp/probe"
done < "$list"
