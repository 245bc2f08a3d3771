#!/bin/sh
# SPDX-License-Identifier: MIT
#
# lint.sh: what compilers, linters and the rules of HACKING.md find in the
# sources.  Every finding is one line, FILE:LINE: WHAT; the last line counts
# them and names the tools that are not here.
set -u
cd "$(dirname "$0")/.." || exit 2
export LC_ALL=C.UTF-8

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
absent=
: > "$tmp/found"

# found WHAT: standard input is "FILE:LINE" or "FILE:LINE:TEXT" lines.
found() {
	awk -v what="$1" '{ print $0 ": " what }' >> "$tmp/found"
}

have() {
	command -v "$1" > /dev/null && return
	absent="$absent $1"
	return 1
}

# Also what is not committed yet; links and files that were deleted are left out.
git ls-files -co --exclude-standard | while read -r file; do
	[ ! -f "$file" ] || [ -L "$file" ] || echo "$file"
done > "$tmp/all"
if [ ! -s "$tmp/all" ]; then
	echo "lint: no files; this has to be a git tree" >&2
	exit 2
fi
grep -E '\.[ch]$' "$tmp/all" > "$tmp/c"
grep -E '\.(sh|bats|bash)$|^\.ci/' "$tmp/all" > "$tmp/shell"
grep -E '\.py$' "$tmp/all" > "$tmp/python"
grep -E '^(base|format|profile|tachyon-[a-z]+)/.*\.[ch]$' "$tmp/c" > "$tmp/ours"

# in_code REGEX FILE...: FILE:LINE where code, not a comment or string, matches.
in_code() {
	regex=$1
	shift
	awk -v regex="$regex" '
	FNR == 1 { inside = 0 }
	{
		text = ""
		rest = $0
		gsub(/"([^"\\]|\\.)*"/, "\"\"", rest)
		while (rest != "") {
			if (inside) {
				at = index(rest, "*/")
				inside = !at
				rest = at ? substr(rest, at + 2) : ""
			} else {
				at = index(rest, "/*")
				inside = at > 0
				text = text (at ? substr(rest, 1, at - 1) : rest)
				rest = at ? substr(rest, at + 2) : ""
			}
		}
		if (text ~ regex)
			print FILENAME ":" FNR
	}' "$@" < /dev/null
}

# ---- compilers --------------------------------------------------------------

# compile WHAT FLAGS TARGET...: a build of its own, what is printed is found.
compile() {
	what=$1 flags=$2
	shift 2
	${MAKE:-make} -s -k -j"$(nproc)" B="$tmp/build-$what" CFLAGS="$flags" "$@" \
		> "$tmp/$what" 2>&1
	status=$?
	grep -E '^[^ ]+:[0-9]+:([0-9]+:)? (fatal error|error|warning):' "$tmp/$what" |
		sort -u | found "$what"
	if [ "$status" -ne 0 ] && ! grep -q ": $what\$" "$tmp/found"; then
		tail -n 5 "$tmp/$what" >&2
		echo "Makefile:1" | found "$what: the build failed"
	fi
}

unset MAKEFLAGS MAKELEVEL
compile werror "-O2 -g -Werror" all unit-tests
if "${CC:-gcc}" -fanalyzer -x c -c -o /dev/null /dev/null 2> /dev/null; then
	compile analyzer "-O1 -fanalyzer" all
else
	absent="$absent gcc-with-fanalyzer"
fi

# ---- other tools ------------------------------------------------------------

if have shellcheck; then
	xargs -d '\n' -a "$tmp/shell" shellcheck -f gcc | found shellcheck
fi
if have mandoc; then
	for page in man/*.[1-9]; do
		mandoc -T lint -W warning "$page"
	done 2>&1 | sed 's/^mandoc: //' | found mandoc
fi

# ---- rules of our own -------------------------------------------------------

# The include ladder: programs, profile, format, base.
while read -r file; do
	folder=${file%%/*}
	case $folder in
	base) may=base ;;
	format) may='base|format' ;;
	profile) may='base|format|profile' ;;
	tachyon-record) may='base|format|tachyon-record' ;;
	*) may="base|format|profile|$folder" ;;
	esac
	grep -nE '^#include "' "$file" | grep -vE "^[0-9]+:#include \"($may)/" |
		sed "s|^\([0-9]*\):#include \(.*\)|$file:\1: \2|" |
		found "an include up or across the ladder"
done < "$tmp/ours"

# What does not come back is left to main(); a forked child is launch.c's.
grep -vE '/main\.c$|^base/mem\.c$' "$tmp/ours" > "$tmp/below_main"
# shellcheck disable=SC2046  # file names without blanks
in_code '(^|[^_[:alnum:]])(exit|abort|quick_exit|die|err|errx) *\(' \
	$(cat "$tmp/below_main") | found "ends the program below main.c"
# shellcheck disable=SC2046
in_code '(^|[^_[:alnum:]])_exit *\(' $(grep -v '^tachyon-record/launch\.c$' \
	"$tmp/below_main") | found "ends the program below main.c"

# shellcheck disable=SC2046
in_code '0x03[01][0-9a-f]([^0-9a-f]|$)|(^|[^_[:alnum:]])minor *([<>]=?|[=!]=)' \
	$(grep '^tachyon-record/' "$tmp/ours" | grep -v '/cpython/layouts\.c$') |
	found "compares Python versions; that is for cpython/layouts.c"

while read -r file; do
	lines=$(wc -l < "$file")
	[ "$lines" -le 800 ] || echo "$file:800: $lines lines" | found "too long a file"
done < "$tmp/c"

# too_wide COLUMNS LIST
too_wide() {
	while read -r file; do
		expand "$file" | grep -nE "^.{$(($1 + 1))}" |
			sed "s|^\([0-9]*\):.*|$file:\1|"
	done < "$2" | found "more than $1 columns"
}
too_wide 100 "$tmp/c"
# waiting_scenes.py has wide lines on purpose: columns beyond 255 are its matter.
cat "$tmp/shell" "$tmp/python" | grep -v 'waiting_scenes\.py$' > "$tmp/scripts"
too_wide 120 "$tmp/scripts"

# Golden files are other programs' input, byte by byte.
grep -v '/golden/' "$tmp/all" > "$tmp/text"
xargs -d '\n' -a "$tmp/text" grep -nIwE 'TO''DO|FIX''ME' |
	cut -d: -f1,2 | found "an open end"
xargs -d '\n' -a "$tmp/text" grep -nIE '[[:blank:]]+$' | cut -d: -f1,2 |
	found "blanks at the end of the line"

sort -t: -k1,1 -k2,2n "$tmp/found"
n=$(wc -l < "$tmp/found")
echo "lint: $n found${absent:+; not here:$absent}"
[ "$n" -eq 0 ]
