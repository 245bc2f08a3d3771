#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every instruction of a good part of the standard library is where its interpreter says it is.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# same_positions MINOR UNITS [OPTION]: sets COUNTS
same_positions() {
    use_python "$1"
    set -o pipefail
    COUNTS=$("$PYTHON" ${3:+"$3"} "$TESTS/linetable_all.py" "$2" | "$BUILD/tests/linetable_check") ||
        fail "$COUNTS"
    echo "$COUNTS"
    [[ $COUNTS == *" 0 wrong" ]]
}

# Each form of entry occurs: without a line, without columns, over several lines.
standard_library() {
    same_positions "$1" 800000
    [[ $COUNTS =~ ([0-9]+)\ units ]] && [ "${BASH_REMATCH[1]}" -ge 800000 ]
    [[ $COUNTS != *" 0 without line"* ]]
    [[ $COUNTS != *" 0 without columns"* ]]
    [[ $COUNTS != *" 0 over several lines"* ]]
}

# Without columns; 3.10 knows instructions without a line, earlier ones give each the line before it.
lines_only() {
    same_positions "$1" 430000
    [[ $COUNTS =~ ([0-9]+)\ units ]] && [ "${BASH_REMATCH[1]}" -ge 430000 ]
    [[ $COUNTS == *" 0 over several lines"* ]]
    case $2 in
    some) [[ $COUNTS != *" 0 without line"* ]] ;;
    none) [[ $COUNTS == *" 0 without line"* ]] ;;
    esac
}

without_columns() {
    same_positions "$1" 20000 -Xno_debug_ranges
    [[ $COUNTS == *" 0 over several lines"* ]]
}

@test "lines on 3.8" { lines_only 3.8 none; }
@test "lines on 3.9" { lines_only 3.9 none; }
@test "lines on 3.10" { lines_only 3.10 some; }

@test "positions on 3.11" { standard_library 3.11; }
@test "positions on 3.12" { standard_library 3.12; }
@test "positions on 3.13" { standard_library 3.13; }
@test "positions on 3.14" { standard_library 3.14; }
@test "positions on 3.15" { standard_library 3.15; }

@test "positions without columns on 3.11" { without_columns 3.11; }
@test "positions without columns on 3.13" { without_columns 3.13; }
@test "positions without columns on 3.15" { without_columns 3.15; }

@test "a wrong position is found" {
    use_any_python
    "$PYTHON" "$TESTS/linetable_all.py" 2000 >"$TMP/records"
    # The first line of the first code object, which is a module's and thus 1.
    printf '\7' | dd of="$TMP/records" bs=1 seek=4 conv=notrunc status=none
    run "$BUILD/tests/linetable_check" <"$TMP/records"
    [ "$status" -eq 1 ]
    [[ $output == *"code object 1 at line 7"* ]]
}
