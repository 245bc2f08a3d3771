#!/bin/sh
# SPDX-License-Identifier: MIT
#
# call_sites.sh LIST: print tachyon-record/cpython/call_site_rows.inc from the
# headers of the interpreters that tools/pythons.sh has listed in LIST.
# The committed file is this output; the tests compare the two.
set -eu

list=$1
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

echo '/* SPDX-License-Identifier: MIT */'
echo '/* Made by tools/call_sites.sh from the headers of each version. */'
while IFS='	' read -r minor kind _ full include; do
	case $minor in
	3.1[1-5]) ;;
	*) continue ;;
	esac
	[ "$kind" != missing ] || continue
	[ -r "$include/Python.h" ] || continue
	names=$include/opcode_ids.h
	[ -r "$names" ] || names=$include/opcode.h
	awk '$1 == "#define" && $3 ~ /^[0-9]+$/ { print "OPCODE(" $2 ")" }' "$names" \
		>"$tmp/opcode_names.inc"
	"${CC:-cc}" -w -I"$tmp" -I"$include" -I"$include/internal" -o "$tmp/probe" \
		"$here/call_site_probe.c"
	echo "/* $full */"
	"$tmp/probe"
done < "$list"
