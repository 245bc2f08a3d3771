/* SPDX-License-Identifier: MIT */
/* clock.c - time for ticks, from when they were taken. */
#include "profile/clock.h"

/* A hostile interval may be any number of 64 bits. */
static uint64_t longest_half(uint64_t interval_ns)
{
	if (interval_ns > UINT64_MAX / CLOCK_CAP_INTERVALS)
		return UINT64_MAX;

	uint64_t cap = interval_ns * CLOCK_CAP_INTERVALS;

	return cap > CLOCK_CAP_NS ? cap : CLOCK_CAP_NS;
}

static uint64_t capped(struct clock_chain *c, uint64_t half_ns)
{
	uint64_t cap = longest_half(c->interval_ns);

	if (half_ns <= cap)
		return half_ns;
	c->unobserved_ns += half_ns - cap;
	return cap;
}

/* Splits the gap up to the next tick; returns what belongs to the last one. */
static uint64_t step(struct clock_chain *c, uint64_t at_ns)
{
	/* Times of ticks that caught up may be a microsecond out of order. */
	uint64_t gap = at_ns > c->last_ns ? at_ns - c->last_ns : 0;
	uint64_t right = capped(c, gap / 2);

	if (c->lone)
		right *= 2;
	c->left_ns = capped(c, gap - gap / 2);
	c->lone = false;
	c->last_ns = at_ns;
	return right;
}

static void start(struct clock_chain *c, uint64_t at_ns)
{
	c->started = c->lone = true;
	c->last_ns = at_ns;
	c->left_ns = 0;
}

uint64_t clock_finish(struct clock_chain *c)
{
	uint64_t rest = c->lone ? c->interval_ns : c->left_ns;

	if (!c->started)
		return 0;
	c->started = false;
	return rest;
}

uint64_t clock_block(struct clock_chain *c, const struct trace_samples *s,
		     bool new_recording, uint64_t *sums)
{
	const uint64_t *at = s->at_ns;
	uint64_t before = 0;

	if (c->started && new_recording &&
	    (at[0] < c->last_ns ||
	     (at[0] - c->last_ns) / 2 > longest_half(c->interval_ns)))
		before = clock_finish(c);
	c->interval_ns = s->block.interval_ns;
	if (c->started)
		before = step(c, at[0]);
	else
		start(c, at[0]);

	sums[0] = 0;
	for (uint32_t k = 0; k < s->block.nticks; k++) {
		uint64_t left = c->left_ns;
		uint64_t right = k + 1 < s->block.nticks ? step(c, at[k + 1]) : 0;

		sums[k + 1] = sums[k] + left + right;
	}
	return before;
}
