/* SPDX-License-Identifier: MIT */
/*
 * main.c - tachyon-report: print what a trace says.
 *
 * A run is three steps:
 *
 *	settings_parse()        the command line                settings.c
 *	read_traces()           each TRACE                      input.c
 *	                        bytes to objects                format/reader.c
 *	                        objects to a profile            profile/profile.c
 *	write_report()          one row of the table            outputs.c
 *
 * and each format is one file:
 *
 *	out_collapsed.c         one line for each stack
 *	out_info.c              what is in the trace
 *	out_pstats.c            table of functions
 *
 * profile/totals.c has the sums that several of them show.  Exit status: 0
 * done, 1 failed, 2 wrong usage.  Only this file prints messages.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/unit.h"
#include "format/wire.h"
#include "profile/profile.h"
#include "tachyon-report/input.h"
#include "tachyon-report/output.h"
#include "tachyon-report/settings.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

/* The texts of struct err are printable whatever file names hold. */
static void message(const char *text)
{
	fprintf(stderr, "tachyon-report: %s\n", text);
}

static int print_and_release(struct buf *text)
{
	size_t n = fwrite(text->data, 1, text->len, stdout);
	bool ok = n == text->len && fflush(stdout) == 0;

	buf_release(text);
	return ok ? DONE : FAILED;
}

/*
 * Reads all traces.  A cut one is used as far as it goes, with a warning; of
 * a damaged one what comes before the damage is used, and the status tells.
 */
static int read_traces(const struct settings *s, struct profile *p, struct report *r)
{
	struct err err;
	int status = DONE;

	for (size_t i = 0; i < r->nnames; i++) {
		int rc = input_read(r->names[i], p, r, &err);

		if (rc == 0) {
			if (s->verbose)
				fprintf(stderr, "tachyon-report: %s: read, %s so far\n",
					r->names[i], unit_bytes(r->bytes).s);
			continue;
		}
		r->cut |= rc == -ENODATA;
		r->damaged |= rc == -EBADMSG;
		if (rc != -ENODATA || !s->quiet)
			message(err.text);
		if (rc != -ENODATA)
			status = FAILED;
		/* A report on other traces than were asked for would mislead. */
		if (rc != -ENODATA && rc != -EBADMSG)
			return -FAILED;
	}
	return status;
}

static bool has_stacks(const struct profile *p)
{
	for (size_t i = 0; i < p->nsites; i++)
		if (p->sites[i].stack)
			return true;
	return false;
}

static void warn_if_empty(const struct settings *s, const struct profile *p)
{
	const struct profile_counts *c = &p->counts;
	struct err err;

	if (s->quiet || s->output->shows_hidden || has_stacks(p))
		return;
	if (c->samples == 0)
		err_set(&err, 0, "no samples: the trace holds none; was the target "
			"running Python?");
	else if (s->filter.mode->missing && c->unknown &&
		 c->unknown + c->failed >= c->samples)
		err_set(&err, 0,
			"no samples: the trace does not tell %s; leave --mode %s away",
			s->filter.mode->missing, s->filter.mode->name);
	else if (c->omitted && c->omitted + c->failed >= c->samples)
		err_set(&err, 0, "no samples: none had the state of the mode that was "
			"recorded; see tachyon-report info");
	else if (c->failed == c->samples)
		err_set(&err, 0, "no samples: none of the stacks could be read; see "
			"tachyon-report info");
	else
		err_set(&err, 0, "no samples: no stack is left by the filters; see "
			"tachyon-report info");
	message(err.text);
}

static void warn_of_mode(const struct settings *s, const struct profile *p)
{
	const char *other = profile_other_mode(p);
	struct err err;

	if (s->quiet || s->output->shows_hidden || !other)
		return;
	err_set(&err, 0, "--mode %s: recorded with --mode %s, other samples were left out",
		s->filter.mode->name, other);
	message(err.text);
}

/* Are there the tasks that were asked for? */
static bool has_tasks(const struct settings *s, const struct profile *p)
{
	if (!s->async_aware || s->output->shows_hidden)
		return true;
	if (!p->tasks.recorded)
		message("no tasks: recorded without --async-aware; record with it, or leave "
			"it away here");
	else if (s->filter.async == FILTER_ASYNC_ALL && !p->tasks.recorded_all)
		message("no suspended tasks: recorded with --async-mode running; record with "
			"--async-mode all, or leave it away here");
	else
		return true;
	return false;
}

static int cannot_write(const char *name, int code)
{
	struct err err;

	err_set(&err, code, "%s: cannot write: %s", name, strerror(code));
	message(err.text);
	return FAILED;
}

static int write_report(const struct settings *s, const struct report *r)
{
	FILE *out = s->path ? fopen(s->path, "we") : stdout;
	const char *name = s->path ? s->path : "standard output";
	int code;

	if (!out)
		return cannot_write(name, errno);
	errno = 0;
	s->output->write(r, out);
	code = ferror(out) || fflush(out) != 0 ? errno : 0;
	if (out != stdout && fclose(out) != 0 && !code)
		code = errno;
	/* Who reads the pipe has seen enough, as head(1) does. */
	if (code == 0 || code == EPIPE)
		return DONE;
	return cannot_write(name, code);
}

static int report(const struct settings *s)
{
	static const char *const standard_input[] = { "-" };
	struct profile p;
	struct report r = {
		.profile = &p, .settings = s,
		.names = s->ntraces ? (const char *const *)s->traces : standard_input,
		.nnames = s->ntraces ? (size_t)s->ntraces : 1,
	};
	struct filter everything;

	filter_init(&everything);
	everything.hide_gc = true;
	everything.native = NATIVE_HIDDEN;
	profile_init(&p, s->output->shows_hidden ? &everything : &s->filter);

	int status = read_traces(s, &p, &r);

	if (status >= 0) {
		profile_finish(&p);
		if (!has_tasks(s, &p)) {
			status = FAILED;
		} else {
			warn_of_mode(s, &p);
			warn_if_empty(s, &p);
			if (write_report(s, &r) != DONE)
				status = FAILED;
		}
	}
	profile_release(&p);
	return abs(status);
}

int main(int argc, char **argv)
{
	struct settings s;
	struct err err;
	struct buf text = { 0 };
	int status = USAGE;

	/* A closed pipe then comes back as an error of write(2). */
	signal(SIGPIPE, SIG_IGN);
	if (settings_parse(&s, argc, argv, &err) < 0) {
		message(err.text);
	} else if (s.action == ACTION_HELP) {
		settings_help(&text);
		status = print_and_release(&text);
	} else if (s.action == ACTION_LIST) {
		settings_list(&text);
		status = print_and_release(&text);
	} else if (s.action == ACTION_VERSION) {
		buf_printf(&text, "tachyon-report %s (trace format %d.%d)\n",
			   TACHYON_VERSION, TRACE_MAJOR, TRACE_MINOR);
		status = print_and_release(&text);
	} else if (s.ntraces == 0 && isatty(STDIN_FILENO)) {
		message("no trace given; name one, or pipe tachyon-record into it");
	} else {
		status = report(&s);
	}
	settings_release(&s);
	return status;
}
