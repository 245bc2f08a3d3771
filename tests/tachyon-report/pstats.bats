#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The table of functions.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    MAKE=$BUILD/tests/make_trace
    GOLDEN=$BATS_TEST_DIRNAME/golden
    cd "$BATS_TEST_TMPDIR" || return 1
    "$MAKE" --kind known >known.tachyon
}

# rows ARGS...: label and counts of each row, in the order of the table
rows() {
    "$REPORT" "$@" | awk '$1 ~ /^[0-9]+\/[0-9]+$/ { print $6, $1 }'
}

@test "the whole table is as expected" {
    "$REPORT" pstats known.tachyon | diff -u "$GOLDEN/known.pstats" -
}

@test "pstats is the default, and standard input is read without a name" {
    "$REPORT" known.tachyon >by_name
    "$REPORT" <known.tachyon >by_default
    "$REPORT" --pstats - <known.tachyon >by_dash
    "$REPORT" --format=pstats known.tachyon >by_option
    cmp by_name by_default
    cmp by_name by_dash
    cmp by_name by_option
}

@test "--sort orders by each of its seven keys" {
    [ "$(rows --sort=nsamples known.tachyon | head -1)" = "job.py:20(loop) 4/4" ]
    [ "$(rows --sort=tottime known.tachyon | head -1)" = "job.py:20(loop) 4/4" ]
    [ "$(rows --sort=sample-pct known.tachyon | head -1)" = "job.py:20(loop) 4/4" ]
    [ "$(rows --sort=cumtime known.tachyon | head -1)" = "app.py:40(main) 2/9" ]
    [ "$(rows --sort=cumul-pct known.tachyon | head -1)" = "app.py:40(main) 2/9" ]
    [ "$(rows --sort=nsamples-cumul known.tachyon | head -1)" = "app.py:40(main) 2/9" ]
    [ "$(rows --sort=name known.tachyon | head -1)" = "app.py:10(fib) 3/3" ]
}

@test "-l limits the rows and 0 shows all" {
    "$MAKE" --ticks 3000 --change 1 >many.tachyon
    [ "$(rows many.tachyon | wc -l)" -eq 15 ]
    [ "$(rows -l 3 many.tachyon | wc -l)" -eq 3 ]
    [ "$(rows --limit=0 many.tachyon | wc -l)" -eq 20 ]
}

@test "--no-summary removes the legend and the summaries" {
    "$REPORT" --no-summary known.tachyon >out
    run ! grep -q Legend out
    run ! grep -q "Functions with" out
    [ "$(rows --no-summary known.tachyon | wc -l)" -eq 5 ]
}

@test "each column of times has a unit of its own" {
    "$MAKE" --ticks 9000 --change 1 | "$REPORT" >out
    grep -q 'tottime (ms).*cumtime (ms)' out
    "$MAKE" --ticks 30000 --change 1 | "$REPORT" >out
    grep -q 'tottime (ms).*cumtime (s)' out
    "$MAKE" --ticks 3 --change 1 | "$REPORT" >out
    grep -q 'tottime (μs).*cumtime (μs)' out
}

@test "modes, threads, times and patterns choose samples" {
    [ "$(rows --mode=gil known.tachyon)" = "job.py:5(Job.work) 3/4
app.py:10(fib) 3/3
job.py:20(loop) 1/1
~:0(<GC>) 1/1
app.py:40(main) 0/7" ]
    [ "$(rows --thread=Worker-2 known.tachyon)" = "job.py:20(loop) 4/4" ]
    [ "$(rows --thread=4243 known.tachyon)" = "job.py:20(loop) 4/4" ]
    [ "$(rows --pid=4242 --thread=Worker-2 known.tachyon)" = "job.py:20(loop) 4/4" ]
    [ "$(rows --to=3ms --no-gc known.tachyon)" = "job.py:5(Job.work) 3/3
app.py:40(main) 0/3" ]
    [ "$(rows --from=9ms --native known.tachyon)" = "~:0(<native>) 2/2
job.py:20(loop) 1/1
app.py:40(main) 0/2" ]
    [ "$(rows --focus=fib known.tachyon)" = "app.py:10(fib) 3/3
app.py:40(main) 0/3" ]
    [ "$(rows --ignore='main|GC' known.tachyon)" = "job.py:20(loop) 4/4" ]
}

@test "the title names the mode" {
    [ "$("$REPORT" known.tachyon | head -1)" = "Profile Stats (Mode: wall):" ]
    [ "$("$REPORT" --mode cpu known.tachyon | head -1)" = "Profile Stats (Mode: cpu):" ]
}

@test "names cannot steer the terminal" {
    "$MAKE" --kind hostile | "$REPORT" -l 0 >out
    run ! env LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' out
    iconv -f UTF-8 -t UTF-8 out >/dev/null
    grep -qF '\x1b[31mred' out
    grep -qF '\u202eevil.py' out
}

@test "no samples is no failure, and says so" {
    "$MAKE" --kind quiet >quiet.tachyon
    run --separate-stderr "$REPORT" quiet.tachyon
    [ "$status" -eq 0 ]
    [[ $stderr == *"no samples"* ]]
    run --separate-stderr "$REPORT" -q quiet.tachyon
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
}

@test "a state that nobody recorded is named" {
    "$MAKE" --kind hostile >hostile.tachyon
    run --separate-stderr "$REPORT" --mode gil hostile.tachyon
    [ "$status" -eq 0 ]
    [[ $stderr == *"does not tell who held the GIL"* ]]
}
