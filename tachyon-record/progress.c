/* SPDX-License-Identifier: MIT */
#include "tachyon-record/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/unit.h"

enum {
	LINE_NS = 200000000,
	STATISTICS_NS = 1000000000,
};

static uint64_t get(atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static double rate(uint64_t ticks, uint64_t ns)
{
	return ns ? (double)ticks * 1e9 / (double)ns : 0;
}

static void show_line(struct progress *p, struct sampler_counts *c, uint64_t now_ns)
{
	uint64_t elapsed = now_ns - p->began_ns, ticks = get(&c->ticks);
	struct unit_text of = unit_duration(p->duration_ns);

	fprintf(stderr, "\r\033[Krecording: %s%s%s, %" PRIu64 " ticks, %s, %" PRIu64 " failed",
		unit_duration(elapsed).s, p->duration_ns ? " of " : "",
		p->duration_ns ? of.s : "", ticks, unit_rate(rate(ticks, elapsed)).s,
		get(&c->failed));
	fflush(stderr);
	p->shown = true;
	p->shown_ns = now_ns;
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

static void show_statistics(struct progress *p, struct sampler_counts *c, uint64_t now_ns)
{
	uint64_t ticks = get(&c->ticks), busy = get(&c->busy_ns);
	uint64_t in = ticks - p->ticks_before, ns = now_ns - p->statistics_ns;
	uint64_t longest = atomic_exchange(&c->longest_ns, 0);
	uint64_t shortest = atomic_exchange(&c->shortest_ns, UINT64_MAX);

	progress_clear(p);
	fprintf(stderr, "rate %s of %s asked; between ticks %s to %s, mean %s; a tick costs %s; "
		"%" PRIu64 " late, %" PRIu64 " failed, %" PRIu64 " inexact, %" PRIu64 " lost\n",
		unit_rate(rate(in, ns)).s, unit_rate(rate(1, p->interval_ns)).s,
		unit_duration(shortest == UINT64_MAX ? 0 : shortest).s, unit_duration(longest).s,
		unit_duration(in ? ns / in : 0).s,
		unit_duration(in ? (busy - p->busy_before) / in : 0).s,
		get(&c->late), get(&c->failed), get(&c->inexact), get(&c->lost));
	p->ticks_before = ticks;
	p->busy_before = busy;
	p->statistics_ns = now_ns;
}

void progress_update(struct progress *p, struct sampler_counts *counts, uint64_t now_ns)
{
	if (p->statistics && now_ns - p->statistics_ns >= STATISTICS_NS)
		show_statistics(p, counts, now_ns);
	if (p->line && now_ns - p->shown_ns >= LINE_NS)
		show_line(p, counts, now_ns);
}

void progress_summary(struct progress *p, struct sampler_counts *counts, uint64_t end_ns,
		      const char *output, uint64_t bytes)
{
	uint64_t elapsed = end_ns - p->began_ns, ticks = get(&counts->ticks);

	progress_clear(p);
	if (p->statistics && end_ns > p->statistics_ns)
		show_statistics(p, counts, end_ns);
	if (!p->summary)
		return;
	fprintf(stderr, "recorded %" PRIu64 " ticks in %s (%s of %s asked; %" PRIu64 " late, %"
		PRIu64 " failed, %" PRIu64 " inexact, %" PRIu64 " lost) to %s, %s\n",
		ticks, unit_duration(elapsed).s, unit_rate(rate(ticks, elapsed)).s,
		unit_rate(rate(1, p->interval_ns)).s, get(&counts->late),
		get(&counts->failed), get(&counts->inexact), get(&counts->lost), output,
		unit_bytes(bytes).s);
}
