#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Seconds on a CPU are those of the thread's own clock, also where it must share two CPUs with three busy processes.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# report_cpu_seconds: what the mode cpu says of work() in $TMP/trace
report_cpu_seconds() {
    "$REPORT" pstats --mode cpu --focus '^work$' --sort cumtime --no-summary -l 0 "$TMP/trace" >"$TMP/table"
    awk '/ cumtime \(/ {
             match($0, /cumtime \([^)]*\)/)
             unit = substr($0, RSTART + 9, RLENGTH - 10)
             factor = unit == "s" ? 1 : unit == "ms" ? 1e-3 : 1e-6
         }
         /\(work\)$/ { print $5 * factor }' "$TMP/table"
}

# cpu_seconds MINOR COMMAND...: the command is a recorder
cpu_seconds() {
    use_python "$1"
    shift
    "$@" run -r 1khz -d 0 -o "$TMP/trace" "$PYTHON" "$TARGETS/cpu_clock.py" 1.5 3 >"$TMP/target"
    local got wanted
    got=$(report_cpu_seconds)
    wanted=$(jq .cpu_s "$TMP/target")
    awk -v got="$got" -v wanted="$wanted" 'BEGIN { exit !(got > wanted * 0.95 && got < wanted * 1.05) }' ||
        fail "$got s in the mode cpu, $wanted s on the thread's clock: $(cat "$TMP/table")"
}

@test "CPU seconds beside three busy processes on 3.8 (5 %)" { cpu_seconds 3.8 "$RECORD"; }
@test "CPU seconds beside three busy processes on 3.9 (5 %)" { cpu_seconds 3.9 "$RECORD"; }
@test "CPU seconds beside three busy processes on 3.10 (5 %)" { cpu_seconds 3.10 "$RECORD"; }
@test "CPU seconds beside three busy processes on 3.11 (5 %)" { cpu_seconds 3.11 "$RECORD"; }
@test "CPU seconds beside three busy processes on 3.12 (5 %)" { cpu_seconds 3.12 "$RECORD"; }
@test "CPU seconds beside three busy processes on 3.13 (5 %)" { cpu_seconds 3.13 "$RECORD"; }
@test "CPU seconds beside three busy processes on 3.14 (5 %)" { cpu_seconds 3.14 "$RECORD"; }
@test "CPU seconds beside three busy processes on 3.15 (5 %)" { cpu_seconds 3.15 "$RECORD"; }

@test "CPU seconds where records of context switches are refused on 3.13 (5 %)" {
    cpu_seconds 3.13 "$BUILD/tests/refuse" perf_event_open "$RECORD"
}
