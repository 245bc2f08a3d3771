#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# States of threads are those of the program's own account; margins as in truth.bats.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# exceptions VERSION: in functions, generators, callers, and on their way
exceptions() {
    use_python "$1"
    record_target -- exceptions.py 0.7
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

# modes VERSION: what a mode leaves is the same whoever leaves the rest out
modes() {
    use_python "$1"
    record_target -a --mode gil --native --no-gc -- threads.py 1
    mv "$TMP/trace" "$TMP/gil"
    record_target -a -- threads.py 1
    "$REPORT" info --json "$TMP/gil" | jq -e '.mode == "gil" and .omitted > 0 and .states.gc.known == 0 and
        .omitted + .states.holds_gil.yes >= .samples - .failed'
    share_of_spin "$TMP/gil" >"$TMP/one"
    share_of_spin "$TMP/trace" --mode gil >"$TMP/other"
    paste "$TMP/one" "$TMP/other" | awk '{ d = $1 - $2; if ($1 < 80 || d < -8 || d > 8) exit 1 }' ||
        fail "$(paste "$TMP/one" "$TMP/other")"
    [[ $("$REPORT" "$TMP/gil") == "Profile Stats (Mode: gil)"* ]]
    run --separate-stderr "$REPORT" --mode cpu "$TMP/gil"
    [[ $stderr == *"--mode cpu: recorded with --mode gil"* ]]
    run --separate-stderr "$REPORT" --mode gil "$TMP/gil"
    [ -z "$stderr" ]
    "$REPORT" info "$TMP/trace" | grep -q 'idle  thread'
}

# share_of_spin TRACE [OPTION...]: of the samples shown, those in spin()
share_of_spin() {
    "$REPORT" collapsed "$@" | awk '{ all += $NF } /spin/ { n += $NF } END { print 100 * n / all }'
}

@test "the mode gil in the recorder and in the reader on 3.11 (8 points)" { modes 3.11; }
@test "the mode gil in the recorder and in the reader on 3.13 (8 points)" { modes 3.13; }
@test "the mode gil in the recorder and in the reader on 3.15 (8 points)" { modes 3.15; }

# lines TRACE [OPTION...]: collapsed stacks of the target's own functions
lines() {
    "$REPORT" collapsed --focus "${TARGETS}" --ignore 'importlib|_bootstrap' "$@"
}

# count REGEX [FILE]: samples of the stacks that match
count() {
    awk -v re="$1" '{ n = $NF; sub(/ [0-9]+$/, "") } $0 ~ re { sum += n } END { print sum + 0 }' "${2:-$TMP/lines}"
}

# garbage VERSION: a collection is reported where it happened
garbage() {
    use_python "$1"
    record_target -- gc_heavy.py 1.5
    lines "$TMP/trace" >"$TMP/lines"
    "$CHECKER" -c 'import json, sys
got, other, truth = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.stdin.read().splitlines()[-1])["gc_share"]
share = got / (got + other)
print("%.1f %% and not %.1f %%" % (share * 100, truth * 100))
sys.exit(abs(share - truth) > 0.03)' "$(count '^<module>;main;collect;<GC>$')" "$(count '^<module>;main;compute$')" \
        <"$TMP/target"
    # No GC where none was, and none at all if that is wanted.
    [ "$(count 'compute;<GC>')" -le 2 ]
    ! lines --no-gc "$TMP/trace" | grep GC
}

# finalizers VERSION SHARE: what the collector calls stands above it, SHARE of it at least
finalizers() {
    use_python "$1"
    record_target -- finalizers.py 0.8
    lines "$TMP/trace" >"$TMP/lines"
    local kind right all
    for kind in 'Node.__del__' 'Node.__del__;work' died collecting; do
        right=$(count "^<module>;main;interrupted;<GC>;$kind\$")
        all=$(count "interrupted;.*$kind(;<GC>)?\$")
        if [ "$all" -lt 30 ] || [ $((right * 100)) -lt $((all * $2)) ]; then
            fail "$kind: $right of $all: $(cat "$TMP/lines")"
        fi
    done
    # A tick reads who collects some microseconds before it reads the frames, and is at times interrupted in between.
    [ "$(count '^<module>;main;calm;work$')" -ge 50 ]
    [ "$(count 'calm.*GC')" -le 12 ]
}

# callbacks VERSION: C between Python functions
callbacks() {
    use_python "$1"
    record_target -- callbacks.py 0.6
    lines "$TMP/trace" >"$TMP/lines"
    lines --native "$TMP/trace" >"$TMP/native"
    ! grep native "$TMP/lines"
    local by
    for by in sorted map reduce; do
        [ "$(count "^<module>;main;by_$by;(key|add)(;spin)?\$")" -ge 50 ]
        [ "$(count "^<module>;main;by_$by;(key|add)(;spin)?\$" "$TMP/native")" -le 12 ]
        [ "$(count "^<module>;main;by_$by;<native>;(key|add)(;spin)?(;<native>)?\$" "$TMP/native")" -ge 50 ]
    done
    [ "$(count '^<module>;main;by_python;key(;spin)?(;<native>)?$' "$TMP/native")" -ge 50 ]
}

@test "garbage collection on 3.11 (3 points)" { garbage 3.11; }
@test "garbage collection on 3.12 (3 points)" { garbage 3.12; }
@test "garbage collection on 3.13 (3 points)" { garbage 3.13; }
@test "garbage collection on 3.14 (3 points)" { garbage 3.14; }
@test "garbage collection on 3.15 (3 points)" { garbage 3.15; }

@test "Python code that the collector runs on 3.11" { finalizers 3.11 60; }
@test "Python code that the collector runs on 3.12" { finalizers 3.12 60; }
@test "Python code that the collector runs on 3.13" { finalizers 3.13 60; }
@test "Python code that the collector runs on 3.14" { finalizers 3.14 60; }
@test "Python code that the collector runs on 3.15" { finalizers 3.15 85; }

@test "Python code that C calls back on 3.11" { callbacks 3.11; }
@test "Python code that C calls back on 3.12" { callbacks 3.12; }
@test "Python code that C calls back on 3.13" { callbacks 3.13; }
@test "Python code that C calls back on 3.14" { callbacks 3.14; }
@test "Python code that C calls back on 3.15" { callbacks 3.15; }

# natives VERSION POINTS: functions that C works for, and others
natives() {
    use_python "$1"
    record_target -r 4khz -- natives.py 1
    compare natives "$TMP/trace" margin="$2"
    lines --native "$TMP/trace" >"$TMP/lines"
    [ "$(count '^<module>;main;native_sleep;<native>$')" -ge 20 ]
}

# 3.11 now and then leaves an attribute or a method unspecialised for a while.
@test "functions in native code on 3.11 (25 points)" { natives 3.11 25; }
@test "functions in native code on 3.12 (5 points)" { natives 3.12 5; }
@test "functions in native code on 3.13 (5 points)" { natives 3.13 5; }
@test "functions in native code on 3.14 (5 points)" { natives 3.14 5; }
@test "functions in native code on 3.15 (5 points)" { natives 3.15 5; }

# opcodes VERSION CALL: the instruction of the leaf, where it was recorded and is asked for
opcodes() {
    use_python "$1"
    record_target --opcodes -- natives.py 0.6
    "$REPORT" collapsed --opcodes "$TMP/trace" >"$TMP/lines"
    grep -qE "^<module>;main;native_hash \\[$2\\] [0-9]" "$TMP/lines" || fail "$(grep native_hash "$TMP/lines")"
    # Without the option the locations are one again.
    "$REPORT" collapsed --names line "$TMP/trace" >"$TMP/plain"
    ! grep -F '[' "$TMP/plain"
    "$REPORT" collapsed --opcodes --names line "$TMP/trace" | sed -E 's/ \[[A-Z_0-9 ()]*\]([ ;])/\1/' |
        awk '{ n = $NF; sub(/ [0-9]+$/, ""); sum[$0] += n } END { for (s in sum) print s, sum[s] }' |
        sort >"$TMP/merged"
    sort "$TMP/plain" | cmp "$TMP/merged" -
    "$REPORT" pstats -l 0 --no-summary --opcodes "$TMP/trace" >"$TMP/table"
    grep -qE "natives.py:[0-9]+\\(native_hash\\) \\[$2\\]" "$TMP/table"
    "$REPORT" pstats -l 0 --no-summary "$TMP/trace" | grep -cF '[' | grep -qx 0
    "$REPORT" info "$TMP/trace" | grep -q "^contents .* opcodes"
}

@test "opcodes of leaves on 3.11" { opcodes 3.11 'PRECALL_BUILTIN_FAST_WITH_KEYWORDS \(PRECALL\)'; }
@test "opcodes of leaves on 3.12" { opcodes 3.12 'CALL_BUILTIN_FAST_WITH_KEYWORDS \(CALL\)'; }
@test "opcodes of leaves on 3.13" { opcodes 3.13 'CALL_BUILTIN_FAST_WITH_KEYWORDS \(CALL\)'; }
@test "opcodes of leaves on 3.14" { opcodes 3.14 'CALL_BUILTIN_FAST_WITH_KEYWORDS \(CALL\)'; }
@test "opcodes of leaves on 3.15" { opcodes 3.15 'CALL_BUILTIN_FAST_WITH_KEYWORDS \(CALL\)'; }
