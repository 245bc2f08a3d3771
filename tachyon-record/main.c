/* SPDX-License-Identifier: MIT */
/*
 * tachyon-record - record samples of a Python process as a trace.
 *
 *	options.c		the command lines
 *	commands.c		run and attach: output, exit status
 *	dump.c			one look for people; picture.c: the end of a trace
 *	check.c, list.c		the other commands; access.c: the kernel's gates
 *	launch.c		run: start the program
 *	target.c		find the Python in a process: procfs.c, elf_symbols.c,
 *				elf_dynamic.c, runtime_scan.c, native_tid.c
 *	recording.c		one recording: threads, signals, progress.c
 *	  sampler.c		the sampling thread: its loop; schedule.c: its clock
 *	    tick.c		one look at all threads
 *	    roster.c		interpreters, GILs, threads
 *	    thread_flags.c	states of a thread: kernel_state.c, exception.c
 *	    unwind.c		one thread's stack: unwind_plan.c, snapshot.c,
 *				unwind_walk.c, unwind_objects.c (frames of 3.8 to
 *				3.10), unwind_resolve.c and call_site.c (what
 *				proves it), unwind_settle.c (what cannot be read)
 *	    instruction.c	what the leaf executes
 *	    pause.c		stops the target for a tick (--blocking)
 *	    asyncio/tasks.c	tasks: task_running.c, who waits for whom
 *	    code_table.c	code objects seen, code_copies.c; node_table.c: stacks
 *	    selection.c		samples that a mode leaves out
 *	    ring.c, records.h	to the writer thread
 *	  output.c		the writer thread: definitions.c, runs.c,
 *				thread_names.c, then format/writer.c
 *	cpython/		what differs between versions: layouts.c, opcodes.c,
 *				call_sites.c, linetable.c, asyncio_layout.c
 *	remote.c		the only reader of the target's memory
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/wire.h"
#include "tachyon-record/commands.h"
#include "tachyon-record/options.h"

static int show_help(const struct options *o)
{
	struct buf text = { 0 };

	options_help(&text, o);
	fwrite(text.data, 1, text.len, stdout);
	buf_release(&text);
	return fflush(stdout) ? EXIT_FAILED : EXIT_SUCCESS;
}

/* Our own descriptors never take the place of a closed standard stream. */
static void open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int run(const struct options *o, char **words)
{
	if (o->help)
		return show_help(o);
	if (o->version) {
		printf("tachyon-record %s (trace %d.%d)\n", TACHYON_VERSION, TRACE_MAJOR,
		       TRACE_MINOR);
		return fflush(stdout) ? EXIT_FAILED : EXIT_SUCCESS;
	}
	switch (o->command) {
	case COMMAND_RUN:
		return command_run(o, words);
	case COMMAND_ATTACH:
		return command_attach(o, words);
	case COMMAND_DUMP:
		return command_dump(o, words);
	case COMMAND_CHECK:
		return command_check(o);
	case COMMAND_LIST:
		break;
	}
	return command_list(o);
}

int main(int argc, char **argv)
{
	/* Parsing reorders argv; the trace's header shall have it as it was. */
	char **words = mem_alloc((size_t)argc + 1, sizeof(*words));
	struct options o;
	struct err err;
	int status;

	open_standard_streams();
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	if (options_parse(&o, argc, argv, &err) != 0) {
		complain(&err);
		status = o.command == COMMAND_RUN ? EXIT_OWN_FAILURE : EXIT_USAGE;
	} else {
		status = run(&o, words);
	}
	free(words);
	return status;
}
