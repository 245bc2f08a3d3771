#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Free-threaded builds: threads that run at the same time, and the same builds with the GIL switched on.
#
# Their interpreters are made by tools/freethreaded.sh; make check-freethreaded runs it first.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# record_freethreaded [OPTION...] -- NAME [ARG...]: the same of a build that is one
record_freethreaded() {
    record_target "$@"
    holds "$TMP/trace" '.processes[0].info | .free_threaded == 1 and .build == "release"'
}

exact() {
    use_python "$1"
    start_target waiting.py
    run --separate-stderr "$RECORD" attach -a -r 200 -d 0.25 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    compare exact "$TMP/trace" "$TMP/target"
    holds "$TMP/trace" '.ticks > 10 and .failed == 0 and .inexact == 0'
}

subinterpreters() {
    use_python "$1"
    start_target subinterpreters.py
    run --separate-stderr "$RECORD" attach -a -r 200 -d 0.25 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    compare subinterpreters "$TMP/trace" "$TMP/target"
}

deep_stack() {
    use_python "$1"
    start_target deep.py 20000
    run --separate-stderr "$RECORD" attach -r 50 -d 0.3 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    compare deep "$TMP/trace" "$TMP/target"
}

# shares NAME CHECK MINOR MARGIN [OPTION...]
shares() {
    local name=$1 check=$2 margin=$4
    use_python "$3"
    shift 4
    record_freethreaded "$@" -- "$name" 1
    compare "$check" "$TMP/trace" "$TMP/target" "margin=$margin"
}

# At a rate at which no tick is late, although both CPUs of a small machine are busy; it is 500 samples.
garbage_beside() {
    use_python "$1"
    record_freethreaded -a -r 250 -- gc_threads.py 2
    compare gc_threads "$TMP/trace" "$TMP/target" margin=12
}

# A module of the old kind, as many are, switches the GIL on while the program runs.
gil_switch() {
    local include
    use_python "$1"
    include=$(include_of "$1")
    cat >"$TMP/needs_gil.c" <<'END'
#include <Python.h>
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "needs_gil", NULL, -1, NULL };
PyMODINIT_FUNC PyInit_needs_gil(void)
{
	return PyModule_Create(&module);
}
END
    "${CC:-cc}" -w -shared -fPIC -I"$include" -o "$TMP/needs_gil.so" "$TMP/needs_gil.c"
    record_freethreaded -a -- gil_switch.py "$TMP/needs_gil.so" 1
    compare gil_switch "$TMP/trace" "$TMP/target" margin=20
}

with_gil() {
    export PYTHON_GIL=1
    "$@"
}

freed_memory() {
    use_python "$1"
    "$RECORD" run -r 5khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/codes.py" 1 >"$TMP/target"
    compare codes "$TMP/trace" "$TMP/target"
}

names() {
    use_python "$1"
    "$RECORD" run -a -r 2khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/churn.py" 1 >"$TMP/target"
    compare churn "$TMP/trace" "$TMP/target"
}

@test "exact stacks on 3.13t" { exact 3.13t; }
@test "exact stacks with the GIL on 3.13t" { with_gil exact 3.13t; }
@test "subinterpreters on 3.13t" { subinterpreters 3.13t; }
@test "20 000 frames on 3.13t" { deep_stack 3.13t; }
@test "50, 30 and 20 % on 3.13t (7 points)" { shares shares.py shares 3.13t 7; }
@test "all depths of a recursion on 3.13t (7 points)" { shares recursion.py recursion 3.13t 7; }
@test "nested generators on 3.13t (7 points)" { shares generators.py leaves 3.13t 7; }
# Three busy threads leave no CPU of a small machine to others: who runs when the recorder does is no fair sample.
@test "threads that run at the same time on 3.13t (20 points)" { shares threads.py parallel 3.13t 20 -a; }
@test "threads that fight for the GIL on 3.13t (20 points)" { with_gil shares threads.py threads 3.13t 20 -a; }
@test "a GIL that is switched on while the program runs on 3.13t (20 points)" { gil_switch 3.13t; }
@test "garbage collection on 3.13t (7 points)" { shares gc_heavy.py gc 3.13t 7; }
@test "garbage collection beside another thread on 3.13t (12 points)" { garbage_beside 3.13t; }
@test "garbage collection with the GIL on 3.13t (7 points)" { with_gil shares gc_heavy.py gc 3.13t 7; }
natives() {
    use_python "$1"
    record_freethreaded -- natives.py 1
    compare natives_unspecialised "$TMP/trace" margin=10
}

@test "nothing is wrong about native code on 3.13t (10 points)" { natives 3.13t; }
@test "memory that was freed and used again never shows an old name on 3.13t" { freed_memory 3.13t; }
@test "a thread never has the name of one that is gone on 3.13t" { names 3.13t; }
