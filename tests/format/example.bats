#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The example in tachyon-trace(5) is a trace, and says what the page says.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    sed -n '/^\.Bd -literal/,/^\.Ed/p' "$TESTS/../man/tachyon-trace.5" |
        grep -E '^([0-9a-f]{2} ?)+$' | xxd -r -p | zstd -q --check >example.tachyon
}

@test "both decoders read it" {
    "$CHECKER" "$TESTS/decoder.py" example.tachyon >decoded
    jq -e '[.ticks[].at_ns] == [5001000000, 5002040000, 5004000000, 5005000000]' decoded
    jq -e '.samples[0].stack | [.[].function] == ["main", "work"]' decoded
    jq -e '.samples[3].failed and .samples[3].reason == 1' decoded
    [ "$("$REPORT" collapsed --names=line example.tachyon)" = "a.py:main:12;a.py:work:3 3" ]
    "$REPORT" info --json example.tachyon | jq -e '.missed == 1 and .failed_by.torn == 1 and
        .threads[0].states.gc.known == 0 and .processes[0].python == "3.13.1"'
}

@test "its objects are those that the page shows in JSON" {
    sed -n '/^\.Bd -literal/,/^\.Ed/p' "$TESTS/../man/tachyon-trace.5" |
        grep -vE '^\.|^([0-9a-f]{2} ?)+$' | jq -c . >shown
    zstd -dcq example.tachyon | "$CHECKER" -c 'import json, msgpack, sys
for o in msgpack.Unpacker(sys.stdin.buffer, strict_map_key=False):
    print(json.dumps(o))' | jq -c . >held
    cmp shown held
}
