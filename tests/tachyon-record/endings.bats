#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# However it ends, the trace is readable and has what was recorded until then.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    use_any_python
}

END_TARGET=2
END_SIGNAL=3

# has_ticks TRACE: a frame of the trace has reached the file
has_ticks() {
    [ "$(summary "$1" '.ticks > 0' 2>/dev/null)" = true ]
}

# run_until_signal SIGNAL: records signals.py, sends the signal to the recorder alone
run_until_signal() {
    in_background "$TMP/out" "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/signals.py"
    within 10 has_line "$TMP/out" ready
    kill -s "$1" "$PID"
    ends_with 7 "$PID" "$TMP/out"
    has_line "$TMP/out" "got $1" || fail "the program: $(cat "$TMP/out")"
    zstd -tq "$TMP/trace"
    holds "$TMP/trace" ".ends | length == 1 and (.[0][1] == $END_SIGNAL or .[0][1] == $END_TARGET)"
    holds "$TMP/trace" '.leaves.work > 0'
}

@test "SIGINT finishes the trace and is passed on, once" { run_until_signal INT; }
@test "SIGTERM finishes the trace and is passed on, once" { run_until_signal TERM; }
@test "SIGHUP finishes the trace and is passed on, once" { run_until_signal HUP; }

@test "Ctrl-C on a terminal reaches the program once" {
    mkfifo "$TMP/keys"
    exec {keys}<>"$TMP/keys"
    script -qec "$(printf '%q ' "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/signals.py")" /dev/null \
        <"$TMP/keys" >"$TMP/shown" {keys}>&- 3>&- &
    STARTED+=($!)
    within 10 grep -q ready "$TMP/shown"
    printf '\003' >&"$keys"
    local pid=$!
    ends_with 7 "$pid" "$TMP/out"
    exec {keys}>&-
    tr -d '\r' <"$TMP/shown" | grep -E 'got (INT ?)+$' | tail -n 1 >"$TMP/got"
    [ "$(grep -o INT "$TMP/got" | wc -l)" -eq 1 ] || fail "$(cat "$TMP/shown")"
    holds "$TMP/trace" '.ends | length == 1'
}

@test "SIGINT, SIGTERM and SIGHUP end an attach, and that is a success" {
    start_target shares.py 60
    local signal
    for signal in INT TERM HUP; do
        rm -f "$TMP/trace"
        in_background "$TMP/out" "$RECORD" attach -r 1khz -d 0 -o "$TMP/trace" "$TARGET"
        within 5 test -s "$TMP/trace"
        kill -s "$signal" "$PID"
        ends_with 0 "$PID" "$TMP/out"
        zstd -tq "$TMP/trace"
        holds "$TMP/trace" ".ends | length == 1 and .[0][1] == $END_SIGNAL"
        ! is_gone "$TARGET"
    done
}

@test "kill -9 of the recorder leaves a trace that lacks a second at most" {
    start_target shares.py 60
    in_background "$TMP/out" "$RECORD" attach -r 1khz -d 0 -o "$TMP/trace" "$TARGET"
    local recorder=$PID
    within 5 has_ticks "$TMP/trace"
    # A second frame shows that frames come by time.
    local size
    size=$(stat -c %s "$TMP/trace")
    within 5 is_larger "$TMP/trace" "$size"
    kill -9 "$recorder"
    ends_with 137 "$recorder" "$TMP/out"
    zstd -dcq "$TMP/trace" >/dev/null
    holds "$TMP/trace" '(.ends | length) == 0 and .leaves.burn_50 > 0'
    run ! is_gone "$TARGET"
}

is_larger() {
    [ "$(stat -c %s "$1")" -gt "$2" ]
}

@test "kill -9 of the recorder lets a launched program go on" {
    in_background "$TMP/out" "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/shares.py" 1.5
    within 5 has_ticks "$TMP/trace"
    kill -9 "$PID"
    within 10 grep -q wall_s "$TMP/out"
}

@test "the target is killed in the middle" {
    start_target shares.py 60
    in_background "$TMP/out" "$RECORD" attach -r 1khz -d 30 -o "$TMP/trace" "$TARGET"
    within 5 has_ticks "$TMP/trace"
    kill -9 "$TARGET"
    ends_with 0 "$PID" "$TMP/out"
    zstd -tq "$TMP/trace"
    holds "$TMP/trace" ".ends[0][1] == $END_TARGET and .leaves.burn_50 > 0"
}

@test "the target ends at once" {
    run --separate-stderr "$RECORD" run -o "$TMP/trace" "$PYTHON" -c 'import os; os._exit(9)'
    [ "$status" -eq 9 ]
    zstd -tq "$TMP/trace"
    holds "$TMP/trace" '.ends | length == 1'
}

@test "the target becomes another interpreter in the middle" {
    run --separate-stderr "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/exec_again.py" 1.2
    [ "$status" -eq 0 ] || fail "$stderr"
    holds "$TMP/trace" '.functions | contains(["before_exec", "after_exec"])'
    holds "$TMP/trace" '.leaves.spin > 500 and (.events | any(.[2] == 2))'
}

@test "nothing is sampled twice after an exec" {
    "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/exec_again.py" 1
    # For a moment there is no interpreter.
    holds "$TMP/trace" '.samples <= .ticks and .failed < 0.2 * .ticks'
}

@test "attach: the target becomes another interpreter in the middle" {
    start_target exec_again.py 1.6
    "$RECORD" attach -r 1khz -d 0 -o "$TMP/trace" "$TARGET"
    holds "$TMP/trace" '.functions | contains(["before_exec", "after_exec"])'
}

@test "the target becomes something else in the middle" {
    run --separate-stderr "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" -c 'import os, time
def spin(until):
    while time.perf_counter() < until:
        pass
spin(time.perf_counter() + 0.3)
os.execvp("sleep", ["sleep", "0.2"])'
    [ "$status" -eq 0 ] || fail "$stderr"
    holds "$TMP/trace" '.leaves.spin > 0 and (.ends | length) == 1'
}

@test "a target that is stopped and goes on" {
    start_target shares.py 60
    in_background "$TMP/out" "$RECORD" attach -r 1khz -d 0 -o "$TMP/trace" "$TARGET"
    within 5 test -s "$TMP/trace"
    kill -STOP "$TARGET"
    sleep 0.2 # the time it is stopped
    kill -CONT "$TARGET"
    kill -INT "$PID"
    ends_with 0 "$PID" "$TMP/out"
    holds "$TMP/trace" '.failed < 0.01 * .ticks'
}

@test "disk full: a message, and the program goes on" {
    run --separate-stderr "$RECORD" run -d 0 -o /dev/full "$PYTHON" "$TARGETS/shares.py" 0.5
    [ "$status" -eq 125 ] || fail "status $status: $stderr"
    is_message "$stderr" '/dev/full.*No space left'
    [[ $output == *wall_s* ]]

    start_target shares.py 30
    run --separate-stderr "$RECORD" attach -d 0 -o /dev/full "$TARGET"
    [ "$status" -eq 1 ] || fail "status $status: $stderr"
    is_message "$stderr" '/dev/full.*No space left'
    run ! is_gone "$TARGET"
}

@test "disk full in the middle: what was recorded until then is readable" {
    start_target codes.py 60
    # A limit of this process stands for the disk.
    run --separate-stderr bash -c 'ulimit -f 128; exec "$@"' - "$RECORD" attach -i 50 -d 30 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 1 ] || fail "status $status: $stderr"
    is_message "$stderr" "$TMP/trace.*File too large"
    [ "$(stat -c %s "$TMP/trace")" -le 131072 ]
    holds "$TMP/trace" '.ticks > 0 and (.functions | contains(["make"]))'
}

@test "disk full in the middle, on a file system" {
    unshare --user --map-root-user --mount true 2>/dev/null || skip "unshare --mount is refused"
    start_target codes.py 60
    mkdir "$TMP/disk"
    # shellcheck disable=SC2016  # the inner shell's
    run --separate-stderr unshare --mount bash -c 'mount -t tmpfs -o size=128k none "$1" || exit 99
"$2" attach -i 50 -d 30 -o "$1/trace" "$3"
status=$?
cp "$1/trace" "$4"
exit "$status"' - "$TMP/disk" "$RECORD" "$TARGET" "$TMP/trace"
    [ "$status" -ne 99 ] || skip "no tmpfs can be mounted here"
    [ "$status" -eq 1 ] || fail "status $status: $stderr"
    is_message "$stderr" 'No space left'
    holds "$TMP/trace" '.ticks > 0'
}

@test "the reader of the pipe is gone" {
    start_target shares.py 60
    # shellcheck disable=SC2016  # the inner shell's
    run --separate-stderr bash -c '"$1" attach -r 1khz -d 30 "$2" | true; exit "${PIPESTATUS[0]}"' - "$RECORD" "$TARGET"
    [ "$status" -eq 1 ] || fail "status $status: $stderr"
    is_message "$stderr" 'standard output.*reader of the pipe is gone'
    run ! is_gone "$TARGET"
}

@test "the reader of the pipe is gone: a launched program goes on" {
    # shellcheck disable=SC2016  # the inner shell's
    run --separate-stderr bash -c '"$@" | true; exit "${PIPESTATUS[0]}"' - \
        "$RECORD" run -r 1khz -d 0 "$PYTHON" "$TARGETS/shares.py" 1.5
    [ "$status" -eq 125 ] || fail "status $status: $stderr"
    [[ $stderr == *wall_s* ]]
    [[ $stderr == *"reader of the pipe is gone"* ]]
}

@test "a reader that is slow: sampling goes on, what is lost is counted" {
    start_target codes.py 60
    mkfifo "$TMP/pipe"
    in_background "$TMP/out" "$RECORD" attach -i 20 -d 1.5 -o "$TMP/pipe" "$TARGET"
    exec {pipe}<"$TMP/pipe"
    sleep 1.7 # longer than it records
    cat <&"$pipe" >"$TMP/trace"
    exec {pipe}<&-
    ends_with 0 "$PID" "$TMP/out"
    holds "$TMP/trace" '(.ends | length) == 1'
    # Every tick of the time asked for is there, was late or is counted.
    holds "$TMP/trace" '.duration_s > 1.3 or (.lost | length) > 0'
}

interpreters_that_end() {
    use_python "$1"
    start_target short_interpreters.py 1.5
    run --separate-stderr "$RECORD" attach -a -r 1khz -d 1 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    # One process, attached to once, to the end.
    holds "$TMP/trace" '(.processes | length) == 1 and [.events[][2]] == [1]'
    holds "$TMP/trace" '.ends[0][1] == 1 and .duration_s > 0.8 and .failed < 50'
    holds "$TMP/trace" '.functions | contains(["spin"])'
}

@test "a subinterpreter that ends is not the end on 3.8" { interpreters_that_end 3.8; }
@test "a subinterpreter that ends is not the end on 3.10" { interpreters_that_end 3.10; }
@test "a subinterpreter that ends is not the end on 3.11" { interpreters_that_end 3.11; }
@test "a subinterpreter that ends is not the end on 3.12" { interpreters_that_end 3.12; }
@test "a subinterpreter that ends is not the end on 3.13" { interpreters_that_end 3.13; }
@test "a subinterpreter that ends is not the end on 3.15" { interpreters_that_end 3.15; }

exec_is_noticed() {
    use_python "$1"
    "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/exec_again.py" 1 >"$TMP/target"
    holds "$TMP/trace" '(.processes | length) == 2 and ([.events[][2]] | contains([1, 2]))'
    holds "$TMP/trace" '.functions | contains(["before_exec", "after_exec"])'
}

# Debian's python3.14 and python3.15 are linked to fixed addresses: what was read goes on to be readable.
@test "an exec is noticed on 3.9" { exec_is_noticed 3.9; }
@test "an exec is noticed on 3.11" { exec_is_noticed 3.11; }
@test "an exec is noticed on 3.14" { exec_is_noticed 3.14; }
@test "an exec is noticed on 3.15" { exec_is_noticed 3.15; }

@test "a long interval delays neither the end of the duration nor that of the target" {
    use_any_python
    start_target shares.py 60
    local began=$EPOCHSECONDS
    run --separate-stderr "$RECORD" attach -i 60s -d 0.3 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    run --separate-stderr "$RECORD" run -i 60s -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/shares.py" 0.3
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    [ $((EPOCHSECONDS - began)) -lt 20 ]
}

@test "a signal reaches what the program has become" {
    use_any_python
    # shellcheck disable=SC2016  # Python's
    in_background "$TMP/target" "$RECORD" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" -c '
import os, time
print("ready", flush=True)
time.sleep(0.3)
os.execvp("sleep", ["sleep", "60"])'
    local recorder=$PID
    within 20 has_line "$TMP/target" ready
    local program
    program=$(cat "/proc/$recorder/task/$recorder/children")
    within 20 grep -q sleep "/proc/${program// /}/comm"
    kill -TERM "$recorder"
    ends_with 143 "$recorder"
}
