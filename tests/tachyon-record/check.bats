#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which processes there are, which can be read, and what prevents it.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# as_nobody ARG...: tachyon-record as a user that may not enter the folder it is in
as_nobody() {
    local fd status=0
    exec {fd}<"$RECORD"
    "${NOBODY[@]}" "/proc/self/fd/$fd" "$@" || status=$?
    exec {fd}<&-
    return "$status"
}

# closed_gate PID STATUS [COMMAND...]: the gate that check names, by --json; for nobody if no command is given
closed_gate() {
    local pid=$1 want=$2 got=0
    shift 2
    [ $# -gt 0 ] || set -- as_nobody
    "$@" check --json "$pid" >"$TMP/gates" || got=$?
    [ "$got" -eq "$want" ] || fail "status $got and not $want: $(cat "$TMP/gates")"
    jq -r '.closed // "none"' "$TMP/gates"
}

needs_root() {
    [ "$(id -u)" -eq 0 ] || missing "only root can be several users"
}

@test "check: a Python that can be recorded" {
    use_any_python
    start_target shares.py 60
    run "$RECORD" check "$TARGET"
    [ "$status" -eq 0 ]
    [[ $output == *"process $TARGET: Python 3."*": it can be recorded" ]]
    [[ $output == "open     proc "* ]]
    run ! grep -E '^closed|to open it' <<<"$output"
    "$RECORD" check --json "$TARGET" | jq -e ".pid == $TARGET and .readable and (.gates | length) == 9"
}

@test "check: no such process, and no Python" {
    run "$RECORD" check 999999999
    [ "$status" -eq 5 ]
    in_background "$TMP/out" sleep 60
    run "$RECORD" check "$PID"
    [ "$status" -eq 4 ]
    [[ $output == *"not a Python"* ]]
    # A kernel thread, where they are seen.
    if [ "$(cat /proc/2/comm)" = kthreadd ]; then
        run "$RECORD" check 2
        [ "$status" -eq 4 ]
        [[ ${lines[-1]} == "process 2: not a Python: it has no memory"* ]]
    fi
    run "$RECORD" check
    [ "$status" -eq 2 ]
    run "$RECORD" check -r 5 1
    [ "$status" -eq 2 ]
}

@test "check and attach: another user's process" {
    needs_root
    in_background "$TMP/out" sleep 60
    [ "$(closed_gate "$PID" 3)" = user ]
    jq -e '.gates[] | select(.name == "user") | .state == "closed" and (.remedy | length) > 0' "$TMP/gates"
    run as_nobody check "$PID"
    [ "$status" -eq 3 ]
    grep -qE '^closed +user +the process is of user 0, group 0, tachyon-record of 65534' <<<"$output"
    run as_nobody attach -d 0.1 -o /dev/null "$PID"
    [ "$status" -eq 3 ]
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} == "tachyon-record: process $PID: it cannot be read: user: "* ]]
    [[ ${lines[1]} == "tachyon-record: to open it: run tachyon-record as the same user"* ]]
}

@test "check: a process that forbids it" {
    needs_root
    in_background "$TMP/out" "${NOBODY[@]}" /usr/bin/python3 -c '
import ctypes, time
ctypes.CDLL(None).prctl(4, 0)  # PR_SET_DUMPABLE
print("ready", flush=True)
time.sleep(60)'
    within 10 has_line "$TMP/out" ready
    [ "$(closed_gate "$PID" 3)" = dumpable ]
    # Root may all the same.
    [ "$("$RECORD" check --json "$PID" | jq .readable)" = true ]
}

@test "check: a process with capabilities" {
    needs_root
    in_background "$TMP/out" "${NOBODY[@]}" --inh-caps +net_raw --ambient-caps +net_raw \
        sh -c 'echo ready; exec sleep 60'
    within 10 has_line "$TMP/out" ready
    [ "$(closed_gate "$PID" 3)" = capabilities ]
}

@test "check: a process that /proc hides" {
    needs_root
    in_background "$TMP/out" sleep 60
    hidden() {
        local fd
        exec {fd}<"$RECORD"
        # shellcheck disable=SC2016  # expanded by that shell
        unshare --mount --propagation private sh -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' sh \
            "${NOBODY[@]}" "/proc/self/fd/$fd" "$@"
    }
    [ "$(closed_gate "$PID" 3 hidden)" = proc ]
    jq -e '.gates[0].remedy | contains("gid=")' "$TMP/gates"
}

@test "check: from another user namespace" {
    needs_root
    in_background "$TMP/out" sleep 60
    [ "$(closed_gate "$PID" 3 unshare --user --map-root-user "$RECORD")" = namespace ]
}

@test "list: every Python with its version" {
    use_any_python
    start_target shares.py 60
    local first=$TARGET
    start_target threads.py 60
    "$RECORD" list >"$TMP/list"
    grep -qE "^ +PID +PYTHON +THREADS +COMMAND" "$TMP/list"
    grep -qE "^ *$first +3\.[0-9]+\.[0-9]+ +1 +.*shares.py 60$" "$TMP/list"
    grep -qE "^ *$TARGET +3\.[0-9]+\.[0-9]+ +[4-9] +.*threads.py 60$" "$TMP/list"
    "$RECORD" list --json >"$TMP/json"
    jq -e "map(select(.pid == $first))[0] | .threads == 1 and (.command | endswith(\"60\"))" "$TMP/json"
    run "$RECORD" list 5
    [ "$status" -eq 2 ]
}

@test "list: a command line cannot steer the terminal" {
    use_any_python
    in_background "$TMP/out" "$PYTHON" -c 'import time; print("ready", flush=True); time.sleep(60)' $'\033[2J\nx'
    within 10 has_line "$TMP/out" ready
    "$RECORD" list >"$TMP/list"
    grep -qF '\x1b[2J\x0ax' "$TMP/list"
}

@test "list: what may not be looked at is counted" {
    needs_root
    use_any_python
    start_target shares.py 60
    run --separate-stderr as_nobody list
    [ "$status" -eq 0 ]
    [[ $stderr == *" other process"*": no permission to look at "*"; tachyon-record check PID says why" ]]
    run ! grep -q "^ *$TARGET " <<<"$output"
}
