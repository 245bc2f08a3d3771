#!/bin/sh
# SPDX-License-Identifier: MIT
#
# asyncio_layouts.sh LIST: print tachyon-record/cpython/asyncio_rows.inc from
# the debugging information of the interpreters that tools/pythons.sh has
# listed in LIST.  TaskObj is private to Modules/_asynciomodule.c, so that no
# header has it.  Versions from 3.14 on describe themselves.
# The committed file is this output; the tests compare the two.
set -eu

list=$1
tab='	'

# offset FIELD: from the lines of ptype /o on standard input
offset() {
	sed -n "s,^/\* *\([0-9]*\) .*[ *]$1;.*,\1,p"
}

echo '/* SPDX-License-Identifier: MIT */'
echo '/* Made by tools/asyncio_layouts.sh from the debugging information of each version. */'
while IFS=$tab read -r minor kind python full _; do
	case $minor in
	3.1[1-3]) ;;
	*) continue ;;
	esac
	[ "$kind" = pyenv ] || [ "$kind" = path ] || continue
	module=$("$python" -I -S -c 'import sysconfig
print("%s/lib-dynload/_asyncio%s" % (sysconfig.get_path("platstdlib"),
      sysconfig.get_config_var("EXT_SUFFIX")))')
	[ -r "$module" ] || continue
	type=$(gdb -nx -batch -ex 'ptype /o TaskObj' -ex 'print sizeof(TaskObj)' "$module" \
		2>/dev/null </dev/null)
	case $type in
	*task_coro*) ;;
	*) continue ;;
	esac
	echo "/* $full */"
	printf '\t{\n\t\t.version = 0x03%02x,\n' "${minor#3.}"
	# The value of the expression is the only line that begins so.
	printf '\t\t.task_size = %s,\n' "$(echo "$type" | sed -n 's/^[$]1 = //p')"
	for field in loop callback0 callbacks state coro name; do
		printf '\t\t.task_%s = %s,\n' "$field" "$(echo "$type" | offset "task_$field")"
	done
	for field in task_awaited_by task_awaited_by_is_set task_is_task task_node \
		thread_running_task thread_tasks_head interp_tasks_head; do
		printf '\t\t.%s = ABSENT,\n' "$field"
	done
	printf '\t},\n'
done < "$list"
