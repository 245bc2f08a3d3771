#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --blocking: what is read stands still, and the target does not suffer for it, whatever happens.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# traced PID: some thread of it has a tracer
traced() {
    grep -hs '^TracerPid:' "/proc/$1/task"/*/status | grep -qv '	0$'
}

# letter PID: of its state
letter() {
    local stat
    read -r stat <"/proc/$1/stat" || return
    stat=${stat##*) }
    echo "${stat%% *}"
}

is_letter() {
    [ "$(letter "$1")" = "$2" ]
}

# cpu PID: time on a CPU in clock ticks
cpu() {
    local stat
    read -r stat <"/proc/$1/stat" || return
    stat=${stat##*) }
    # shellcheck disable=SC2086
    set -- $stat
    echo $((${12} + ${13}))
}

runs_on() {
    [ "$(cpu "$1")" -gt "$2" ]
}

still() {
    use_python "$1"
    local structure
    for structure in generators nested recursion calls exceptions; do
        start_target fast.py "$structure" 30
        "$RECORD" attach --blocking -r 1khz -d 0.3 -q -o "$TMP/trace" "$TARGET"
        kill "$TARGET"
        compare possible "$TMP/trace" most=0 failed=0 || fail "$structure"
        "$REPORT" info --json "$TMP/trace" >"$TMP/info"
        # One in a hundred may be a frame that was just being entered or left.
        jq -e '.inexact * 100 <= .ticks and .ticks > 150 and .target == "stopped"' "$TMP/info" ||
            fail "$structure: $(cat "$TMP/info")"
    done
}

@test "nothing changes while it is read on 3.8" { still 3.8; }
@test "nothing changes while it is read on 3.10" { still 3.10; }
@test "nothing changes while it is read on 3.11" { still 3.11; }
@test "nothing changes while it is read on 3.12" { still 3.12; }
@test "nothing changes while it is read on 3.13" { still 3.13; }
@test "nothing changes while it is read on 3.14" { still 3.14; }
@test "nothing changes while it is read on 3.15" { still 3.15; }

@test "states are those of before the stop" {
    use_any_python
    start_target threads.py 1
    "$RECORD" attach --blocking -a -r 500 -d 0 -q -o "$TMP/trace" "$TARGET"
    ends_with 0 "$TARGET" "$TMP/target"
    compare threads "$TMP/trace" "$TMP/target" margin=15
    # The same where the kernel's records of context switches are refused.
    start_target threads.py 1
    "$BUILD/tests/refuse" perf_event_open "$RECORD" attach --blocking -a -r 500 -d 0 -q -o "$TMP/trace" "$TARGET"
    ends_with 0 "$TARGET" "$TMP/target"
    # Who waits for the GIL is ready to run now and then, and that counts as running there.
    compare threads "$TMP/trace" "$TMP/target" margin=25
}

@test "after kill -9 of the recorder the target runs on" {
    use_any_python
    start_target shares.py 60
    local before
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        rm -f "$TMP/trace"
        in_background "$TMP/out" "$RECORD" attach --blocking -r 5khz -d 0 -q -o "$TMP/trace" "$TARGET"
        within 5 traced "$TARGET"
        kill -9 "$PID"
        ends_with 137 "$PID" "$TMP/out"
        run ! traced "$TARGET"
        before=$(cpu "$TARGET")
        within 5 runs_on "$TARGET" "$before"
    done
}

@test "signals reach the target, once each" {
    use_any_python
    cat >"$TMP/count.py" <<'END_OF'
import signal, time
n = 0
def got(number, frame):
    global n
    n += 1
signal.signal(signal.SIGUSR1, got)
signal.signal(signal.SIGTERM, lambda number, frame: exit(n))
print("ready", flush=True)
while True:
    for _ in range(1000):
        pass
    print(n, flush=True)
END_OF
    in_background "$TMP/count" "$PYTHON" "$TMP/count.py"
    TARGET=$PID
    within 20 ready_or_gone "$TMP/count" "$TARGET"
    in_background "$TMP/out" "$RECORD" attach --blocking -r 5khz -d 0 -q -o "$TMP/trace" "$TARGET"
    local recorder=$PID
    within 5 traced "$TARGET"
    for n in $(seq 100); do
        kill -USR1 "$TARGET"
        within 5 grep -qx "$n" "$TMP/count"
    done
    kill -TERM "$TARGET"
    ends_with 100 "$TARGET" "$TMP/count"
    ends_with 0 "$recorder" "$TMP/out"
}

@test "a target that was stopped stays stopped, and goes on when it is told to" {
    use_any_python
    start_target shares.py 60
    in_background "$TMP/out" "$RECORD" attach --blocking -r 1khz -d 0 -q -o "$TMP/trace" "$TARGET"
    local recorder=$PID before
    within 5 traced "$TARGET"
    kill -STOP "$TARGET"
    within 5 is_letter "$TARGET" T
    before=$(cpu "$TARGET")
    [ "$(cpu "$TARGET")" -le $((before + 1)) ]
    kill -INT "$recorder"
    ends_with 0 "$recorder" "$TMP/out"
    within 5 is_letter "$TARGET" T
    kill -CONT "$TARGET"
    within 5 runs_on "$TARGET" $((before + 1))
}

@test "threads that start and end all the time" {
    use_any_python
    start_target fast.py threads 30
    "$RECORD" attach --blocking -a -r 1khz -d 1 -q -o "$TMP/trace" "$TARGET"
    kill "$TARGET"
    compare possible "$TMP/trace" most=0 failed=1
}

@test "run passes on what the program does" {
    use_any_python
    cat >"$TMP/program.py" <<'END_OF'
import subprocess, sys, time
until = time.monotonic() + 0.3
while time.monotonic() < until:
    pass
print(subprocess.run(["sh", "-c", "echo from a child; exit 3"], stdout=subprocess.PIPE).returncode)
sys.exit(41)
END_OF
    run "$RECORD" run --blocking -r 2khz -d 0 -q -o "$TMP/trace" "$PYTHON" "$TMP/program.py"
    [ "$status" -eq 41 ]
    [ "$output" = 3 ]
    "$REPORT" info --json "$TMP/trace" | jq -e '.ticks > 200 and .end == "target"'
}

@test "the program's end by a signal is seen while it is traced" {
    use_any_python
    run "$RECORD" run --blocking -r 2khz -d 0 -q -o "$TMP/trace" "$PYTHON" -c '
import os, signal, time
until = time.monotonic() + 0.2
while time.monotonic() < until: pass
os.kill(os.getpid(), signal.SIGKILL)'
    [ "$status" -eq 137 ]
}

@test "who traces the target already is named" {
    use_any_python
    start_target shares.py 60
    cat >"$TMP/tracer.py" <<'END_OF'
import ctypes, sys, time
PTRACE_SEIZE = 0x4206
assert ctypes.CDLL(None).ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None) == 0
print("ready", flush=True)
time.sleep(60)
END_OF
    in_background "$TMP/tracer" "$CHECKER" "$TMP/tracer.py" "$TARGET"
    local tracer=$PID
    within 10 has_line "$TMP/tracer" ready
    run "$RECORD" attach --blocking -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 3 ]
    [[ $output == *"process $TARGET: --blocking: process $tracer traces it; end that first, or record without "* ]]
    [ ! -e "$TMP/trace" ]
    "$RECORD" attach -d 0.1 -q -o "$TMP/trace" "$TARGET"
}
