#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Builds of CPython other than the usual ones are read as exactly: debug builds, and builds of which linkers and strip
# have left little. What exact.bats runs is shared libpython in a position-independent program (pyenv), and static in a
# stripped program at fixed addresses (Debian).
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set

load ../helpers

# exact: 50 ticks of every thread of waiting.py
exact() {
    start_target waiting.py "$@"
    run --separate-stderr "$RECORD" attach -a -r 200 -d 0.25 -o "$TMP/trace" "$TARGET"
    [ "$status" -eq 0 ] || fail "status $status: $stderr"
    compare exact "$TMP/trace" "$TMP/target"
    holds "$TMP/trace" '.ticks > 10 and .failed == 0 and .inexact == 0'
}

# found HOW: how the trace says that the runtime was found
found() {
    holds "$TMP/trace" '.processes[0].info.found | startswith("'"$1"'")'
}

is_build() {
    holds "$TMP/trace" '.processes[0].info.build == "'"$1"'"'
}

debug_build() {
    use_python "$1d"
    "$PYTHON" -c 'import sys; sys.exit(not hasattr(sys, "gettotalrefcount"))' || fail "$PYTHON is no debug build"
    exact
    is_build debug
}

# use_copy MINOR: sets PYTHON to a script that runs a copy of the interpreter, and COPY to the file of the copy that has
# the runtime.
use_copy() {
    local real home lib
    use_python "$1"
    real=$("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable))')
    home=$("$PYTHON" -c 'import sys; print(sys.base_prefix)')
    if [ "$(kind_of "$1")" = debian ]; then
        COPY=$TMP/copied
        "$PYTHON" -c 'import shutil, sys; shutil.copy(sys.executable, sys.argv[1])' "$COPY"
        # The wrapper enters the interpreter's root, and what runs there becomes the copy.
        printf '#!/bin/sh\nexport PYTHONHOME=%s\nexec "%s" -c "%s" "%s" "$@"\n' "$home" "$PYTHON" \
            'import os, sys; os.execv(sys.argv[1], sys.argv[1:])' "$COPY" >"$TMP/python"
    else
        lib=$("$PYTHON" -c 'from sysconfig import get_config_var as var
print(var("LIBDIR"), var("INSTSONAME"), sep="/")')
        COPY=$TMP/copied
        if [ -f "$lib" ] && [[ $lib == *.so* ]]; then
            COPY=$TMP/${lib##*/}
            cp "$real" "$TMP/copied"
            cp "$lib" "$COPY"
        else
            cp "$real" "$COPY"
        fi
        printf '#!/bin/sh\nPYTHONHOME=%s LD_LIBRARY_PATH=%s exec "%s" "$@"\n' \
            "$home" "$TMP" "$TMP/copied" >"$TMP/python"
    fi
    chmod +x "$TMP/python" "$COPY"
    PYTHON=$TMP/python
}

# without_sections FILE: as sstrip(1) leaves it: nothing that the loader does not need
without_sections() {
    "$CHECKER" - "$1" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    file.seek(0x28)
    file.write(struct.pack("<Q", 0))  # e_shoff
    file.seek(0x3a)
    file.write(struct.pack("<HHH", 0, 0, 0))  # e_shentsize, e_shnum, e_shstrndx
END
}

# without_names FILE: no symbol and no section is called as ours are
without_names() {
    sed -i 's/\([._]\)PyRuntime\x00/\1PyRuntimX\x00/g' "$1"
}

stripped() {
    use_copy "$1"
    strip -s "$COPY"
    exact function generator recursion callbacks_sort
    is_build release
    found 'dynamic symbol'
}

no_sections() {
    use_copy "$1"
    without_sections "$COPY"
    ! readelf -SW "$COPY" 2>/dev/null | grep -q dynsym || fail "there are sections left"
    exact function generator recursion callbacks_sort
    is_build release
    found 'dynamic symbol'
}

no_symbols() {
    use_copy "$1"
    without_names "$COPY"
    exact function generator recursion callbacks_sort
    found 'its own description'
    # The whole version is part of the description.
    holds "$TMP/trace" ".processes[0].python == $("$PYTHON" -c 'import sys; print(sys.hexversion)')"
    holds "$TMP/trace" '.processes[0].info | has("build") | not'
}

# A program of another name that has Python in it, as servers and editors do.
embedded() {
    local include libdir version
    use_python "$1"
    include=$(include_of "$1")
    libdir=$("$PYTHON" -c 'from sysconfig import get_config_var as var; print(var("LIBDIR"))')
    if [ ! -f "$libdir/libpython$1.so" ] || [ ! -r "$include/Python.h" ]; then
        missing "this Python $1 has no shared library and headers to embed"
    fi
    version=$("$PYTHON" -c 'import sys; print(sys.hexversion)')
    cat >"$TMP/editor.c" <<'END'
#include <Python.h>
int main(int argc, char **argv)
{
	return Py_BytesMain(argc, argv);
}
END
    "${CC:-cc}" -I"$include" -o "$TMP/editor" "$TMP/editor.c" -L"$libdir" -Wl,-rpath,"$libdir" "-lpython$1"
    printf '#!/bin/sh\nPYTHONHOME=%s exec "%s" "$@"\n' \
        "$("$PYTHON" -c 'import sys; print(sys.base_prefix)')" "$TMP/editor" >"$TMP/python"
    chmod +x "$TMP/python"
    PYTHON=$TMP/python
    exact function generator recursion callbacks_sort
    holds "$TMP/trace" ".processes[0] | .python == $version and (.exe | endswith(\"/editor\"))"
}

@test "exact stacks of an embedded Python on 3.8" { embedded 3.8; }
@test "exact stacks of an embedded Python on 3.9" { embedded 3.9; }
@test "exact stacks of an embedded Python on 3.10" { embedded 3.10; }
@test "exact stacks of an embedded Python on 3.11" { embedded 3.11; }
@test "exact stacks of an embedded Python on 3.12" { embedded 3.12; }
@test "exact stacks of an embedded Python on 3.13" { embedded 3.13; }

@test "exact stacks of a debug build on 3.9" { debug_build 3.9; }
@test "exact stacks of a debug build on 3.11" { debug_build 3.11; }
@test "exact stacks of a debug build on 3.13" { debug_build 3.13; }
@test "exact stacks of a debug build on 3.14" { debug_build 3.14; }
@test "exact stacks of a debug build on 3.15" { debug_build 3.15; }

@test "exact stacks of a stripped build on 3.8" { stripped 3.8; }
@test "exact stacks of a stripped build on 3.9" { stripped 3.9; }
@test "exact stacks of a stripped build on 3.10" { stripped 3.10; }
@test "exact stacks of a stripped build on 3.11" { stripped 3.11; }
@test "exact stacks of a stripped build on 3.12" { stripped 3.12; }
@test "exact stacks of a stripped build on 3.13" { stripped 3.13; }
@test "exact stacks of a stripped build on 3.14" { stripped 3.14; }
@test "exact stacks of a stripped build on 3.15" { stripped 3.15; }

@test "exact stacks without section headers on 3.8" { no_sections 3.8; }
@test "exact stacks without section headers on 3.10" { no_sections 3.10; }
@test "exact stacks without section headers on 3.11" { no_sections 3.11; }
@test "exact stacks without section headers on 3.12" { no_sections 3.12; }
@test "exact stacks without section headers on 3.13" { no_sections 3.13; }
@test "exact stacks without section headers on 3.14" { no_sections 3.14; }
@test "exact stacks without section headers on 3.15" { no_sections 3.15; }

# The debug build, because a shared library looks up its own symbols by name.
@test "exact stacks without symbols on 3.13" { no_symbols 3.13d; }
@test "exact stacks without symbols on 3.14" { no_symbols 3.14; }
@test "exact stacks without symbols on 3.15" { no_symbols 3.15; }

@test "what exact.bats runs is both static and shared, and at fixed addresses and not" {
    local minor real types=
    for minor in 3.13 3.14; do
        use_python "$minor"
        real=$("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable))')
        [ "$(kind_of "$minor")" != debian ] ||
            real=$(awk -F '\t' -v minor="$minor" '$1 == minor { print $3 }' "$PYTHONS/list.txt")$real
        types+=$(readelf -hW "$real" | sed -n 's/^ *Type: *\([A-Z]*\).*/\1/p')
        types+=:$(readelf -dW "$real" | grep -c 'NEEDED.*libpython' || :)' '
    done
    echo "$types"
    [ "$types" = "DYN:1 EXEC:0 " ] || missing "other builds on this machine: $types"
}
