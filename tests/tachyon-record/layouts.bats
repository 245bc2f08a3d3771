#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The rows of CPython's structures are those that the headers give.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

@test "row of 3.8" { same_row 3.8 layouts; }
@test "row of 3.9" { same_row 3.9 layouts; }
@test "row of 3.10" { same_row 3.10 layouts; }
@test "row of 3.11" { same_row 3.11 layouts; }
@test "row of 3.12" { same_row 3.12 layouts; }
@test "row of 3.13" { same_row 3.13 layouts; }
@test "row of 3.14" { same_row 3.14 layouts; }
@test "row of 3.15" { same_row 3.15 layouts; }

@test "instructions of 3.11" { same_row 3.11 call_sites; }
@test "instructions of 3.12" { same_row 3.12 call_sites; }
@test "instructions of 3.13" { same_row 3.13 call_sites; }
@test "instructions of 3.14" { same_row 3.14 call_sites; }
@test "instructions of 3.15" { same_row 3.15 call_sites; }

@test "a row for each build of each version, in order" {
    awk '/^\/\* [0-9]/ { split($2, part, "."); what = "3." part[2] (/free-threaded/ ? "t" : "") }
         /\.builds =/ { printf "%s", what; if (/RELEASE/) printf " release"; if (/DEBUG/) printf " debug"; print "" }' \
        "$TESTS/../tachyon-record/cpython/layout_rows.inc" >"$TMP/rows"
    # Builds whose rows differ have one each, those that share one are named together.
    awk '{ for (i = 2; i <= NF; i++) print $1, $i }' "$TMP/rows" >"$TMP/builds"
    for version in 3.8 3.9 3.10 3.11 3.12 3.13 3.13t 3.14 3.14t 3.15 3.15t; do
        printf '%s release\n%s debug\n' "$version" "$version"
    done | diff -u - "$TMP/builds"
}

@test "rows of asyncio" {
    local rows=$TESTS/../tachyon-record/cpython/asyncio_rows.inc minor
    command -v gdb >/dev/null || missing "no gdb"
    "$TESTS/../tools/asyncio_layouts.sh" "$PYTHONS/list.txt" >"$TMP/made"
    for minor in 3.11 3.12 3.13; do
        row "$minor" "$TMP/made" >"$TMP/fresh"
        # Where there is no debugging information there is nothing to compare.
        [ -s "$TMP/fresh" ] || continue
        row "$minor" "$rows" | diff -u - "$TMP/fresh" || fail "run make layouts and look at the difference"
        found=1
    done
    [ -n "${found:-}" ] || missing "no debugging information of _asyncio"
}
