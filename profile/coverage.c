/* SPDX-License-Identifier: MIT */
/* coverage.c - the union of spans of time, to the precision of their hull. */
#include "profile/coverage.h"

static void extend(struct coverage_span *s, uint64_t from_ns, uint64_t to_ns)
{
	if (!s->started || from_ns < s->from_ns)
		s->from_ns = from_ns;
	if (!s->started || to_ns > s->to_ns)
		s->to_ns = to_ns;
	s->started = true;
}

void coverage_add(struct coverage *c, uint64_t from_ns, uint64_t to_ns)
{
	/* The clock of a hostile trace may run backwards or wrap. */
	extend(&c->segment, from_ns, to_ns < from_ns ? from_ns : to_ns);
}

void coverage_close_segment(struct coverage *c)
{
	const struct coverage_span *s = &c->segment, *all = &c->all;

	if (!s->started)
		return;
	if (!all->started || s->from_ns > all->to_ns || s->to_ns < all->from_ns) {
		c->total_ns += s->to_ns - s->from_ns;
	} else {
		if (s->from_ns < all->from_ns)
			c->total_ns += all->from_ns - s->from_ns;
		if (s->to_ns > all->to_ns)
			c->total_ns += s->to_ns - all->to_ns;
	}
	extend(&c->all, s->from_ns, s->to_ns);
	c->segment.started = false;
}
