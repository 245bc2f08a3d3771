/* SPDX-License-Identifier: MIT */
/* filter.c - regular expressions are POSIX extended ones. */
#include "profile/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/unit.h"

void filter_init(struct filter *f)
{
	*f = (struct filter){ .mode = &trace_modes[0], .to_ns = UINT64_MAX };
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
	f->mode_given = true;
	return trace_mode_parse(name, &f->mode, err);
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
