/* SPDX-License-Identifier: MIT */
#include "profile/sites.h"

#include <stdlib.h>

#include "base/mem.h"
#include "profile/state.h"

enum {
	/* Accounts of CPU time come several times a second, or not at all. */
	MAX_CPU_PARTS = 1 << 16,
};

/* Brings the filter's bits of functions and stacks up to date. */
static void mark_stacks(struct profile *p)
{
	struct profile_state *st = p->state;
	const struct symbols *s = &p->symbols;

	st->function_bits = mem_grow(st->function_bits, &st->function_bits_cap,
				     (size_t)s->functions.count + 1, 1);
	st->stack_bits = mem_grow(st->stack_bits, &st->stack_bits_cap,
				  (size_t)s->stacks.count + 1, 1);
	st->function_bits[0] = st->stack_bits[0] = 0;
	while (st->nfunction_bits < s->functions.count) {
		struct trace_function f = symbols_function(s, ++st->nfunction_bits);

		st->function_bits[st->nfunction_bits] = (uint8_t)filter_frame(
			p->filter, symbols_string(s, f.name),
			symbols_string(s, f.file));
	}
	while (st->nstack_bits < s->stacks.count) {
		uint32_t id = ++st->nstack_bits;

		st->stack_bits[id] = st->stack_bits[symbols_stack(s, id).parent] |
				     st->function_bits[symbols_leaf_function(s, id)];
	}
}

/* The site of a stack in a sample whose state passes: 0 if the stack does not. */
static uint32_t find_site(struct profile *p, uint32_t thread, uint32_t stack, uint32_t flags)
{
	const struct filter *f = p->filter;

	/* While the collector runs Python code it is among the frames already. */
	if ((flags & TRACE_GC) && !f->hide_gc && !symbols_in_gc(&p->symbols, stack))
		stack = symbols_synthetic(&p->symbols, stack, TRACE_MARKER_GC);
	else if ((flags & TRACE_NATIVE) && p->symbols.show_native)
		stack = symbols_synthetic(&p->symbols, stack, TRACE_MARKER_NATIVE);
	if (f->has_focus || f->has_ignore) {
		mark_stacks(p);
		if (!filter_has_stack(f, p->state->stack_bits[stack]))
			return 0;
	}

	const uint32_t key[2] = { thread, stack };
	uint32_t id = intern_add(&p->site_keys, key, sizeof(key));

	if (id > p->nsites) {
		p->sites = mem_grow(p->sites, &p->sites_cap, id, sizeof(*p->sites));
		p->sites[id - 1] = (struct profile_site){ .thread = thread,
							  .stack = stack };
		p->nsites = id;
	}
	return id;
}

void profile_give_time(void *arg, uint32_t site, uint64_t ns)
{
	struct profile *p = arg;

	p->sites[site - 1].ns += ns;
}

/*
 * A site's time between ticks, of sampled_ns that its run took.  In the mode
 * cpu it is the kernel that says how much that was.
 */
void profile_add_time(struct profile *p, uint32_t thread, uint32_t site, uint64_t ns,
		     uint64_t sampled_ns)
{
	struct cpu_time *t;

	if (p->state->mode->flag != TRACE_ON_CPU || !thread) {
		if (site)
			profile_give_time(p, site, ns);
		return;
	}
	t = &p->state->cpu_times[thread - 1];
	cpu_time_add(t, site, ns, sampled_ns);
	if (t->n > MAX_CPU_PARTS)
		cpu_time_finish(t, profile_give_time, p);
}

uint64_t profile_part(uint64_t ns, uint64_t weight)
{
	return (uint64_t)((unsigned __int128)ns * weight >> 32);
}

static void add_parts(struct profile_site *s, uint64_t parts)
{
	uint64_t part = s->part + (parts & (LOGICAL_WHOLE - 1));

	s->samples += (parts >> 32) + (part >> 32);
	s->part = (uint32_t)part;
}

uint32_t profile_credit(struct profile *p, const struct profile_stretch *s)
{
	uint32_t site = 0;

	if (s->flags & (TRACE_FAILED | TRACE_OMITTED) ||
	    trace_mode_verdict(p->state->mode, s->flags, s->known) != TRACE_KEEP)
		return 0;
	if (s->ticks)
		site = find_site(p, s->thread, s->stack, s->flags);
	if (site)
		add_parts(&p->sites[site - 1], s->ticks * s->weight);
	profile_add_time(p, s->thread, site, profile_part(s->ns, s->weight),
			 profile_part(s->all_ns, s->weight));
	return site;
}

static int by_part(const void *a, const void *b)
{
	const struct profile_site *x = *(struct profile_site *const *)a;
	const struct profile_site *y = *(struct profile_site *const *)b;

	if (x->part != y->part)
		return x->part > y->part ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Parts of samples become whole ones where most of one is, so that the sum is right. */
void profile_round_parts(struct profile *p)
{
	struct profile_site **parted = mem_alloc(p->nsites, sizeof(struct profile_site *));
	uint64_t sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->nsites; i++)
		if (p->sites[i].part) {
			parted[n++] = &p->sites[i];
			sum += p->sites[i].part;
		}
	if (n)
		qsort(parted, n, sizeof(struct profile_site *), by_part);
	sum = (sum + LOGICAL_WHOLE / 2) >> 32;
	for (size_t i = 0; i < n && i < sum; i++)
		parted[i]->samples++;
	free(parted);
}
