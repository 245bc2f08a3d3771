/* SPDX-License-Identifier: MIT */
#include "tachyon-record/options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "base/unit.h"

enum {
	OPT_INTERVAL = 1,
	OPT_RATE,
	OPT_DURATION,
	OPT_ALL_THREADS,
	OPT_MODE,
	OPT_NATIVE,
	OPT_NO_GC,
	OPT_OPCODES,
	OPT_ASYNC,
	OPT_ASYNC_MODE,
	OPT_BLOCKING,
	OPT_OUTPUT,
	OPT_REALTIME,
	OPT_MODULE,
	OPT_QUIET,
	OPT_VERBOSE,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
};

enum { RECORDS = COMMAND_RUN | COMMAND_ATTACH };

static const struct opt rows[] = {
	{ NULL, 0, NULL, "Sampling", 0, RECORDS },
	{ "interval", 'i', "US", "time between ticks in microseconds (default 100)",
	  OPT_INTERVAL, RECORDS },
	{ "sampling-rate", 'r', "RATE", "ticks a second instead, as 500, 10khz or 2.5k",
	  OPT_RATE, RECORDS },
	{ "duration", 'd', "SECONDS", "how long (default 10); 0: until the target ends",
	  OPT_DURATION, RECORDS },
	{ "all-threads", 'a', NULL, "all threads, not just the main one", OPT_ALL_THREADS,
	  RECORDS },
	{ "async-aware", 0, NULL, "record the tasks of asyncio, too", OPT_ASYNC,
	  RECORDS | COMMAND_DUMP },
	{ "async-mode", 0, "MODE",
	  "with --async-aware: tasks that run (running, the default) or all of them (all)",
	  OPT_ASYNC_MODE, RECORDS },
	{ "blocking", 0, NULL, "stop the target for each tick: nothing changes while it is read",
	  OPT_BLOCKING, RECORDS | COMMAND_DUMP },
	{ "module", 'm', NULL, "TARGET is a module, as for python3 -m", OPT_MODULE,
	  COMMAND_RUN },
	{ NULL, 0, NULL, "What to record (by default everything, to be chosen from later)", 0,
	  RECORDS },
	{ "mode", 0, "MODE",
	  "stacks only of threads that are on a CPU (cpu), hold the GIL (gil), or raise or "
	  "handle an exception (exception); wall: of all",
	  OPT_MODE, RECORDS },
	{ "native", 0, NULL,
	  "show native code as <native>: dump, and reports unless told otherwise",
	  OPT_NATIVE, RECORDS | COMMAND_DUMP },
	{ "no-gc", 0, NULL, "no garbage collections", OPT_NO_GC, RECORDS | COMMAND_DUMP },
	{ "opcodes", 0, NULL, "also the instruction of the function that runs, in its present form",
	  OPT_OPCODES, RECORDS },
	{ NULL, 0, NULL, "Output", 0, 0 },
	{ "output", 'o', "FILE", "the trace; - is standard output", OPT_OUTPUT, RECORDS },
	{ "json", 0, NULL, "as JSON", OPT_JSON, COMMAND_DUMP | COMMAND_CHECK | COMMAND_LIST },
	{ "realtime-stats", 0, NULL, "a line of sampling statistics each second",
	  OPT_REALTIME, RECORDS },
	{ "quiet", 'q', NULL, "no progress and no summary", OPT_QUIET, RECORDS },
	{ "verbose", 'v', NULL, "say how the target was found, and sum up", OPT_VERBOSE, RECORDS },
	{ "help", 'h', NULL, "this text", OPT_HELP, 0 },
	{ "version", 'V', NULL, "program and trace version", OPT_VERSION, 0 },
	{ 0 },
};

static const struct command_row {
	const char *name, *synopsis, *help;
	enum command command;
} commands[] = {
	{ "run", "run [options] [-m] TARGET [ARG ...]",
	  "start a script, a module or a command, and record it", COMMAND_RUN },
	{ "attach", "attach [options] PID", "record a running process", COMMAND_ATTACH },
	{ "dump", "dump [options] PID", "print what every thread of a process does now",
	  COMMAND_DUMP },
	{ "check", "check [--json] PID", "say whether a process can be read, and what prevents it",
	  COMMAND_CHECK },
	{ "list", "list [--json]", "print the Python processes that there are", COMMAND_LIST },
};

enum { NCOMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int unknown_command(const char *word, struct err *err)
{
	const char *names[NCOMMANDS + 1] = { 0 };
	const char *near;

	for (int i = 0; i < NCOMMANDS; i++)
		names[i] = commands[i].name;
	near = opt_closest(word, names);
	if (near)
		return err_set(err, EINVAL, "%s: unknown command; did you mean %s?", word, near);
	return err_set(err, EINVAL, "%s: unknown command; it is run, attach, dump, check or list",
		       word);
}

static int set_async_mode(struct options *o, const char *mode, struct err *err)
{
	o->async_mode = true;
	o->async_all = strcmp(mode, "all") == 0;
	if (o->async_all || strcmp(mode, "running") == 0)
		return 0;
	return err_set(err, EINVAL, "--async-mode %s: no such mode; give running or all", mode);
}

static int set(struct options *o, int id, const char *value, struct err *err)
{
	switch (id) {
	case OPT_INTERVAL:
		return unit_parse_interval(value, &o->interval_ns, err);
	case OPT_RATE:
		return unit_parse_rate(value, &o->interval_ns, err);
	case OPT_DURATION:
		return unit_parse_duration(value, &o->duration_ns, err);
	case OPT_ALL_THREADS:
		o->all_threads = true;
		return 0;
	case OPT_MODE:
		return trace_mode_parse(value, &o->mode, err);
	case OPT_NATIVE:
		o->native = true;
		return 0;
	case OPT_NO_GC:
		o->no_gc = true;
		return 0;
	case OPT_OPCODES:
		o->opcodes = true;
		return 0;
	case OPT_ASYNC:
		o->async = true;
		return 0;
	case OPT_ASYNC_MODE:
		return set_async_mode(o, value, err);
	case OPT_BLOCKING:
		o->blocking = true;
		return 0;
	case OPT_OUTPUT:
		o->output = value;
		return 0;
	case OPT_REALTIME:
		o->realtime_stats = true;
		return 0;
	case OPT_MODULE:
		o->module = true;
		return 0;
	case OPT_QUIET:
		o->quiet = true;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_HELP:
		o->help = true;
		return 0;
	default:
		o->version = true;
		return 0;
	}
}

static const char *command_name(enum command command)
{
	int i = 0;

	while (commands[i].command != command)
		i++;
	return commands[i].name;
}

static int take_operands(struct options *o, char **operands, int n, struct err *err)
{
	const char *name;
	uint64_t pid;
	int ret;

	if (o->command == COMMAND_RUN) {
		if (!n)
			return err_set(err, EINVAL, "run: no TARGET; give a script, "
				       "a command or -m MODULE");
		o->target = operands;
		o->ntarget = n;
		return 0;
	}
	name = command_name(o->command);
	if (o->command == COMMAND_LIST)
		return n ? err_set(err, EINVAL, "list: %s: it takes no operand", operands[0]) : 0;
	if (n != 1)
		return err_set(err, EINVAL, "%s: %s; give one process id", name,
			       n ? "more than one operand" : "no PID");
	ret = unit_parse_count(operands[0], INT_MAX, &pid, err);
	if (ret || !pid)
		return err_set(err, EINVAL, "%s: %s: not a process id", name, operands[0]);
	o->pid = (pid_t)pid;
	return 0;
}

static int parse_options(struct options *o, int argc, char **argv, struct err *err)
{
	struct opt_scan scan;
	int id, ret;

	/* What follows the TARGET of run belongs to it. */
	opt_init(&scan, rows, argc, argv,
		 o->command == COMMAND_RUN ? OPT_STOP : OPT_PERMUTE, o->command);
	while ((id = opt_next(&scan, err)) > 0) {
		ret = set(o, id, scan.value, err);
		if (ret)
			return ret;
	}
	if (id < 0)
		return id;
	if (o->help || o->version)
		return 0;
	if (o->async_mode && !o->async)
		return err_set(err, EINVAL, "--async-mode: only with --async-aware");
	if (!o->command)
		return err_set(err, EINVAL, "no command; it is run, attach, dump, check "
			       "or list, --help says more");
	return take_operands(o, scan.operands, scan.noperands, err);
}

int options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	*o = (struct options){ .interval_ns = 100000, .duration_ns = UINT64_C(10000000000),
			       .mode = &trace_modes[0] };
	if (argc < 2 || argv[1][0] == '-')
		return parse_options(o, argc - 1, argv + 1, err);
	for (int i = 0; i < NCOMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			o->command = commands[i].command;
			return parse_options(o, argc - 2, argv + 2, err);
		}
	return unknown_command(argv[1], err);
}

void options_help(struct buf *out, const struct options *o)
{
	buf_add_str(out, "Record samples of a running Python program as a trace.\n\n");
	for (int i = 0; i < NCOMMANDS; i++)
		if (!o->command || o->command == commands[i].command)
			buf_printf(out, "  tachyon-record %s\n      %s\n", commands[i].synopsis,
				   commands[i].help);
	buf_add_char(out, '\n');
	opt_help(out, rows, o->command);
	buf_add_str(out, "\nThe manual is tachyon-record(1).\n");
}
