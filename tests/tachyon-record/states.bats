#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# States of threads are those of the program's own account; margins as in truth.bats.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# record [OPTION...] -- NAME [ARG...]: records the whole run of a target at 2 kHz
record() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    local name=$1
    shift
    run --separate-stderr "$RECORD" run -r 2khz -d 0 "${options[@]}" -o "$TMP/trace" "$PYTHON" "$TARGETS/$name" "$@"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    printf '%s\n' "$output" >"$TMP/target"
}

# exceptions VERSION: in functions, generators, callers, and on their way
exceptions() {
    use_python "$1"
    record -- exceptions.py 0.8
    compare exceptions "$TMP/trace" "$TMP/target" margin=7
    "$REPORT" collapsed --mode exception "$TMP/trace" >"$TMP/lines"
    grep -q ';handle_generator ' "$TMP/lines"
    ! grep -E ';calm_[a-z]* [0-9]{3}' "$TMP/lines" || fail "calm functions in the mode exception"
}

@test "exceptions raised and handled on 3.8 (7 points)" { exceptions 3.8; }
@test "exceptions raised and handled on 3.9 (7 points)" { exceptions 3.9; }
@test "exceptions raised and handled on 3.10 (7 points)" { exceptions 3.10; }
@test "exceptions raised and handled on 3.11 (7 points)" { exceptions 3.11; }
@test "exceptions raised and handled on 3.12 (7 points)" { exceptions 3.12; }
@test "exceptions raised and handled on 3.13 (7 points)" { exceptions 3.13; }
@test "exceptions raised and handled on 3.14 (7 points)" { exceptions 3.14; }
@test "exceptions raised and handled on 3.15 (7 points)" { exceptions 3.15; }
