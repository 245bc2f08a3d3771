/* SPDX-License-Identifier: MIT */
/*
 * sites.h - how samples reach the sites of a profile; profile/'s own.
 */
#ifndef PROFILE_SITES_H
#define PROFILE_SITES_H

#include <stdint.h>

struct profile;

/* Ticks in a row of one thread, or of one task in it, that look the same. */
struct profile_stretch {
	uint32_t thread, stack;         /* ids of the profile */
	uint32_t flags, known;          /* as in the trace */
	uint32_t ticks;                 /* that the filter leaves */
	uint64_t ns;                    /* their time */
	uint64_t all_ns;                /* with the ticks that the filter does not leave */
	uint64_t weight;                /* LOGICAL_WHOLE, or a part */
};

/* Gives them to their site, which is returned; 0 if the filter drops them. */
uint32_t profile_credit(struct profile *p, const struct profile_stretch *s);

/* Time that a site had in a thread; all_ns: with what the filter does not leave. */
void profile_add_time(struct profile *p, uint32_t thread, uint32_t site, uint64_t ns,
		      uint64_t all_ns);
void profile_give_time(void *profile, uint32_t site, uint64_t ns);

/* A part of some time: LOGICAL_WHOLE is all of it. */
uint64_t profile_part(uint64_t ns, uint64_t weight);

/* Parts of samples become whole ones where most of one is, so that the sum is right. */
void profile_round_parts(struct profile *p);

/* The profile's id of a thread of the segment. */
uint32_t profile_thread_of(const struct profile *p, uint32_t thread);

#endif
