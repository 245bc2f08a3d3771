/* SPDX-License-Identifier: MIT */
/* settings.c - the options of tachyon-report, one row each. */
#include "tachyon-report/settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "base/unit.h"
#include "tachyon-report/output.h"

enum option {
	/* what to write, and where */
	OPT_FORMAT = 1, OPT_NAMED_FORMAT, OPT_LIST, OPT_OUTPUT,
	/* which samples */
	OPT_MODE, OPT_THREAD, OPT_PID, OPT_FROM, OPT_TO, OPT_FOCUS, OPT_IGNORE,
	OPT_NATIVE, OPT_NO_NATIVE, OPT_NO_GC, OPT_OPCODES,
	OPT_ASYNC, OPT_NO_ASYNC, OPT_ASYNC_MODE,
	/* of one format */
	OPT_SORT, OPT_LIMIT, OPT_NO_SUMMARY, OPT_NAMES, OPT_THREADS, OPT_JSON,
	/* other */
	OPT_QUIET, OPT_VERBOSE, OPT_HELP, OPT_VERSION,
};

static const struct opt options[] = {
	{ NULL, 0, NULL, "Format", 0, 0 },
	{ "format", 'F', "FORMAT", "write this format; the default is pstats",
	  OPT_FORMAT, 0 },
	{ "pstats", 0, NULL, "table of functions (the default)", OPT_NAMED_FORMAT, 0 },
	{ "collapsed", 0, NULL, "one line for each stack, for flame graph tools",
	  OPT_NAMED_FORMAT, 0 },
	{ "info", 0, NULL, "what is in the trace", OPT_NAMED_FORMAT, 0 },
	{ "list", 0, NULL, "list the formats", OPT_LIST, 0 },
	{ "output", 'o', "FILE", "write to FILE; - is standard output", OPT_OUTPUT, 0 },

	{ NULL, 0, NULL, "Which samples", 0, 0 },
	{ "mode", 0, "MODE",
	  "wall (all that was recorded, the default), cpu (on a CPU), gil (holding the GIL) or "
	  "exception (raising or handling one)",
	  OPT_MODE, 0 },
	{ "thread", 0, "THREAD",
	  "only this thread, by name or kernel id; may be repeated", OPT_THREAD, 0 },
	{ "pid", 0, "PID", "only this process; may be repeated", OPT_PID, 0 },
	{ "from", 0, "SECONDS", "only from so many seconds after the start", OPT_FROM,
	  0 },
	{ "to", 0, "SECONDS", "only up to so many seconds after the start", OPT_TO, 0 },
	{ "focus", 0, "REGEX", "only stacks with a function or file that matches",
	  OPT_FOCUS, 0 },
	{ "ignore", 0, "REGEX", "no stacks with a function or file that matches",
	  OPT_IGNORE, 0 },
	{ "native", 0, NULL, "show native code as <native> frames", OPT_NATIVE, 0 },
	{ "no-native", 0, NULL, "do not show them, however the trace was recorded",
	  OPT_NO_NATIVE, 0 },
	{ "no-gc", 0, NULL, "do not show garbage collection as <GC> frames", OPT_NO_GC,
	  0 },

	{ "opcodes", 0, NULL, "the instruction of each innermost frame, where it was recorded",
	  OPT_OPCODES, 0 },
	{ "async-aware", 0, NULL,
	  "stacks of tasks, on those that wait for them (the default where they were "
	  "recorded)",
	  OPT_ASYNC, 0 },
	{ "no-async-aware", 0, NULL, "stacks of threads", OPT_NO_ASYNC, 0 },
	{ "async-mode", 0, "MODE",
	  "tasks that run (running) or all of them (all); the default is as recorded",
	  OPT_ASYNC_MODE, 0 },

	{ NULL, 0, NULL, "pstats", 0, 0 },
	{ "sort", 0, "KEY",
	  "nsamples (the default), tottime, cumtime, sample-pct, cumul-pct, "
	  "nsamples-cumul or name",
	  OPT_SORT, OUTPUT_PSTATS },
	{ "limit", 'l', "COUNT", "rows to show (15); 0 shows all", OPT_LIMIT,
	  OUTPUT_PSTATS },
	{ "no-summary", 0, NULL, "no legend and no summary", OPT_NO_SUMMARY,
	  OUTPUT_PSTATS },

	{ NULL, 0, NULL, "collapsed", 0, 0 },
	{ "names", 0, "KIND", "function (the default), location or line", OPT_NAMES,
	  OUTPUT_COLLAPSED },
	{ "threads", 0, NULL, "the thread as the first frame of each stack",
	  OPT_THREADS, OUTPUT_COLLAPSED },

	{ NULL, 0, NULL, "info", 0, 0 },
	{ "json", 0, NULL, "write JSON", OPT_JSON, OUTPUT_INFO },

	{ NULL, 0, NULL, "Other", 0, 0 },
	{ "quiet", 'q', NULL, "no warnings", OPT_QUIET, 0 },
	{ "verbose", 'v', NULL, "say what is being read", OPT_VERBOSE, 0 },
	{ "help", 'h', NULL, "print this", OPT_HELP, 0 },
	{ "version", 'V', NULL,
	  "print the version of the program and of the trace format", OPT_VERSION, 0 },
	{ 0 },
};

/* In the order of enum sort_key and enum frame_names. */
static const char *const sort_keys[] = {
	"nsamples", "tottime", "cumtime", "sample-pct", "cumul-pct", "nsamples-cumul",
	"name", NULL,
};
static const char *const async_modes[] = { "running", "all", NULL };
static const char *const name_kinds[] = { "function", "location", "line", NULL };

/* The index of a word in a closed list. */
static int choose(const char *option, const char *word, const char *const *words,
		  struct err *err)
{
	struct buf all = { 0 };
	const char *meant = opt_closest(word, words);
	int rc;

	for (int i = 0; words[i]; i++) {
		const char *between = words[i + 1] ? ", " : " or ";

		if (strcmp(words[i], word) == 0) {
			buf_release(&all);
			return i;
		}
		buf_printf(&all, "%s%s", i ? between : "", words[i]);
	}
	if (meant)
		rc = err_set(err, EINVAL, "--%s %s: unknown; did you mean %s?", option,
			     word, meant);
	else
		rc = err_set(err, EINVAL, "--%s %s: unknown; give %s", option, word,
			     buf_str(&all));
	buf_release(&all);
	return rc;
}

static int set_format(struct settings *s, const char *name, struct err *err)
{
	const struct output *o = output_find(name);

	if (!o)
		return err_set(err, EINVAL,
			       "--format %s: no such format; --list names them", name);
	if (s->output && s->output != o)
		return err_set(err, EINVAL, "%s and %s: only one format at a time",
			       s->output->name, name);
	s->output = o;
	return 0;
}

static int set_choice(struct settings *s, const struct opt_scan *scan, struct err *err)
{
	bool is_sort = scan->opt->id == OPT_SORT;
	int rc = choose(scan->opt->name, scan->value, is_sort ? sort_keys : name_kinds,
			err);

	if (rc < 0)
		return rc;
	if (is_sort)
		s->sort = (enum sort_key)rc;
	else
		s->names = (enum frame_names)rc;
	return 0;
}

static int set_async_mode(struct settings *s, const char *word, struct err *err)
{
	int rc = choose("async-mode", word, async_modes, err);

	if (rc < 0)
		return rc;
	s->filter.async = rc ? FILTER_ASYNC_ALL : FILTER_ASYNC_RUNNING;
	s->async_mode = true;
	return 0;
}

/* Options that take a value which may be wrong. */
static int set_value(struct settings *s, const struct opt_scan *scan, struct err *err)
{
	const char *value = scan->value;

	switch (scan->opt->id) {
	case OPT_FORMAT:
		return set_format(s, value, err);
	case OPT_NAMED_FORMAT:
		return set_format(s, scan->opt->name, err);
	case OPT_MODE:
		return filter_set_mode(&s->filter, value, err);
	case OPT_PID:
		return filter_add_pid(&s->filter, value, err);
	case OPT_FROM:
		return unit_parse_duration(value, &s->filter.from_ns, err);
	case OPT_TO:
		return unit_parse_duration(value, &s->filter.to_ns, err);
	case OPT_FOCUS:
		return filter_set_focus(&s->filter, value, err);
	case OPT_IGNORE:
		return filter_set_ignore(&s->filter, value, err);
	case OPT_ASYNC_MODE:
		return set_async_mode(s, value, err);
	case OPT_LIMIT:
		return unit_parse_count(value, UINT64_MAX, &s->limit, err);
	default:
		return set_choice(s, scan, err);
	}
}

static int set_option(struct settings *s, const struct opt_scan *scan, struct err *err)
{
	switch (scan->opt->id) {
	case OPT_LIST:
		s->action = ACTION_LIST;
		break;
	case OPT_HELP:
		s->action = ACTION_HELP;
		break;
	case OPT_VERSION:
		s->action = ACTION_VERSION;
		break;
	case OPT_OUTPUT:
		s->path = strcmp(scan->value, "-") == 0 ? NULL : scan->value;
		break;
	case OPT_THREAD:
		filter_add_thread(&s->filter, scan->value);
		break;
	case OPT_NATIVE:
		s->filter.native = NATIVE_SHOWN;
		break;
	case OPT_NO_NATIVE:
		s->filter.native = NATIVE_HIDDEN;
		break;
	case OPT_NO_GC:
		s->filter.hide_gc = true;
		break;
	case OPT_OPCODES:
		s->filter.opcodes = true;
		break;
	case OPT_ASYNC:
		s->async_aware = true;
		break;
	case OPT_NO_ASYNC:
		s->no_async_aware = true;
		break;
	case OPT_NO_SUMMARY:
		s->no_summary = true;
		break;
	case OPT_THREADS:
		s->threads = true;
		break;
	case OPT_JSON:
		s->json = true;
		break;
	case OPT_QUIET:
		s->quiet = true;
		break;
	case OPT_VERBOSE:
		s->verbose = true;
		break;
	default:
		return set_value(s, scan, err);
	}
	return 0;
}

/* An option of one format was given: is it that format? */
static int check_belongs(const struct settings *s, const struct opt *o, struct err *err)
{
	if (!o || (o->commands & s->output->bit))
		return 0;
	for (const struct output *const *p = outputs; *p; p++)
		if (o->commands & (*p)->bit)
			return err_set(err, EINVAL, "--%s: is for %s, not for %s",
				       o->name, (*p)->name, s->output->name);
	return 0;
}

/* A first operand that is no file may be a format with a typing error. */
static int check_first_operand(const struct settings *s, struct err *err)
{
	const char *names[16], *word = s->ntraces ? s->traces[0] : "-";
	size_t n = 0;

	if (strchr(word, '/') || strchr(word, '.') || access(word, F_OK) == 0)
		return 0;
	for (; outputs[n] && n + 1 < sizeof(names) / sizeof(*names); n++)
		names[n] = outputs[n]->name;
	names[n] = NULL;

	const char *meant = opt_closest(word, names);

	if (strcmp(word, "-") == 0 || !meant)
		return 0;
	return err_set(err, EINVAL, "%s: neither a format nor a file; did you mean %s?",
		       word, meant);
}

int settings_parse(struct settings *s, int argc, char **argv, struct err *err)
{
	const struct opt *particular = NULL;
	struct opt_scan scan;
	int id;

	*s = (struct settings){ .limit = 15 };
	filter_init(&s->filter);
	opt_init(&scan, options, argc - 1, argv + 1, OPT_PERMUTE, 0);
	while ((id = opt_next(&scan, err)) > 0) {
		int rc = set_option(s, &scan, err);

		if (rc < 0)
			return rc;
		if (scan.opt->commands)
			particular = scan.opt;
	}
	if (id < 0 || s->action != ACTION_REPORT)
		return id;
	if (s->no_async_aware && (s->async_aware || s->async_mode))
		return err_set(err, EINVAL, "--no-async-aware: not with --async-aware or "
			       "--async-mode");
	s->async_aware |= s->async_mode;
	if (s->no_async_aware)
		s->filter.async = FILTER_ASYNC_OFF;

	s->traces = scan.operands;
	s->ntraces = scan.noperands;
	if (!s->output && s->ntraces && output_find(s->traces[0])) {
		s->output = output_find(*s->traces++);
		s->ntraces--;
	} else if (!s->output) {
		int rc = check_first_operand(s, err);

		if (rc < 0)
			return rc;
		s->output = &output_pstats;
	}
	if (s->filter.from_ns >= s->filter.to_ns)
		return err_set(err, EINVAL,
			       "--from and --to: nothing lies between them");
	return check_belongs(s, particular, err);
}

void settings_release(struct settings *s)
{
	filter_release(&s->filter);
}

void settings_help(struct buf *out)
{
	buf_add_str(
		out,
		"usage: tachyon-report [FORMAT] [options] [TRACE ...]\n\n"
		"Prints what the traces of tachyon-record say.  Without TRACE, or "
		"with -, reads\nstandard input.  Several traces are read as one.\n\n");
	opt_help(out, options, 0);
}

void settings_list(struct buf *out)
{
	for (const struct output *const *o = outputs; *o; o++)
		buf_printf(out, "%-12s%s\n", (*o)->name, (*o)->help);
}
