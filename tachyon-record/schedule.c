/* SPDX-License-Identifier: MIT */
#include "tachyon-record/schedule.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	/* Ticks that follow one another closely are not spread in their slots. */
	SPREAD_MIN_NS = 20000,
	/* A sleep is cut into parts, so that a stop is noticed. */
	SLEEP_PART_NS = 20000000,
	/*
	 * The shortest slice that the kernel grants (sched(7)): who asks for less
	 * time than the thread on the CPU is let in front of it on waking up.
	 */
	SLICE_NS = 100000,
};

void schedule_urgently(void)
{
	struct sched_attr attr = { .size = sizeof(attr) };

	prctl(PR_SET_TIMERSLACK, 1UL);
	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0 ||
	    attr.sched_policy != SCHED_NORMAL)
		return;
	attr.sched_runtime = SLICE_NS;
	syscall(SYS_sched_setattr, 0, &attr, 0);
}

void schedule_begin(struct schedule *s, uint64_t slot)
{
	s->slot = slot;
	s->now = (struct moment){ .slot_ns = clock_now() };
}

/* Sleeps to the deadline or the end of all; false when it is time to stop. */
static bool wait_until(const struct schedule *s, uint64_t deadline_ns)
{
	if (s->end_ns && deadline_ns > s->end_ns)
		deadline_ns = s->end_ns;
	for (;;) {
		uint64_t now = clock_now(), until = deadline_ns;
		struct timespec ts;

		if (atomic_load_explicit(s->stop, memory_order_relaxed))
			return false;
		if (now >= deadline_ns)
			return true;
		if (deadline_ns - now > SLEEP_PART_NS)
			until = now + SLEEP_PART_NS;
		ts.tv_sec = (time_t)(until / 1000000000);
		ts.tv_nsec = (long)(until % 1000000000);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
}

/*
 * When in its slot a tick is taken.  Any regular sequence keeps step with some
 * program and sees one part of it too often; a scrambled count (the finalizer
 * of splitmix64) fits nothing.
 */
static uint64_t offset_in_slot(uint64_t slot, uint64_t interval_ns)
{
	uint64_t h = (slot + 1) * UINT64_C(0x9e3779b97f4a7c15);

	if (interval_ns < SPREAD_MIN_NS)
		return 0;
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	h ^= h >> 31;
	return (uint64_t)((unsigned __int128)h * interval_ns >> 64);
}

/* Leaves out the slots whose time went by, if the tick is an interval late. */
static uint64_t catch_up(struct schedule *s)
{
	struct moment *now = &s->now;
	uint64_t slots;

	if (now->at_ns < now->due_ns + s->interval_ns)
		return 0;
	slots = (now->at_ns - now->due_ns) / s->interval_ns;
	s->slot += slots;
	now->slot_ns += slots * s->interval_ns;
	now->due_ns += slots * s->interval_ns;
	return slots;
}

bool schedule_next(struct schedule *s, uint64_t *skipped)
{
	struct moment *now = &s->now;

	now->slot_ns += s->interval_ns;
	s->slot++;
	now->due_ns = now->slot_ns + offset_in_slot(s->slot, s->interval_ns);
	if (!wait_until(s, now->due_ns))
		return false;
	now->at_ns = clock_now();
	*skipped = catch_up(s);
	return true;
}
