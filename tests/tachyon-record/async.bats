#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tasks of asyncio: who waits for whom, and what runs.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# record_graph VERSION MODE [OPTION...]: a trace and the account of async_graph.py.
record_graph() {
    local version=$1 mode=$2
    shift 2
    use_python "$version"
    cd "$TMP" || return 1
    start_target async_graph.py 1.5
    timeout 20 "$RECORD" attach -r 500 -d 1.2 --async-aware --async-mode "$mode" -a -q "$@" -o trace "$TARGET"
    ends_with 0 "$TARGET" "$TMP/target"
}

ticks() {
    "$REPORT" info --json trace | jq .ticks
}

agrees() {
    python3 "$TESTS/async_check.py" "$TMP/target" "$1" "$(ticks)" "$2"
}

all_tasks() {
    record_graph "$1" all
    "$REPORT" collapsed trace >all.txt
    agrees all.txt all
    # The same trace, without suspended tasks and without tasks.
    "$REPORT" collapsed --async-mode running trace >running.txt
    agrees running.txt running
    "$REPORT" collapsed --no-async-aware trace >physical.txt
    run ! grep -q '<task>' physical.txt
    # What runs on no CPU is not there, suspended tasks neither; other threads stay beside the tasks.
    "$REPORT" collapsed --mode cpu --native trace >cpu.txt
    # Up to 3.11 C resumes a coroutine.
    grep -qE '<task> slow;worker;(<native>;)?step;compute' cpu.txt
    run ! grep -q '<task> chain' cpu.txt
    "$REPORT" collapsed --thread second trace >second.txt
    grep -q '^<task> other;other;<task> other sleeper;sleep ' second.txt
    run ! grep -q '<task> root' second.txt
    grep -q '^Thread._bootstrap;.*_worker' all.txt
    "$REPORT" info trace | grep -qE '^tasks +[0-9]+ in [0-9]+ samples'
    "$REPORT" pstats --limit 0 trace | grep -qF '<task>:0(chain)'
}

@test "3.11: every task and who waits for it" { all_tasks 3.11; }
@test "3.12: every task and who waits for it" { all_tasks 3.12; }
@test "3.13: every task and who waits for it" { all_tasks 3.13; }
@test "3.14: every task and who waits for it" { all_tasks 3.14; }
@test "3.15: every task and who waits for it" { all_tasks 3.15; }

running_tasks() {
    record_graph "$1" running
    "$REPORT" collapsed trace >running.txt
    agrees running.txt running
    [ "$("$REPORT" info --json trace | jq -r .async)" = running ]
    run "$REPORT" collapsed --async-mode all trace
    [ "$status" -eq 1 ]
    [[ $output == *"recorded with --async-mode running"* ]]
}

@test "3.11: tasks that run" { running_tasks 3.11; }
@test "3.12: tasks that run" { running_tasks 3.12; }
@test "3.13: tasks that run" { running_tasks 3.13; }
@test "3.14: tasks that run" { running_tasks 3.14; }
@test "3.15: tasks that run" { running_tasks 3.15; }

@test "asyncio may be imported late, and not at all" {
    use_any_python
    cd "$TMP" || return 1
    cat >late.py <<'END'
import time
time.sleep(0.3)
import asyncio
async def leaf():
    until = time.perf_counter() + 0.7
    while time.perf_counter() < until: pass
async def main():
    await asyncio.create_task(leaf(), name="late")
asyncio.run(main())
END
    timeout 20 "$RECORD" run -r 200 -d 0 --async-aware -q -o trace "$PYTHON" late.py
    "$REPORT" collapsed trace | grep -q '<task> late;leaf [0-9]'
    echo 'import time; time.sleep(0.3)' >none.py
    timeout 20 "$RECORD" run -r 200 -d 0 --async-aware -q -o trace "$PYTHON" none.py
    "$REPORT" collapsed trace | grep -q '^<module> [0-9]'
}

@test "short-lived tasks are not mixed up, and ids are used again" {
    use_any_python
    cd "$TMP" || return 1
    cat >churn.py <<'END'
import asyncio, time
def burn():
    until = time.perf_counter() + 0.004
    while time.perf_counter() < until: pass
async def one(): burn(); await asyncio.sleep(0)
async def two(): burn(); await asyncio.sleep(0)
async def main():
    until = time.perf_counter() + 1.2
    while time.perf_counter() < until:
        await asyncio.create_task(one(), name="one")
        await asyncio.create_task(two(), name="two")
asyncio.run(main())
END
    timeout 20 "$RECORD" run -r 1000 -d 0 --async-aware --async-mode all -q -o trace "$PYTHON" churn.py
    "$REPORT" collapsed trace >out
    grep -q '<task> one;one;burn' out
    grep -q '<task> two;two;burn' out
    run ! grep -E '<task> (one;two|two;one)' out
}

@test "tasks that end while they are read leave no garbage" {
    use_any_python
    cd "$TMP" || return 1
    cat >crowd.py <<'END'
import asyncio
async def leaf(n): await asyncio.sleep(0.001 * n)
async def request():
    await asyncio.gather(*[leaf(n) for n in range(3)])
async def main():
    print("ready", flush=True)
    while True:
        await asyncio.gather(*[request() for _ in range(100)])
asyncio.run(main())
END
    in_background crowd "$PYTHON" crowd.py
    TARGET=$PID
    within 20 ready_or_gone crowd "$TARGET"
    timeout 20 "$RECORD" attach -r 500 -d 1.5 --async-aware --async-mode all -q -o trace "$TARGET"
    "$REPORT" info --json trace >info.json
    jq -e '.tasks.tasks > 100 and .tasks.failed <= .tasks.samples / 50' info.json
    "$REPORT" collapsed trace >out
    # Every task has a name.
    run ! grep -q '<unknown>' out
}

@test "a Python whose tasks are not read is recorded without them" {
    use_python 3.10
    cd "$TMP" || return 1
    run "$RECORD" run -r 200 -d 0 --async-aware -o trace "$PYTHON" -c 'import time; time.sleep(0.1)'
    [ "$status" -eq 0 ]
    [[ $output == *"tasks of CPython 3.10 are not read"* ]]
    "$REPORT" collapsed trace | grep -q '<module>'
}

@test "traces without tasks say so when asked for them" {
    use_any_python
    cd "$TMP" || return 1
    timeout 20 "$RECORD" run -r 200 -d 0 -q -o trace "$PYTHON" -c 'import time; time.sleep(0.1)'
    run "$REPORT" collapsed --async-aware trace
    [ "$status" -eq 1 ]
    [[ $output == *"recorded without --async-aware"* ]]
    "$REPORT" collapsed --no-async-aware trace >/dev/null
    run "$REPORT" collapsed --no-async-aware --async-mode all trace
    [ "$status" -eq 2 ]
    run "$RECORD" attach --async-mode all 1
    [ "$status" -eq 2 ]
    run "$RECORD" attach --async-aware --async-mode some 1
    [ "$status" -eq 2 ]
    [[ $output == *"running or all"* ]]
}

@test "ten thousand suspended tasks keep the rate honest" {
    use_any_python
    cd "$TMP" || return 1
    cat >many.py <<'END'
import asyncio
async def inner(): await asyncio.sleep(1000)
async def outer(): await inner()
async def main():
    tasks = [asyncio.create_task(outer()) for _ in range(10000)]
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    await asyncio.gather(*tasks)
asyncio.run(main())
END
    in_background many "$PYTHON" many.py
    TARGET=$PID
    within 20 ready_or_gone many "$TARGET"
    timeout 20 "$RECORD" attach -r 100 -d 2.5 --async-aware --async-mode all -q -o trace "$TARGET"
    "$REPORT" info --json trace >info.json
    # All slots are accounted for, and all tasks are there at every tick.
    jq -e '.ticks + .missed > 240 and .ticks > 60 and .tasks.tasks == 10001' info.json
    jq -e '.tasks.samples >= (.ticks - 3) * 10001 and .tasks.failed == 0' info.json
    "$REPORT" collapsed trace >out
    [ "$(grep -c '^<task> Task-1;main;<task> Task-[0-9]*;outer;inner;sleep ' out)" -eq 10000 ]
}
