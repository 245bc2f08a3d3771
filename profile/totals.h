/* SPDX-License-Identifier: MIT */
/*
 * totals.h - how much each function ran itself, and how much it was on the
 * stack.
 */
#ifndef PROFILE_TOTALS_H
#define PROFILE_TOTALS_H

#include <stddef.h>
#include <stdint.h>

struct profile;

/*
 * Where opcodes are shown, what a function does as the leaf is in a row for
 * each opcode, and the row without one has the rest of it.
 */
struct total {
	uint32_t function;              /* id of the profile's symbols */
	uint32_t opcode;                /* the same, 0: none */
	uint64_t self, self_ns;         /* samples and time as the leaf */
	uint64_t total, total_ns;       /* anywhere on it, once for each sample */
};

struct totals {
	struct total *rows;             /* functions that appear, by id */
	size_t n;
	uint64_t samples, ns;           /* of all stacks that are not empty */
};

/* Sums the sites of a finished profile. */
void totals_init(struct totals *t, const struct profile *p);
void totals_release(struct totals *t);

#endif
