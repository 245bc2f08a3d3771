#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Shares of time are those of the program's own account: long runs, narrow margins.
#
# With 10 000 samples a half has a standard error of 0.5 points; a margin of 3 points is six of it.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

record() {
    local name=$1
    shift
    run --separate-stderr "$RECORD" run -a -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/$name" "$@"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    printf '%s\n' "$output" >"$TMP/target"
}

long_run() {
    use_python "$1"
    record "$2" 10
    compare "$3" "$TMP/trace" "$TMP/target" "margin=$4"
}

# What works faster than it could keep an account of gives none. While the process is stopped nothing can change, so
# what another recorder with --blocking finds at the same time is the truth. It has 20 000 samples, so that a half has a
# standard error of 0.35 points.
blocking_truth() {
    local structure=$3
    use_python "$1"
    start_target "$2" ${structure:+"$structure"} 60
    "$RECORD" attach --blocking -r 1khz -d 21 -q -o "$TMP/stops" "$TARGET" &
    local other=$!
    "$RECORD" attach -r 3khz -d 20 -q -o "$TMP/trace" "$TARGET"
    end_of "$other"
    compare blocking "$TMP/trace" "of=$TMP/stops" margin="$4"
    case $1 in
    3.8 | 3.10) ;; # what a caller is executing is not asked there
    *) [ "$2" != fast.py ] || compare possible "$TMP/trace" most=0.2 ;;
    esac
}

@test "50, 30 and 20 % on 3.8 (3 points)" { long_run 3.8 shares.py shares 3; }
@test "50, 30 and 20 % on 3.10 (3 points)" { long_run 3.10 shares.py shares 3; }
@test "50, 30 and 20 % on 3.11 (3 points)" { long_run 3.11 shares.py shares 3; }
@test "50, 30 and 20 % on 3.12 (3 points)" { long_run 3.12 shares.py shares 3; }
@test "50, 30 and 20 % on 3.13 (3 points)" { long_run 3.13 shares.py shares 3; }
@test "50, 30 and 20 % on 3.14 (3 points)" { long_run 3.14 shares.py shares 3; }
@test "50, 30 and 20 % on 3.15 (3 points)" { long_run 3.15 shares.py shares 3; }

@test "all depths of a recursion on 3.8 (3 points)" { long_run 3.8 recursion.py recursion 3; }
@test "all depths of a recursion on 3.10 (3 points)" { long_run 3.10 recursion.py recursion 3; }
@test "all depths of a recursion on 3.13 (3 points)" { long_run 3.13 recursion.py recursion 3; }
@test "garbage collection on 3.13 (3 points)" { long_run 3.13 gc_heavy.py gc 3; }
@test "nested generators on 3.9 (3 points)" { long_run 3.9 generators.py leaves 3; }
@test "nested generators on 3.13 (3 points)" { long_run 3.13 generators.py leaves 3; }
@test "nested generators on 3.15 (3 points)" { long_run 3.15 generators.py leaves 3; }
@test "a thread that hashes without the GIL on 3.13 (6 points)" { long_run 3.13 hashing.py hashing 6; }
@test "three threads that fight for the GIL on 3.13 (6 points)" { long_run 3.13 threads.py threads 6; }

# A word that says what runs is seen some nanoseconds after it was written, and not always as many: what lasts for 20
# ns only can be found some points too often or too seldom. 1 point here, and 0.5 for chance.
@test "a generator and its consumer on 3.8 (1.5 points)" { blocking_truth 3.8 fast.py resumed 1.5; }
@test "a generator and its consumer on 3.10 (1.5 points)" { blocking_truth 3.10 fast.py resumed 1.5; }
@test "a generator and its consumer on 3.11 (1.5 points)" { blocking_truth 3.11 fast.py resumed 1.5; }
@test "a generator and its consumer on 3.12 (1.5 points)" { blocking_truth 3.12 fast.py resumed 1.5; }
@test "a generator and its consumer on 3.13 (1.5 points)" { blocking_truth 3.13 fast.py resumed 1.5; }
@test "a generator and its consumer on 3.14 (1.5 points)" { blocking_truth 3.14 fast.py resumed 1.5; }
@test "a generator and its consumer on 3.15 (1.5 points)" { blocking_truth 3.15 fast.py resumed 1.5; }
@test "recursion up and down on 3.11 (3 points)" { blocking_truth 3.11 fast.py recursion 3; }
@test "recursion up and down on 3.13 (3 points)" { blocking_truth 3.13 fast.py recursion 3; }
@test "recursion up and down on 3.15 (3 points)" { blocking_truth 3.15 fast.py recursion 3; }
# What the word names may have ended when its frame is read; it holds the program up until then, in its caller.
@test "short calls on 3.8 (3 points)" { blocking_truth 3.8 short_calls.py "" 3; }
@test "short calls on 3.10 (3 points)" { blocking_truth 3.10 short_calls.py "" 3; }
@test "short calls on 3.11 (8 points)" { blocking_truth 3.11 short_calls.py "" 8; }
@test "short calls on 3.13 (5 points)" { blocking_truth 3.13 short_calls.py "" 5; }
@test "short calls on 3.15 (5 points)" { blocking_truth 3.15 short_calls.py "" 5; }
