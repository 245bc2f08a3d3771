#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh BUILD [WORD]: runs the unit tests in BUILD/tests and the command-line
# tests, those whose name holds WORD, and ends with one line of counts.
# SUITE=slow runs the tests that take minutes instead, SUITE=freethreaded those of
# builds that tools/freethreaded.sh makes.
set -u

build=$1
word=${2:-}
here=$(dirname "$0")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

if [ -z "${SUITE:-}" ]; then
	for test in "$build"/tests/*/*_test; do
		case $test in *"$word"*) ;; *) continue ;; esac
		if "$test" > "$log" 2>&1; then
			n=$(grep -c '^\[       OK' "$log")
			passed=$((passed + n))
			echo "ok   ${test#"$build"/tests/} ($n)"
		else
			failed=$((failed + 1))
			echo "FAIL ${test#"$build"/tests/}"
			cat "$log"
		fi
	done
	files=$(find "$here" -name '*.bats' ! -path '*/slow/*' ! -path '*/freethreaded/*' | sort)
else
	files=$(find "$here/$SUITE" -name '*.bats' | sort)
fi

for file in $files; do
	case $file in *"$word"*) ;; *) continue ;; esac
	began=$(date +%s)
	bats --tap --timing "$file" > "$log" 2>&1
	status=$?
	n=$(grep -c '^ok' "$log")
	s=$(grep -c '^ok.*# skip' "$log")
	f=$(grep -c '^not ok' "$log")
	passed=$((passed + n - s)) skipped=$((skipped + s)) failed=$((failed + f))
	[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || failed=$((failed + 1))
	word_ok=ok
	[ "$status" -eq 0 ] || word_ok=FAIL
	printf '%-4s %s (%d, %d s)\n' "$word_ok" "${file#"$here"/}" "$((n - s))" \
		"$(($(date +%s) - began))"
	if [ "$status" -eq 0 ]; then
		grep '# skip' "$log" | sed 's/^ok [0-9]* /     skipped: /'
	else
		cat "$log"
	fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
