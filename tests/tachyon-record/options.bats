#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is recorded, how often and for how long.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    use_any_python
}

attach() {
    "$RECORD" attach -o "$TMP/trace" "$@" "$TARGET"
}

@test "10 000 samples a second by default" {
    start_target shares.py 30
    attach -d 0.3
    holds "$TMP/trace" '.headers[0].interval_ns == 100000'
    # A busy machine makes ticks late or skips them; the schedule stays.
    holds "$TMP/trace" '.median_gap_us > 50 and .median_gap_us < 250'
}

@test "-i is microseconds, --interval too" {
    start_target shares.py 30
    attach -d 0.3 -i 1000
    holds "$TMP/trace" '.headers[0].interval_ns == 1000000 and .median_gap_us > 500 and .median_gap_us < 1800'
    attach -d 0.3 --interval=2000
    holds "$TMP/trace" '.headers[0].interval_ns == 2000000 and .ticks > 75 and .ticks < 160'
}

@test "-r is a rate, with units" {
    start_target shares.py 30
    attach -d 0.2 -r 2khz
    holds "$TMP/trace" '.headers[0].interval_ns == 500000'
    attach -d 0.2 --sampling-rate 500
    holds "$TMP/trace" '.headers[0].interval_ns == 2000000'
    attach -d 0.2 -r 20kHz
    holds "$TMP/trace" '.headers[0].interval_ns == 50000'
}

@test "-d ends the trace after so many seconds" {
    start_target shares.py 30
    attach -r 1khz -d 0.5
    holds "$TMP/trace" '.duration_s > 0.4 and .duration_s < 0.6'
    holds "$TMP/trace" '.ends[0][1] == 1'
}

@test "10 s are the default duration" {
    start_target shares.py 30
    in_background "$TMP/out" "$RECORD" attach -o "$TMP/trace" "$TARGET"
    within 5 test -s "$TMP/trace"
    kill -TERM "$PID"
    ends_with 0 "$PID" "$TMP/out"
    holds "$TMP/trace" '.headers[0].duration_ns == 10000000000'
}

@test "-d 0 lasts until the target ends" {
    start_target shares.py 0.8
    attach -r 1khz -d 0
    holds "$TMP/trace" '.duration_s > 0.3 and .duration_s < 1.2'
    holds "$TMP/trace" '.ends[0][1] == 2'
}

@test "a launched program goes on when the duration ends, and is waited for" {
    run --separate-stderr "$RECORD" run -r 1khz -d 0.2 -o "$TMP/trace" "$PYTHON" "$TARGETS/shares.py" 0.6
    [ "$status" -eq 0 ]
    [[ $output == *wall_s* ]]
    holds "$TMP/trace" '.duration_s > 0.1 and .duration_s < 0.35'
    holds "$TMP/trace" '.ends[0][1] == 1'
}

@test "the trace of a launched program is whole while the program goes on" {
    in_background "$TMP/out" "$RECORD" run -r 1khz -d 0.2 -o "$TMP/trace" "$PYTHON" "$TARGETS/shares.py" 30
    within 5 ended "$TMP/trace"
    run ! has_ended "$PID"
    kill -TERM "$PID"
    ends_with 143 "$PID" "$TMP/out"
}

ended() {
    zstd -tq "$1" 2>/dev/null && [ "$(summary "$1" '.ends | length' 2>/dev/null)" = 1 ]
}

@test "the main thread only, unless -a" {
    start_target threads.py 30
    attach -r 1khz -d 0.2
    holds "$TMP/trace" '.sampled_threads == 1 and (.leaves | has("spin_on") | not)'
    attach -r 1khz -d 0.2 -a
    holds "$TMP/trace" '.sampled_threads == 5 and .leaves.spin_on > 0 and .leaves.sleep_on > 0'
    attach -r 1khz -d 0.2 --all-threads
    holds "$TMP/trace" '.sampled_threads == 5'
}

@test "threads that come and go are followed" {
    start_target churn.py 30
    attach -a -r 2khz -d 0.5
    holds "$TMP/trace" '(.threads | length) > 50 and .leaves.spin > 0'
}

@test "the trace says what was recorded" {
    start_target shares.py 30
    attach -d 0.1
    local major
    major=$("$PYTHON" -c 'import sys; print(sys.hexversion)')
    holds "$TMP/trace" ".processes[0].python == $major and .processes[0].pid == $TARGET"
    holds "$TMP/trace" '.processes[0].argv | contains(["30"])'
    holds "$TMP/trace" '.headers[0].argv | contains(["attach"])'
    holds "$TMP/trace" '.headers[0].wall_ns / 1e9 > now - 60 and .headers[0].wall_ns / 1e9 < now + 1'
}

@test "a script, a module and a command can be run" {
    mkdir "$TMP/bin"
    ln -s "$PYTHON" "$TMP/bin/python3"
    PATH=$TMP/bin:$PATH
    "$RECORD" run -d 0 -o "$TMP/a" "$TARGETS/shares.py" 0.3
    holds "$TMP/a" '.leaves.burn_50 > 0'
    cd "$TARGETS"
    "$RECORD" run -d 0 -o "$TMP/b" -m shares 0.3
    holds "$TMP/b" '.leaves.burn_50 > 0 and (.functions | contains(["_run_module_as_main"]))'
    "$RECORD" run -d 0 -o "$TMP/c" sh -c 'sleep 0.1; exec python3 shares.py 0.3'
    holds "$TMP/c" '.leaves.burn_50 > 0'
    "$RECORD" run -d 0 -o "$TMP/d" -- "$PYTHON" -c 'import shares; shares.main()' 0.3 -d 1
    holds "$TMP/d" '.leaves.burn_50 > 0'
}

@test "an option behind the target belongs to the target" {
    run --separate-stderr "$RECORD" run -d 0 -o "$TMP/trace" "$PYTHON" \
        -c 'import sys; print(sys.argv[1:])' -d 5 -o x --help
    [ "$status" -eq 0 ]
    [ "$output" = "['-d', '5', '-o', 'x', '--help']" ]
}

@test "-h, --help and --version" {
    local words
    for words in "-h" "--help" "run --help" "attach -h" "-V" "--version"; do
        # shellcheck disable=SC2086  # two words
        run --separate-stderr "$RECORD" $words
        [ "$status" -eq 0 ]
        [ -n "$output" ]
        [ -z "$stderr" ]
    done
    run "$RECORD" --version
    [[ $output == tachyon-record*[0-9].[0-9]* ]]
}
