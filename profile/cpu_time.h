/* SPDX-License-Identifier: MIT */
/*
 * cpu_time.h - the time on a CPU that each sample of a thread stands for.
 *
 * Samples tell where a thread spent its time on a CPU.  How much it was the
 * kernel has counted, in TRACE_CPU objects: what was sampled since the object
 * before is stretched or shrunk to that.  So neither late ticks nor a kernel
 * that takes ready for running change the sum.  Without such an object
 * samples stand for the time between ticks, as all others do.
 */
#ifndef PROFILE_CPU_TIME_H
#define PROFILE_CPU_TIME_H

#include <stddef.h>
#include <stdint.h>

/* Of one thread, since its last account; zeros at first. */
struct cpu_time {
	struct cpu_time_part {
		uint32_t site;          /* 0: one that a filter leaves out */
		uint64_t ns;            /* by the distance of ticks */
	} *parts;
	size_t n, cap;
	uint64_t sampled_ns;            /* of all samples, whatever part of them counts */
	uint64_t carry_ns;              /* accounted for, but nothing was sampled then */
};

/* Called for each part with the time that it stands for. */
typedef void cpu_time_fn(void *arg, uint32_t site, uint64_t ns);

void cpu_time_release(struct cpu_time *t);

/* Samples on a CPU took sampled_ns, of which ns belong to the site. */
void cpu_time_add(struct cpu_time *t, uint32_t site, uint64_t ns, uint64_t sampled_ns);

/* By the kernel's account it was exact_ns since the account before. */
void cpu_time_account(struct cpu_time *t, uint64_t exact_ns, cpu_time_fn *fn, void *arg);

/* No account comes for what was added since the last one. */
void cpu_time_finish(struct cpu_time *t, cpu_time_fn *fn, void *arg);

#endif
