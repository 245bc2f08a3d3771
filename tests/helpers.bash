# SPDX-License-Identifier: MIT
# What the tests of command lines share; load it from a .bats file with: load ../helpers
#
# BUILD is where the programs are. Without an interpreter a test is skipped, or fails if TACHYON_REQUIRE_PYTHONS=1.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

TESTS=$(cd "${BASH_SOURCE[0]%/*}" && pwd -P)
TARGETS=$TESTS/targets
BUILD=${BUILD:-$TESTS/../build}
BUILD=$(cd "$BUILD" && pwd -P)
# shellcheck disable=SC2034  # for those who load this
RECORD=$BUILD/tachyon-record
# shellcheck disable=SC2034
REPORT=$BUILD/tachyon-report
PYTHONS=${PYTHONS:-$BUILD/pythons}
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 NO_COLOR=1
unset PYTHONPATH PYTHONSTARTUP

TMP=${BATS_TEST_TMPDIR:-} # unset while the file itself is loaded
STARTED=()

# The interpreter that runs our own checks: it has to have msgpack.
CHECKER=
for CHECKER in /usr/bin/python3 python3; do
    ! "$CHECKER" -c 'import msgpack' 2>/dev/null || break
done

# fail MESSAGE...: what was printed is shown too.
fail() {
    echo "$*" >&2
    return 1
}

# missing WHAT: the end of a test that cannot be run here.
missing() {
    if [ "${TACHYON_REQUIRE_PYTHONS:-}" = 1 ]; then
        fail "$1, and TACHYON_REQUIRE_PYTHONS=1 wants it"
    fi
    skip "$1"
}

# kind_of MINOR: pyenv, path, debian or missing
kind_of() {
    awk -F '\t' -v minor="$1" '$1 == minor { print $2; found = 1 } END { if (!found) print "missing" }' \
        "$PYTHONS/list.txt" 2>/dev/null || echo missing
}

# use_python MINOR: sets PYTHON.
use_python() {
    PYTHON=$PYTHONS/python$1
    if [ "$(kind_of "$1")" = missing ] || [ ! -x "$PYTHON" ]; then
        missing "no Python $1 on this machine (make pythons)"
    fi
}

# include_of MINOR: the folder of its headers
include_of() {
    awk -F '\t' -v minor="$1" '$1 == minor { print $5 }' "$PYTHONS/list.txt"
}

# use_any_python: sets PYTHON to one that starts without a root of its own, if there is one.
use_any_python() {
    local minor
    for minor in 3.13 3.12 3.11; do
        case $(kind_of "$minor") in
        pyenv | path)
            use_python "$minor"
            return
            ;;
        esac
    done
    for minor in 3.13 3.15 3.14; do
        if [ "$(kind_of "$minor")" != missing ]; then
            use_python "$minor"
            return
        fi
    done
    missing "no Python from 3.11 on this machine (make pythons)"
}

# within SECONDS COMMAND...: tries until it succeeds. Functions are fine.
within() {
    local deadline=$((SECONDS + $1 + 1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || fail "waited in vain for: $*" || return 1
        sleep 0.01
    done
}

has_line() {
    grep -qxF -- "$2" "$1" 2>/dev/null
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# A process that has ended but is not waited for is no longer running either.
has_ended() {
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    stat=${stat##*) }
    [ "${stat%% *}" = Z ]
}

# in_background OUT COMMAND...: sets PID; standard output goes to OUT and standard error to OUT.err.
# Standard input is a pipe that stays open until end_input. Like an interactive shell, and unlike a script, it leaves
# SIGINT as it is.
in_background() {
    local out=$1
    shift
    [ -p "$TMP/input" ] || mkfifo "$TMP/input"
    [ -n "${INPUT:-}" ] || exec {INPUT}<>"$TMP/input"
    env --default-signal=INT "$@" \
        <"$TMP/input" >"$out" 2>"$out.err" {INPUT}>&- 3>&- &
    PID=$!
    STARTED+=("$PID")
}

end_input() {
    exec {INPUT}>&-
    INPUT=
}

# start_target NAME [ARG...]: runs tests/targets/NAME until its line "ready"; sets TARGET, its output is $TMP/target.
start_target() {
    local name=$1
    shift
    in_background "$TMP/target" "$PYTHON" ${PYTHON_OPTIONS:+"$PYTHON_OPTIONS"} "$TARGETS/$name" "$@"
    TARGET=$PID
    within 20 ready_or_gone "$TMP/target" "$TARGET"
    has_line "$TMP/target" ready || fail "$name is not ready: $(cat "$TMP/target.err")"
}

ready_or_gone() {
    has_line "$1" ready || has_ended "$2"
}

# end_of PID: waits for it; its exit status is the result.
end_of() {
    within "${2:-20}" has_ended "$1" && wait "$1"
}

# ends_with STATUS PID [OUTPUT]: waits for it; shows the output when it ended otherwise
ends_with() {
    local got=0
    end_of "$2" || got=$?
    [ "$got" -eq "$1" ] || fail "status $got and not $1 of process $2: ${3:+$(cat "$3" "$3.err")}"
}

# record_target [OPTION...] -- NAME [ARG...]: records the whole run of a target at 2 kHz
# shellcheck disable=SC2154  # what bats's run sets
record_target() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    local name=$1
    shift
    run --separate-stderr "$RECORD" run -r 2khz -d 0 "${options[@]}" -o "$TMP/trace" "$PYTHON" "$TARGETS/$name" "$@"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    printf '%s\n' "$output" >"$TMP/target"
}

# compare CHECK TRACE [REPORT] [OPTION=VALUE...]
compare() {
    "$CHECKER" "$TESTS/compare.py" "$@"
}

# row VERSION FILE: the lines of one row, between its comment and the next one
row() {
    awk -v version="$1" '
        /^\/\* [0-9]/ { split($2, part, "."); inside = part[1] "." part[2] == version; next }
        inside' "$2"
}

# same_row VERSION WHAT: a row of cpython/WHAT_rows.inc is what tools/WHAT.sh makes of the version's headers; it and
# the fresh one stay in $TMP/committed and $TMP/fresh.
same_row() {
    local rows=$TESTS/../tachyon-record/cpython/${2%s}_rows.inc include
    use_python "$1"
    include=$(include_of "$1")
    [ -r "$include/Python.h" ] || missing "no headers of Python $1"
    grep "^$1	" "$PYTHONS/list.txt" >"$TMP/list.txt"
    "$TESTS/../tools/$2.sh" "$TMP/list.txt" >"$TMP/made"
    row "$1" "$rows" >"$TMP/committed"
    row "$1" "$TMP/made" >"$TMP/fresh"
    [ -s "$TMP/fresh" ]
    diff -u "$TMP/committed" "$TMP/fresh" ||
        fail "make it anew (make layouts, make opcodes) and look at the difference"
}

# summary TRACE EXPRESSION [JQ-OPTION...]: asks jq about what the trace holds.
summary() {
    local trace=$1 expression=$2
    shift 2
    compare summary "$trace" >"$TMP/summary.json" && jq -r "$@" "$expression" "$TMP/summary.json"
}

# holds TRACE EXPRESSION: the expression is true of it.
holds() {
    local answer
    answer=$(summary "$1" "$2") || fail "$1 cannot be read"
    [ "$answer" = true ] || fail "not so: $2: $(jq -c 'del(.leaves, .functions)' "$TMP/summary.json")"
}

# is_message TEXT [REGEX]: one line in the form of ours
is_message() {
    [[ $1 == tachyon-record:\ *:\ * ]] || fail "not a message: $1"
    [[ $1 != *$'\n'* ]] || fail "more than one line: $1"
    [[ $1 =~ ${2:-.} ]] || fail "the message does not say $2: $1"
}

teardown() {
    local pid
    for pid in "${STARTED[@]}"; do
        kill -9 "$pid" 2>/dev/null || :
    done
    for pid in "${STARTED[@]}"; do
        wait "$pid" 2>/dev/null || :
    done
}
