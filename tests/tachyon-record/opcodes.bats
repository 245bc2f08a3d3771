#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The tables of instructions are those that the headers give, and what the interpreters say themselves.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

same_opcodes() {
    same_row "$1" opcodes
    sed -n 's/^\t\t\[\([0-9]*\)\] = { "\([A-Z_0-9]*\)", "\([A-Z_0-9]*\)", .*/\1 \2 \3/p' "$TMP/committed" >"$TMP/names"
    "$PYTHON" -c '
import opcode, sys
rows = {int(n): (name, base) for n, name, base in map(str.split, sys.stdin)}
numbers = {n: name for name, n in opcode.opmap.items() if n < 256}
numbers.update({n: name for n, name in enumerate(opcode.opname) if n < 256 and name[0] != "<"})
families = getattr(opcode, "_specializations", {})
numbers.update({n: name for name, n in getattr(opcode, "_specialized_opmap", {}).items()})
for n, name in numbers.items():
    assert name in ("EXCEPT_HANDLER", rows.get(n, ("",))[0]), (n, name, rows.get(n))
bases = dict(rows.values())
for base, names in families.items():
    for name in names:
        assert bases[name] == base, (name, bases[name], base)
assert len(numbers) >= 100, len(numbers)
' <"$TMP/names"
}

@test "instructions of 3.8" { same_opcodes 3.8; }
@test "instructions of 3.9" { same_opcodes 3.9; }
@test "instructions of 3.10" { same_opcodes 3.10; }
@test "instructions of 3.11" { same_opcodes 3.11; }
@test "instructions of 3.12" { same_opcodes 3.12; }
@test "instructions of 3.13" { same_opcodes 3.13; }
@test "instructions of 3.14" { same_opcodes 3.14; }
@test "instructions of 3.15" { same_opcodes 3.15; }

@test "what calls native code is an instruction of some version" {
    local rows=$TESTS/../tachyon-record/cpython/opcode_rows.inc name
    awk '/^#/ || !NF { next } { print $1 == "?" ? $2 : $1 }' "$TESTS/../tools/opcode_native.txt" |
        while read -r name; do
            grep -q "\"$name\", \"[A-Z_0-9]*\", OPCODE_[NA]" "$rows" || fail "$name is not" || exit 1
        done
}
