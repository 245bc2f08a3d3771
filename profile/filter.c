/* SPDX-License-Identifier: MIT */
/* filter.c - modes are rows; regular expressions are POSIX extended ones. */
#include "profile/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/unit.h"

static const struct filter_mode modes[] = {
	{ "wall", 0, NULL },
	{ "cpu", TRACE_ON_CPU, "whether threads were on a CPU" },
	{ "gil", TRACE_HOLDS_GIL, "who held the GIL" },
	{ "exception", TRACE_EXCEPTION, "whether exceptions were being handled" },
};

enum { NMODES = sizeof(modes) / sizeof(*modes) };

const char *const *filter_mode_names(void)
{
	static const char *names[NMODES + 1];

	for (size_t i = 0; i < NMODES; i++)
		names[i] = modes[i].name;
	return names;
}

void filter_init(struct filter *f)
{
	*f = (struct filter){ .mode = &modes[0], .to_ns = UINT64_MAX };
}

void filter_release(struct filter *f)
{
	if (f->has_focus)
		regfree(&f->focus);
	if (f->has_ignore)
		regfree(&f->ignore);
	free(f->threads);
	free(f->pids);
	filter_init(f);
}

int filter_set_mode(struct filter *f, const char *name, struct err *err)
{
	for (size_t i = 0; i < NMODES; i++) {
		if (strcmp(modes[i].name, name) == 0) {
			f->mode = &modes[i];
			return 0;
		}
	}

	const char *meant = opt_closest(name, filter_mode_names());

	if (meant)
		return err_set(err, EINVAL, "--mode %s: no such mode; did you mean %s?",
			       name, meant);
	return err_set(err, EINVAL,
		       "--mode %s: no such mode; give wall, cpu, gil or exception",
		       name);
}

static int compile(regex_t *re, bool *has, const char *option, const char *pattern,
		   struct err *err)
{
	char why[128];
	int rc;

	if (*has)
		regfree(re);
	*has = false;
	rc = regcomp(re, pattern, REG_EXTENDED | REG_NOSUB);
	if (rc) {
		regerror(rc, re, why, sizeof(why));
		return err_set(err, EINVAL, "%s %s: %s", option, pattern, why);
	}
	*has = true;
	return 0;
}

int filter_set_focus(struct filter *f, const char *pattern, struct err *err)
{
	return compile(&f->focus, &f->has_focus, "--focus", pattern, err);
}

int filter_set_ignore(struct filter *f, const char *pattern, struct err *err)
{
	return compile(&f->ignore, &f->has_ignore, "--ignore", pattern, err);
}

int filter_add_pid(struct filter *f, const char *pid, struct err *err)
{
	uint64_t n;
	int rc = unit_parse_count(pid, UINT32_MAX, &n, err);

	if (rc < 0)
		return rc;
	f->pids = mem_resize(f->pids, f->npids + 1, sizeof(*f->pids));
	f->pids[f->npids++] = n;
	return 0;
}

void filter_add_thread(struct filter *f, const char *name_or_tid)
{
	f->threads = mem_resize(f->threads, f->nthreads + 1, sizeof(*f->threads));
	f->threads[f->nthreads++] = name_or_tid;
}

enum filter_verdict filter_state(const struct filter *f, uint32_t flags, uint32_t known)
{
	uint32_t flag = f->mode->flag;

	if (!flag || (flags & flag))
		return FILTER_KEEP;
	if (!(known & flag) || (flags & flag << TRACE_UNKNOWN_SHIFT))
		return FILTER_UNKNOWN;
	return FILTER_DROP;
}

bool filter_has_process(const struct filter *f, uint32_t pid)
{
	for (size_t i = 0; i < f->npids; i++)
		if (f->pids[i] == pid)
			return true;
	return f->npids == 0;
}

bool filter_has_thread(const struct filter *f, uint64_t tid, struct trace_text name)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, tid);
	for (size_t i = 0; i < f->nthreads; i++) {
		const char *word = f->threads[i];

		if (strcmp(word, digits) == 0 ||
		    (strlen(word) == name.len &&
		     memcmp(word, name.bytes, name.len) == 0))
			return true;
	}
	return f->nthreads == 0;
}

static bool matches(const regex_t *re, struct trace_text t)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)t.len };
	char *text = mem_copy(t.bytes, t.len);
	/* REG_STARTEND: a name may have a NUL inside. */
	bool found = regexec(re, text, 1, &range, REG_STARTEND) == 0;

	free(text);
	return found;
}

unsigned filter_frame(const struct filter *f, struct trace_text name,
		      struct trace_text file)
{
	unsigned bits = 0;

	if (f->has_focus && (matches(&f->focus, name) || matches(&f->focus, file)))
		bits |= FILTER_FOCUSED;
	if (f->has_ignore && (matches(&f->ignore, name) || matches(&f->ignore, file)))
		bits |= FILTER_IGNORED;
	return bits;
}

bool filter_has_stack(const struct filter *f, unsigned bits)
{
	return (!f->has_focus || (bits & FILTER_FOCUSED)) && !(bits & FILTER_IGNORED);
}
