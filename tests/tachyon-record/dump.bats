#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What every thread does now.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# One thread computes in the second of two calls on a line, one sleeps, one waits in a file that cannot be read.
write_target() {
    cat >"$TMP/app.py" <<'END_OF'
import threading, time
def nothing():
    return 0
def spin(until):
    while time.monotonic() < until:
        for _ in range(1000):
            pass
    return 1
def work():
	total = nothing() + spin(time.monotonic() + 60)
exec(compile("def hidden(): event.wait()", "/no/such/file.py", "exec"), globals())
event = threading.Event()
threading.Thread(target=time.sleep, args=(60,), name="sleeper", daemon=True).start()
threading.Thread(target=hidden, name="hi\033[2Jdden", daemon=True).start()
print("ready", flush=True)
work()
END_OF
    in_background "$TMP/app" "$PYTHON" "$TMP/app.py"
    TARGET=$PID
    within 20 ready_or_gone "$TMP/app" "$TARGET"
}

dumps() {
    use_python "$1"
    write_target
    "$RECORD" dump "$TARGET" >"$TMP/dump"
    "$RECORD" dump --json "$TARGET" >"$TMP/json"
    head -n 1 "$TMP/dump" | grep -qE "^Process $TARGET: Python ${1/./\\.}\.[0-9]+$"
    grep -qE '^Thread [0-9]+ MainThread \(main\): on a CPU, holds the GIL' "$TMP/dump"
    grep -qE '^Thread [0-9]+ sleeper: ' "$TMP/dump"
    grep -qE '^Thread [0-9]+ hi\\x1b\[2Jdden: ' "$TMP/dump"
    grep -qF '  File "/no/such/file.py", line 1, in hidden' "$TMP/dump"
    # A chroot has its own name for the file; its line is found in there.
    grep -A 2 -E '/app\.py", line 10, in work$' "$TMP/dump" >"$TMP/work"
    grep -qxF '    total = nothing() + spin(time.monotonic() + 60)' "$TMP/work" || fail "$(cat "$TMP/dump")"
    if [ "$2" = columns ]; then
        grep -qxF '                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^' "$TMP/work" || fail "$(cat "$TMP/work")"
    else
        run ! grep -q '\^' "$TMP/work"
    fi
    jq -e '.threads | length == 3' "$TMP/json"
    jq -e '.threads[] | select(.main) | .states.on_cpu and .states.holds_gil and
        (.frames | map(select(.function == "work"))[0] | .line == 10 and (.source | contains("spin(")))' "$TMP/json"
    jq -e '.threads[] | select(.name == "sleeper") | .states.on_cpu == false' "$TMP/json"
}

@test "threads, states, lines and columns on 3.8" { dumps 3.8 lines; }
@test "threads, states, lines and columns on 3.11" { dumps 3.11 columns; }
@test "threads, states, lines and columns on 3.13" { dumps 3.13 columns; }
@test "threads, states, lines and columns on 3.14" { dumps 3.14 columns; }
@test "threads, states, lines and columns on 3.15" { dumps 3.15 columns; }

@test "the task that a thread runs" {
    use_any_python
    cat >"$TMP/tasks.py" <<'END_OF'
import asyncio, time
async def busy():
    print("ready", flush=True)
    while True:
        pass
async def main():
    await asyncio.create_task(busy(), name="number crunching")
asyncio.run(main())
END_OF
    in_background "$TMP/tasks" "$PYTHON" "$TMP/tasks.py"
    within 20 ready_or_gone "$TMP/tasks" "$PID"
    "$RECORD" dump --async-aware "$PID" | grep -qE '^Thread .*; task number crunching$'
    "$RECORD" dump --async-aware --blocking --json "$PID" | jq -e '.threads[0].task == "number crunching"'
}

@test "a file that would block, and one that is no text" {
    use_any_python
    mkfifo "$TMP/pipe.py"
    head -c 4096 /dev/urandom >"$TMP/noise.py"
    cat >"$TMP/odd.py" <<END_OF
exec(compile("def f(): g()", "$TMP/pipe.py", "exec"), globals())
exec(compile("def g(): print('ready', flush=True); [0 for _ in iter(int, 1)]", "$TMP/noise.py", "exec"), globals())
f()
END_OF
    in_background "$TMP/odd" "$PYTHON" "$TMP/odd.py"
    within 20 ready_or_gone "$TMP/odd" "$PID"
    timeout 10 "$RECORD" dump "$PID" >"$TMP/dump"
    grep -qF "pipe.py\", line 1, in f" "$TMP/dump"
    grep -qF "noise.py\", line 1, in g" "$TMP/dump"
    # Nothing steers the terminal.
    run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$TMP/dump"
}

@test "no process, and none that is a Python" {
    run "$RECORD" dump 999999999
    [ "$status" -eq 5 ]
    in_background "$TMP/out" sleep 60
    run "$RECORD" dump "$PID"
    [ "$status" -eq 4 ]
    run "$RECORD" dump -r 5 1
    [ "$status" -eq 2 ]
    run "$RECORD" dump
    [ "$status" -eq 2 ]
    [[ $output == *"dump: no PID; give one process id" ]]
}
