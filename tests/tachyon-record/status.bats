#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Exit statuses, and the message that goes with each.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    use_any_python
}

# exits STATUS [REGEX]: what the last run did
exits() {
    [ "$status" -eq "$1" ] || fail "status $status and not $1: $stderr"
    [ $# -eq 1 ] || is_message "$stderr" "$2"
}

record() {
    run --separate-stderr "$RECORD" "$@"
}

# too_old: makes PYTHON a program that looks like Python 3.7
too_old() {
    PYTHON=$TMP/python3.7
    "${CC:-cc}" -rdynamic -x c -o "$PYTHON" - <<'EOF' || missing "no C compiler"
#include <stdio.h>
#include <unistd.h>
char _PyRuntime[4096];
int PyInterpreterState_GetID(void) { return 0; }
int main(void) { puts("ready"); fflush(stdout); usleep(500000); puts("done"); return 0; }
EOF
}

@test "run passes on the program's status" {
    record run -o "$TMP/trace" "$PYTHON" -c 'pass'
    exits 0
    record run -o "$TMP/trace" "$PYTHON" -c 'raise SystemExit(3)'
    exits 3
    record run -o "$TMP/trace" "$PYTHON" -c 'import time; time.sleep(0.2); raise SystemExit(200)'
    exits 200
}

@test "run: 128 + n when a signal ended the program" {
    local signal
    for signal in KILL TERM SEGV; do
        record run -o "$TMP/trace" "$PYTHON" -c "import os, signal, time
time.sleep(0.1)
os.kill(os.getpid(), signal.SIG$signal)"
        exits $((128 + $(kill -l "$signal")))
        holds "$TMP/trace" '.ends | length == 1'
    done
}

@test "run: 127 when there is no such command, 126 when it cannot be executed" {
    run -127 --separate-stderr "$RECORD" run -o "$TMP/trace" no-such-command-anywhere
    exits 127 no-such-command-anywhere
    run -127 --separate-stderr "$RECORD" run -o "$TMP/trace" "$TMP/no/such/file"
    exits 127 "$TMP/no/such/file"
    mkdir "$TMP/bin"
    echo text >"$TMP/bin/not-executable"
    PATH=$PATH:$TMP/bin record run -o "$TMP/trace" not-executable
    exits 126 not-executable
}

@test "run: 125 for what is wrong with us" {
    record run --no-such-option true
    exits 125
    record run
    exits 125
    record run -o "$TMP/no/such/directory/trace" "$PYTHON" -c 'print("started")'
    exits 125 "$TMP/no/such/directory/trace"
    [ -z "$output" ]
}

@test "run of a program that never is Python: 125, and a message" {
    record run -o "$TMP/trace" true
    exits 125 'Python'
    record run -o "$TMP/trace" sh -c 'sleep 0.1; exit 4'
    exits 125 'Python'
    record run -d 0.1 -o "$TMP/trace" sleep 0.3
    exits 125 'Python'
    compare summary "$TMP/trace"
}

@test "run of a Python that is too old: 125, and a message that says which are read; the program goes on" {
    too_old
    record run -o "$TMP/trace" "$PYTHON"
    exits 125 '3\.7: too old.*3\.8.*3\.15'
    [[ $output == *done ]]
}

@test "attach: 0 when done" {
    start_target shares.py 30
    record attach -d 0.1 -o "$TMP/trace" "$TARGET"
    exits 0
}

@test "attach: 1 when the output cannot be written" {
    start_target shares.py 30
    record attach -d 0.1 -o "$TMP/no/such/directory/trace" "$TARGET"
    exits 1 "$TMP/no/such/directory/trace"
    record attach -d 0.1 -o "$TMP" "$TARGET"
    exits 1 "$TMP"
}

@test "attach: 2 for a wrong command line" {
    local words
    for words in "attach" "attach x" "attach 1 2" "attach -1" "attach 0" "attach 1x" \
        "attach --no-such 1" "attach -i 0 1" \
        "attach -i x 1" "attach -i -5 1" "attach -r 0 1" "attach -r 10parsecs 1" "attach -d -1 1" "attach -d x 1" \
        "attach -d" "no-such-command" ""; do
        # shellcheck disable=SC2086  # several words
        record $words
        [ "$status" -eq 2 ] || fail "status $status of: $words"
        [ -z "$output" ]
        [[ $stderr == tachyon-record:* ]] || fail "not a message of $words: $stderr"
    done
}

@test "a misspelt option or command: what was probably meant" {
    record attach --all-thread=1 1
    exits 2
    record attach --al-threads 1
    exits 2
    [[ $stderr == *--all-threads* ]]
    record atach 1
    exits 2
    [[ $stderr == *attach* ]]
}

@test "attach: 3 without the permission" {
    local recorder=("$RECORD")
    if [ "$(id -u)" -eq 0 ]; then
        start_target shares.py 30
        # Nobody may not even search the directory of the build.
        open=$(mktemp -d /tmp/tachyon.XXXXXX)
        chmod 755 "$open"
        cp "$RECORD" "$open/tachyon-record"
        recorder=(setpriv --reuid=65534 --regid=65534 --clear-groups "$open/tachyon-record")
    else
        TARGET=1
    fi
    run --separate-stderr "${recorder[@]}" attach -d 0.1 "$TARGET"
    rm -rf "${open:-}"
    exits 3
    # A line that says which gate is closed, and one what opens it.
    [ "${#stderr_lines[@]}" -eq 2 ] || fail "not two lines: $stderr"
    is_message "${stderr_lines[0]}" "process $TARGET: it cannot be read: "
    is_message "${stderr_lines[1]}" "to open it: "
    [ -z "$output" ]
}

@test "attach: 4 when the process is no Python" {
    in_background "$TMP/out" sleep 30
    record attach -d 0.1 -o "$TMP/trace" "$PID"
    exits 4 "$PID"
    [ ! -e "$TMP/trace" ]
}

@test "attach: 4 when the Python is too old, with the versions that are read" {
    too_old
    in_background "$TMP/target" "$PYTHON"
    within 5 has_line "$TMP/target" ready
    record attach -d 0.1 -o "$TMP/trace" "$PID"
    exits 4 '3\.7: too old.*3\.8.*3\.15'
}

@test "attach: 5 when there is no such process" {
    true &
    wait $!
    record attach -d 0.1 -o "$TMP/trace" $!
    exits 5 "$!"
    [ ! -e "$TMP/trace" ]
    record attach -d 0.1 -o "$TMP/trace" 4194305
    exits 5 4194305
}

@test "attach: 5 when the process is a zombie" {
    in_background "$TMP/out" "$PYTHON" -c 'import os, sys, time
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
time.sleep(30)'
    within 5 test -s "$TMP/out"
    record attach -d 0.1 -o "$TMP/trace" "$(cat "$TMP/out")"
    exits 5
}

@test "attach to a thread that is not the process" {
    start_target threads.py 30
    local tid
    tid=$(find "/proc/$TARGET/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tail -n 1)
    [ "$tid" != "$TARGET" ]
    # Either it is taken for the process it belongs to, or refused; it is no Python of its own.
    record attach -a -d 0.1 -o "$TMP/trace" "$tid"
    if [ "$status" -eq 0 ]; then
        holds "$TMP/trace" ".processes[0].pid == $TARGET and .sampled_threads == 5"
    else
        exits 5 "$TARGET"
    fi
}

@test "a launched program ignores the signals that it would have ignored without us" {
    use_any_python
    # Python ignores some itself, so this is asked of another program: bits 12 and 24 are SIGPIPE and SIGXFSZ.
    # shellcheck disable=SC2016  # the inner shell's
    run --separate-stderr bash -c 'trap "" PIPE XFSZ; exec "$@"' - "$RECORD" run -q -o "$TMP/trace" \
        grep SigIgn /proc/self/status
    [[ $output == *1001000 ]] || fail "$output"
    run --separate-stderr "$RECORD" run -q -o "$TMP/trace" grep SigIgn /proc/self/status
    [[ $output == *0000000 ]] || fail "$output"

    # One that ignores its children would lose the status.
    run --separate-stderr bash -c 'trap "" CHLD; exec "$@"' - "$RECORD" run -q -o "$TMP/trace" "$PYTHON" \
        -c 'import sys, time; time.sleep(0.2); sys.exit(3)'
    [ "$status" -eq 3 ] || fail "status $status: $stderr"
}
