#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A program that starts a Python, or becomes one.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    use_any_python
    cat >"$TMP/program.py" <<'END_OF'
import sys, time
def spin(until):
    while time.monotonic() < until:
        pass
spin(time.monotonic() + 0.3)
print("done", *sys.argv[1:])
sys.exit(7)
END_OF
}

# records STATUS COMMAND...: the Python is found, and the status is the command's
records() {
    local want=$1
    shift
    run --separate-stderr timeout 30 "$RECORD" run -r 1khz -d 0 -q -o "$TMP/trace" "$@"
    [ "$status" -eq "$want" ] || fail "status $status and not $want: $stderr"
    [[ $output == *done* ]]
    "$REPORT" collapsed "$TMP/trace" >"$TMP/stacks"
    grep -qE '^<module>;spin [0-9]{2,}$' "$TMP/stacks" || fail "$(cat "$TMP/stacks")"
}

@test "a shell script that starts one and goes on" {
    printf '#!/bin/sh\ntrue\n"%s" "%s" a b\necho after\nexit 3\n' "$PYTHON" "$TMP/program.py" >"$TMP/script"
    chmod +x "$TMP/script"
    records 3 "$TMP/script"
    [[ $output == *"done a b"*after ]]
}

@test "a shell in a shell, and a pipeline" {
    # shellcheck disable=SC2016  # expanded by that shell
    records 0 sh -c 'sh -c "\"$0\" \"$1\" x; true"; true' "$PYTHON" "$TMP/program.py"
    # shellcheck disable=SC2016
    records 0 sh -c 'echo in | "$0" "$1" | cat' "$PYTHON" "$TMP/program.py"
}

@test "env, and a shell that becomes one" {
    records 7 env A=b "$PYTHON" "$TMP/program.py"
    # shellcheck disable=SC2016
    records 7 sh -c 'exec "$0" "$1"' "$PYTHON" "$TMP/program.py"
}

@test "a console script of a virtual environment" {
    "$PYTHON" -m venv --without-pip "$TMP/venv"
    printf '#!%s\nimport runpy\nrunpy.run_path("%s", run_name="__main__")\n' "$TMP/venv/bin/python" "$TMP/program.py" \
        >"$TMP/venv/bin/tool"
    chmod +x "$TMP/venv/bin/tool"
    run --separate-stderr timeout 30 "$RECORD" run -r 1khz -d 0 -q -o "$TMP/trace" "$TMP/venv/bin/tool"
    [ "$status" -eq 7 ]
    "$REPORT" collapsed "$TMP/trace" | grep -qE ';<module>;spin [0-9]{2,}$'
}

@test "none at all" {
    run --separate-stderr timeout 30 "$RECORD" run -q -o "$TMP/trace" sh -c 'sleep 0.1; true'
    [ "$status" -eq 125 ]
    [[ $stderr == *"ended without having been or started a Python"* ]]
}
