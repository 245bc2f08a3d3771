#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Manuals, help texts, README and HACKING say what there is; installation puts it there and takes it away.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154  # tests are subshells; what bats and the helpers set
# shellcheck disable=SC2016  # backquotes of Markdown

load helpers

ROOT=$(cd "$TESTS/.." && pwd -P)

# help_options PROGRAM: -x and --long, one a line
help_options() {
    "$BUILD/$1" --help | grep -oE '^ +(-[A-Za-z], )?--[a-z-]+' | grep -oE -- '--?[A-Za-z][a-z-]*' | sort
}

# manual_options PROGRAM: the same, from the items of its lists
manual_options() {
    awk '$1 == ".It" && $2 == "Fl" { for (i = 2; i < NF; i++) if ($i == "Fl") print "-" $(i + 1) }' \
        "$ROOT/man/$1.1" | sort
}

same_options() {
    help_options "$1" >"$TMP/help"
    manual_options "$1" >"$TMP/manual"
    [ -s "$TMP/help" ]
    diff -u "$TMP/help" "$TMP/manual" || fail "the help text (-) and the manual (+) of $1 differ"
    # Letters of the synopsis; long options stand there behind another dash.
    awk '/^\.Sh SYNOPSIS/ { on = 1; next } /^\.Sh/ { on = 0 }
        on { for (i = 2; i < NF; i++) if ($i == "Fl" || $i == "|") {
            word = $(i + 1) == "Fl" ? $(i + 2) : $(i + 1)
            if (word ~ /^-/) print "-" word
            else while (word != "") { print "-" substr(word, 1, 1); word = substr(word, 2) }
        } }' "$ROOT/man/$1.1" | sort -u | comm -23 - <(sort -u "$TMP/manual") >"$TMP/unknown"
    [ ! -s "$TMP/unknown" ] || fail "only in the synopsis of $1: $(xargs <"$TMP/unknown")"
}

@test "options of tachyon-record: help and manual agree" { same_options tachyon-record; }
@test "options of tachyon-report: help and manual agree" { same_options tachyon-report; }

@test "the formats that are listed are in the manual" {
    "$REPORT" --list | awk '{ print $1 }' | while read -r format; do
        grep -qxF ".It Cm $format" "$ROOT/man/tachyon-report.1" || fail "$format is not" || exit 1
        grep -qxF ".Ss $format" "$ROOT/man/tachyon-report.1" || fail "$format has no section" || exit 1
    done
}

@test "the manuals are well-formed" {
    command -v mandoc >/dev/null || missing "no mandoc"
    mandoc -T lint -W warning "$ROOT"/man/*.[1-9]
    # Every page that is named is ours or one of the system's, with the right section.
    local name section
    grep -hoE '^\.Xr tachyon[^ ]* [0-9]' "$ROOT"/man/*.[1-9] | sort -u | while read -r _ name section; do
        [ -f "$ROOT/man/$name.$section" ] || fail "there is no $name($section)" || exit 1
    done
}

# is_target WORD
is_target() {
    grep -qE "^$1:" "$ROOT/Makefile" || fail "make has no target $1"
}

@test "the commands that README and HACKING give exist" {
    local word option
    # What stands behind make, in examples and in text: targets and assignments.
    grep -ohE '(^    |`)make [^`#]*' "$ROOT/README.md" "$ROOT/HACKING.md" | sed 's/.*make //' >"$TMP/made"
    [ -s "$TMP/made" ]
    tr ' ' '\n' <"$TMP/made" | grep -vE '=|^$' | while read -r word; do
        is_target "$word" || exit 1
    done
    { help_options tachyon-record; help_options tachyon-report; } >"$TMP/options"
    grep -E '^    tachyon-|`tachyon-' "$ROOT/README.md" | grep -oE -- ' --[a-z-]+' | while read -r option; do
        grep -qxF -- "$option" "$TMP/options" || fail "$option is no option" || exit 1
    done
}

@test "make help lists its targets, and they exist" {
    local word
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$ROOT" help >"$TMP/help"
    for word in all demo check install; do
        grep -qE "^$word " "$TMP/help" || fail "make help does not list $word"
    done
    awk '{ print $1 }' "$TMP/help" | while read -r word; do
        is_target "$word" || exit 1
    done
    grep -oE 'tools/[a-z_]+\.sh' "$ROOT/Makefile" | sort -u | while read -r word; do
        [ -x "$ROOT/$word" ] || fail "the Makefile calls $word" || exit 1
    done
}

# A word is a path if it has a slash in it, or the ending of a source. NAME and patterns stand for others.
paths_exist() {
    local file=$ROOT/$1 path
    {
        grep -oE '`[^` ]+`' "$file" | tr -d '`'
        grep -oE '\]\([^)#:]+\)' "$file" | tr -d ']()'
        grep -E '^    ' "$file" | sed 's/[ ,]/\n/g'
    } | grep -E '^[A-Za-z][A-Za-z0-9_./-]*$' | grep -E '/|\.(c|h|sh|def|inc|bats|py|md)$' |
        grep -vE 'NAME|^app\.py$|^/' | sort -u >"$TMP/paths"
    [ -s "$TMP/paths" ]
    while read -r path; do
        case $path in
        */*) [ -e "$ROOT/$path" ] ;;
        *) [ -n "$(cd "$ROOT" && find . -path ./build -prune -o -name "$path" -print -quit)" ] ;;
        esac || fail "$1 speaks of $path" || return 1
    done <"$TMP/paths"
}

@test "HACKING names what exists" { paths_exist HACKING.md; }
@test "README names what exists" { paths_exist README.md; }

# The build that is tested is installed, whichever it is.
make_with_build() {
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$ROOT" B="${BUILD#"$ROOT"/}" DESTDIR="$TMP/dest" "$@"
}

@test "what is installed works, and uninstall leaves nothing" {
    local bin=$TMP/dest/opt/t/bin man=$TMP/dest/opt/t/share/man name
    make_with_build PREFIX=/opt/t install
    for name in tachyon-record tachyon-report; do
        [ "$(stat -c %a "$bin/$name")" = 755 ]
        (cd / && env -i "$bin/$name" --version) | grep -q "^$name "
        [ "$(stat -c %a "$man/man1/$name.1")" = 644 ]
    done
    [ -f "$man/man5/tachyon-trace.5" ]
    [ -z "$(find "$TMP/dest" -type f ! -path "$bin/*" ! -path "$man/*")" ]
    "$bin/tachyon-report" --help | cmp - <("$REPORT" --help)

    : >"$bin/other"
    make_with_build PREFIX=/opt/t uninstall
    [ "$(find "$TMP/dest" ! -type d)" = "$bin/other" ]
}

@test "install goes to /usr/local unless told otherwise" {
    make_with_build install
    [ -x "$TMP/dest/usr/local/bin/tachyon-record" ]
    [ -f "$TMP/dest/usr/local/share/man/man1/tachyon-report.1" ]
    make_with_build uninstall
    [ -z "$(find "$TMP/dest" ! -type d)" ]
}

@test "the programs know one version, that of NEWS" {
    local version
    version=$(sed -n 's/^## //p' "$ROOT/NEWS.md" | head -n 1)
    [ -n "$version" ]
    "$RECORD" --version | grep -qF " $version"
    "$REPORT" --version | grep -qF " $version"
}
