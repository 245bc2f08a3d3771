/* SPDX-License-Identifier: MIT */
#include "profile/cpu_time.h"

#include <stdlib.h>

#include "base/mem.h"

void cpu_time_release(struct cpu_time *t)
{
	free(t->parts);
	*t = (struct cpu_time){ 0 };
}

void cpu_time_add(struct cpu_time *t, uint32_t site, uint64_t ns, uint64_t sampled_ns)
{
	t->sampled_ns += sampled_ns;
	if (!site || !ns)
		return;
	if (t->n && t->parts[t->n - 1].site == site) {
		t->parts[t->n - 1].ns += ns;
		return;
	}
	t->parts = mem_grow(t->parts, &t->cap, t->n + 1, sizeof(*t->parts));
	t->parts[t->n++] = (struct cpu_time_part){ site, ns };
}

/* Gives out total_ns in the proportion of the parts. */
static void give_out(struct cpu_time *t, uint64_t total_ns, cpu_time_fn *fn, void *arg)
{
	uint64_t before = 0, given = 0;

	/* Of running sums, so that no remainder is lost. */
	for (size_t i = 0; i < t->n; i++) {
		uint64_t upto;

		before += t->parts[i].ns;
		upto = (uint64_t)((unsigned __int128)before * total_ns / t->sampled_ns);
		fn(arg, t->parts[i].site, upto - given);
		given = upto;
	}
	t->n = 0;
	t->sampled_ns = 0;
}

void cpu_time_account(struct cpu_time *t, uint64_t exact_ns, cpu_time_fn *fn, void *arg)
{
	if (!t->sampled_ns) {
		t->carry_ns += exact_ns;
		return;
	}
	give_out(t, exact_ns + t->carry_ns, fn, arg);
	t->carry_ns = 0;
}

void cpu_time_finish(struct cpu_time *t, cpu_time_fn *fn, void *arg)
{
	if (t->sampled_ns)
		give_out(t, t->sampled_ns, fn, arg);
	t->carry_ns = 0;
}
