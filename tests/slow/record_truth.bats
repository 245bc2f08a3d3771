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

# A generator that is resumed as fast as can be gives no account of itself. While the process is stopped nothing can
# tear, so what is read then is the truth that the ticks in between are compared with.
stopped_truth() {
    use_python "$1"
    start_target "$2" 60 ${3:+"$3"}
    "$RECORD" attach -r 1khz -d 12 -o "$TMP/trace" "$TARGET" &
    local recorder=$!
    "$CHECKER" "$TESTS/stop_and_go.py" "$TARGET" 11 >"$TMP/stops"
    end_of "$recorder"
    compare stopped "$TMP/trace" "$TMP/stops" margin="${4:-5}"
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

# Here the generator has been found 1 to 5 points too seldom.
@test "a generator resumed as fast as can be on 3.8 (8 points)" { stopped_truth 3.8 generators.py tight 8; }
@test "a generator resumed as fast as can be on 3.10 (5 points)" { stopped_truth 3.10 generators.py tight; }
@test "a generator resumed as fast as can be on 3.11 (5 points)" { stopped_truth 3.11 generators.py tight; }
@test "a generator resumed as fast as can be on 3.12 (5 points)" { stopped_truth 3.12 generators.py tight; }
@test "a generator resumed as fast as can be on 3.13 (5 points)" { stopped_truth 3.13 generators.py tight; }
@test "a generator resumed as fast as can be on 3.14 (5 points)" { stopped_truth 3.14 generators.py tight; }
@test "a generator resumed as fast as can be on 3.15 (5 points)" { stopped_truth 3.15 generators.py tight; }
@test "short calls on 3.8 (5 points)" { stopped_truth 3.8 short_calls.py; }
@test "short calls on 3.10 (5 points)" { stopped_truth 3.10 short_calls.py; }
@test "short calls on 3.11 (5 points)" { stopped_truth 3.11 short_calls.py; }
@test "short calls on 3.13 (5 points)" { stopped_truth 3.13 short_calls.py; }
@test "short calls on 3.15 (5 points)" { stopped_truth 3.15 short_calls.py; }
