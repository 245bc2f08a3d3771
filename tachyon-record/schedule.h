/* SPDX-License-Identifier: MIT */
/*
 * schedule.h - when ticks are taken.
 *
 * Time is cut into slots of one interval.  Each slot has one tick at a place
 * in it that looks random, because ticks at equal distances keep step with a
 * program whose rounds happen to fit.  Slots whose time went by are left out.
 */
#ifndef RECORD_SCHEDULE_H
#define RECORD_SCHEDULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A tick's place in time, all CLOCK_MONOTONIC. */
struct moment {
	uint64_t slot_ns;               /* when its slot began */
	uint64_t due_ns;                /* when it was to be taken */
	uint64_t at_ns;                 /* when it was taken */
};

struct schedule {
	uint64_t interval_ns;
	uint64_t end_ns;                /* no tick is waited for beyond it; 0: no end */
	const atomic_bool *stop;        /* makes schedule_next() return soon */
	uint64_t slot;                  /* the present one, from 0 */
	struct moment now;              /* of the tick that is being taken */
};

/*
 * Asks the kernel that this thread need not wait for what has a CPU when it
 * wakes up.  Without that right, or before Linux 6.12, all stays as it is.
 */
void schedule_urgently(void);

/* The first slot begins now, behind slot number slot. */
void schedule_begin(struct schedule *s, uint64_t slot);

/*
 * Sleeps until the next tick is due and says in *skipped how many slots were
 * left out in front of it; false when it is time to stop.
 */
bool schedule_next(struct schedule *s, uint64_t *skipped);

#endif
