#!/bin/sh
# SPDX-License-Identifier: MIT
#
# opcodes.sh LIST: print tachyon-record/cpython/opcode_rows.inc from the
# headers of the interpreters that tools/pythons.sh has listed in LIST, and
# from tools/opcode_native.txt.  The committed file is this output; the tests
# compare the two, and it with the interpreters' own module opcode.
set -eu

list=$1
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

awk '/^#/ || !NF { next }
	$1 == "?" { print "C(" $2 ", UINT_MAX)"; next }
	{ split($2, v, "."); print "C(" $1 ", " (v[1] * 256 + v[2]) ")" }' \
	"$here/opcode_native.txt" > "$tmp/opcode_native.inc"

echo '/* SPDX-License-Identifier: MIT */'
echo '/* Made by tools/opcodes.sh from the headers of each version. */'
while IFS='	' read -r minor kind _ full include; do
	case $minor in
	3.[89]|3.1[0-5]) ;;
	*) continue ;;
	esac
	[ "$kind" != missing ] || continue
	[ -r "$include/Python.h" ] || continue
	ids=$include/opcode.h
	[ ! -r "$include/opcode_ids.h" ] || ids=$include/opcode_ids.h
	# Numbers above 255 are the compiler's own; EXCEPT_HANDLER marks a block.
	sed -n 's/^ *#define  *\([A-Z][A-Z0-9_]*\)  *\([0-9][0-9]*\) *$/\1 \2/p' "$ids" |
		awk '$2 < 256 && $1 !~ /^(HAVE_ARGUMENT|EXCEPT_HANDLER|(MIN|MAX|ENABLE)_.*|NB_.*)$/ {
			print "N(" $1 ")" }' > "$tmp/opcode_names.inc"
	"${CC:-cc}" -w -I"$tmp" -I"$include" -I"$include/internal" -o "$tmp/probe" \
		"$here/opcode_probe.c"
	echo "/* $full */"
	"$tmp/probe"
done < "$list"
