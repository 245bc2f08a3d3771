/* SPDX-License-Identifier: MIT */
/*
 * out_pstats.c - a table of functions, as deterministic profilers print it.
 *
 * Percentages and the counts they come from are thread-samples; times are
 * sums of what the ticks stand for (profile/clock.h).
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/unit.h"
#include "profile/profile.h"
#include "profile/totals.h"
#include "tachyon-report/label.h"
#include "tachyon-report/output.h"
#include "tachyon-report/settings.h"

enum {
	SUMMARY_ROWS = 3,
	SUMMARY_PER_MILLE = 10,         /* functions below 1 % are not interesting */
};

struct row {
	struct total t;
	const char *label;              /* as printed, lives in labels */
};

struct table {
	struct totals totals;
	struct row *rows;
	size_t n;
	struct buf labels;
};

static void make_table(struct table *t, const struct profile *p)
{
	*t = (struct table){ 0 };
	totals_init(&t->totals, p);
	t->n = t->totals.n;
	t->rows = mem_alloc(t->n, sizeof(*t->rows));

	size_t *starts = mem_alloc(t->n, sizeof(*starts));

	for (size_t i = 0; i < t->n; i++) {
		t->rows[i].t = t->totals.rows[i];
		starts[i] = t->labels.len;
		label_function(&t->labels, p, t->rows[i].t.function);
		if (t->rows[i].t.opcode) {
			buf_add_char(&t->labels, ' ');
			label_opcode(&t->labels, p, t->rows[i].t.opcode);
		}
		buf_add_char(&t->labels, '\0');
	}
	for (size_t i = 0; i < t->n; i++)
		t->rows[i].label = t->labels.data + starts[i];
	free(starts);
}

static void release_table(struct table *t)
{
	totals_release(&t->totals);
	free(t->rows);
	buf_release(&t->labels);
}

/* --- sorting ---------------------------------------------------------------- */

/* Where the value of a key is in struct total; by enum sort_key. */
static const size_t sort_fields[] = {
	[SORT_NSAMPLES]       = offsetof(struct total, self),
	[SORT_TOTTIME]        = offsetof(struct total, self_ns),
	[SORT_CUMTIME]        = offsetof(struct total, total_ns),
	[SORT_SAMPLE_PCT]     = offsetof(struct total, self),
	[SORT_CUMUL_PCT]      = offsetof(struct total, total),
	[SORT_NSAMPLES_CUMUL] = offsetof(struct total, total),
};

static int descending(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static uint64_t field(const struct row *r, enum sort_key key)
{
	uint64_t value;

	memcpy(&value, (const char *)&r->t + sort_fields[key], sizeof(value));
	return value;
}

/* Equal rows follow the other count, then the label, then the order of ids. */
static int compare_rows(const void *a, const void *b, void *key)
{
	const struct row *x = a, *y = b;
	enum sort_key k = *(const enum sort_key *)key;
	int rc = k == SORT_NAME ? 0 : descending(field(x, k), field(y, k));

	if (!rc && k != SORT_NAME)
		rc = descending(x->t.total, y->t.total);
	if (!rc && k != SORT_NAME)
		rc = descending(x->t.self, y->t.self);
	if (!rc)
		rc = strcmp(x->label, y->label);
	if (!rc)
		rc = x->t.function < y->t.function ? -1 : x->t.function > y->t.function;
	return rc;
}

/* --- the table ---------------------------------------------------------------- */

struct time_unit {
	const char *heading, *total_heading;
	double ns;
	int decimals;
};

/* The largest unit that leaves the largest value at least 1. */
static struct time_unit choose_unit(uint64_t max_ns)
{
	static const struct time_unit units[] = {
		{ "tottime (s)", "cumtime (s)", 1e9, 3 },
		{ "tottime (ms)", "cumtime (ms)", 1e6, 2 },
		{ "tottime (\xce\xbcs)", "cumtime (\xce\xbcs)", 1e3, 2 },
	};

	return units[max_ns >= 1000000000 ? 0 : max_ns >= 1000000 ? 1 : 2];
}

/* A heading at the right of its column; printf counts bytes, not letters. */
static void put_heading(FILE *out, const char *heading, int width)
{
	int pad = width - (int)text_width(heading, strlen(heading));

	fprintf(out, "%*s%s  ", pad > 0 ? pad : 0, "", heading);
}

static void put_rows(FILE *out, const struct table *t, size_t n)
{
	uint64_t max_self = 0, max_total = 0;
	double whole = (double)t->totals.samples;

	for (size_t i = 0; i < n; i++) {
		if (t->rows[i].t.self_ns > max_self)
			max_self = t->rows[i].t.self_ns;
		if (t->rows[i].t.total_ns > max_total)
			max_total = t->rows[i].t.total_ns;
	}

	struct time_unit self = choose_unit(max_self), total = choose_unit(max_total);

	put_heading(out, "nsamples", 15);
	put_heading(out, "sample%", 8);
	put_heading(out, self.heading, 12);
	put_heading(out, "cumul%", 8);
	put_heading(out, total.total_heading, 12);
	fputs("filename:lineno(function)\n", out);
	for (size_t i = 0; i < n; i++) {
		const struct total *r = &t->rows[i].t;
		char counts[48];

		snprintf(counts, sizeof(counts), "%llu/%llu",
			 (unsigned long long)r->self, (unsigned long long)r->total);
		fprintf(out, "%15s  %7.1f%%  %12.*f  %7.1f%%  %12.*f  %s\n", counts,
			(double)r->self * 100 / whole, self.decimals,
			(double)r->self_ns / self.ns, (double)r->total * 100 / whole,
			total.decimals, (double)r->total_ns / total.ns,
			t->rows[i].label);
	}
}

/* How far to trust the numbers. */
static void put_trust(FILE *out, const struct profile *p)
{
	const struct profile_counts *c = &p->counts;

	fprintf(out, "%llu samples in %s",
		(unsigned long long)c->samples, unit_duration(p->duration_ns).s);
	fprintf(out, "; rate asked %s%s", p->mixed_intervals ? "differs, first " : "",
		unit_rate(profile_requested_hz(p)).s);
	fprintf(out, ", achieved %s", unit_rate(profile_achieved_hz(p)).s);
	fprintf(out, "; late %s", unit_percent((double)p->late, (double)p->ticks).s);
	fprintf(out, ", failed %s",
		unit_percent((double)c->failed, (double)c->samples).s);
	fprintf(out, ", inexact %s",
		unit_percent((double)c->inexact, (double)c->samples).s);
	fprintf(out, ", lost %llu\n", (unsigned long long)p->lost);
}

/* --- legend and summary ----------------------------------------------------- */

static const char legend[] =
	"\nLegend:\n"
	"  nsamples      direct/cumulative: samples with the function as the innermost "
	"frame /\n                anywhere on the stack, recursion counted once\n"
	"  sample%       direct samples, of all samples shown\n"
	"  tottime       time that the direct samples stand for\n"
	"  cumul%        cumulative samples, of all samples shown\n"
	"  cumtime       time that the cumulative samples stand for\n"
	"  filename:lineno(function)  where it begins, and its qualified name\n";

/* One of the three summaries: which functions, in what order, printed how. */
struct summary {
	const char *title;
	double (*value)(const struct total *t);         /* 0: leave it out */
	void (*put)(FILE *out, const struct total *t, double whole);
};

static double hot_ratio(const struct total *t)
{
	return (double)t->self / (double)t->total;
}

static double indirect(const struct total *t)
{
	return (double)(t->total - t->self);
}

static double magnification(const struct total *t)
{
	return t->self && t->total > t->self ? (double)t->total / (double)t->self : 0;
}

static void put_hot(FILE *out, const struct total *t, double whole)
{
	fprintf(out, "%.3f direct/cumulative ratio, %.1f%% direct samples: ",
		hot_ratio(t), (double)t->self * 100 / whole);
}

static void put_indirect(FILE *out, const struct total *t, double whole)
{
	fprintf(out, "%llu indirect calls, %.1f%% total stack presence: ",
		(unsigned long long)(t->total - t->self),
		(double)t->total * 100 / whole);
}

static void put_magnification(FILE *out, const struct total *t, double whole)
{
	(void)whole;
	fprintf(out, "%.1fx call magnification, %llu indirect calls from %llu direct: ",
		magnification(t), (unsigned long long)(t->total - t->self),
		(unsigned long long)t->self);
}

static const struct summary summaries[] = {
	{ "Functions with Highest Direct/Cumulative Ratio (Hot Spots)", hot_ratio,
	  put_hot },
	{ "Functions with Highest Call Frequency (Indirect Calls)", indirect,
	  put_indirect },
	{ "Functions with Highest Call Magnification (Cumulative/Direct)",
	  magnification, put_magnification },
};

/* Prints the best rows; of equal ones the more frequent, then the upper one. */
static void put_summary(FILE *out, const struct table *t, const struct summary *s)
{
	const struct row *best[SUMMARY_ROWS] = { NULL };
	double whole = (double)t->totals.samples;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *r = &t->rows[i];
		double value = s->value(&r->t);

		if (value <= 0 || (double)r->t.total * 1000 < whole * SUMMARY_PER_MILLE)
			continue;
		for (size_t k = 0; k < SUMMARY_ROWS; k++) {
			double held = best[k] ? s->value(&best[k]->t) : -1;

			if (value < held ||
			    (value == held && r->t.total <= best[k]->t.total))
				continue;
			memmove(best + k + 1, best + k,
				(SUMMARY_ROWS - 1 - k) * sizeof(*best));
			best[k] = r;
			break;
		}
	}
	fprintf(out, "\n%s:\n", s->title);
	for (size_t k = 0; k < SUMMARY_ROWS && best[k]; k++) {
		fputs("  ", out);
		s->put(out, &best[k]->t, whole);
		fprintf(out, "%s\n", best[k]->label);
	}
}

static void write_pstats(const struct report *r, FILE *out)
{
	const struct settings *s = r->settings;
	enum sort_key key = s->sort;
	struct table t;

	make_table(&t, r->profile);
	qsort_r(t.rows, t.n, sizeof(*t.rows), compare_rows, &key);
	fprintf(out, "Profile Stats (Mode: %s):\n", profile_mode_name(r->profile));
	if (r->profile->counts.samples)
		put_trust(out, r->profile);
	if (t.n)
		put_rows(out, &t, s->limit && s->limit < t.n ? s->limit : t.n);
	if (t.n && !s->no_summary) {
		fputs(legend, out);
		for (size_t i = 0; i < sizeof(summaries) / sizeof(*summaries); i++)
			put_summary(out, &t, &summaries[i]);
	}
	release_table(&t);
}

const struct output output_pstats = {
	.name = "pstats",
	.help = "table of functions: samples and time, direct and cumulative",
	.bit = OUTPUT_PSTATS,
	.write = write_pstats,
};
