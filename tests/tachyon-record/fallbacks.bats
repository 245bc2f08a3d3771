#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a sandbox may refuse is got in another way, and the trace says how.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

@test "exact stacks through /proc/PID/mem where process_vm_readv is refused" {
    use_any_python
    start_target waiting.py function generator recursion callbacks_sort
    "$BUILD/tests/refuse" process_vm_readv "$RECORD" attach -a -r 200 -d 0.25 -o "$TMP/trace" "$TARGET"
    compare exact "$TMP/trace" "$TMP/target"
    holds "$TMP/trace" '.headers[0].memory == "/proc/PID/mem" and .failed == 0 and .inexact == 0'
}

@test "shares of time through /proc/PID/mem (7 points)" {
    use_any_python
    "$BUILD/tests/refuse" process_vm_readv \
        "$RECORD" run -r 2khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/shares.py" 0.6 >"$TMP/target"
    compare shares "$TMP/trace" "$TMP/target" margin=7
}

# A thread that is ready then counts as running, so turns are told by who holds the lock.
@test "who holds and who waits for the GIL where context-switch records are refused (12 points)" {
    use_any_python
    "$BUILD/tests/refuse" perf_event_open \
        "$RECORD" run -a -r 2khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/threads.py" 1 >"$TMP/target"
    compare threads "$TMP/trace" "$TMP/target" margin=12
}
