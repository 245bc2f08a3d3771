/* SPDX-License-Identifier: MIT */
/*
 * profile.h - what one or several traces mean.
 *
 * Objects go in, in order; out come the functions and stacks that ran, how
 * many samples and how much time each has, and how far that can be trusted.
 * Memory grows with distinct stacks, not with samples.  A sample is what one
 * tick says of one thread.  The filter applies to sites; the counts that tell
 * how good the recording is are always of everything.
 *
 * The structs are plain data to be read by the outputs; profile.c writes them.
 */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include "base/intern.h"
#include "format/trace.h"
#include "profile/clock.h"
#include "profile/filter.h"
#include "profile/symbols.h"

struct err;

enum { PROFILE_NSTATES = 6 };           /* bits of TRACE_STATE_FLAGS */

/* Samples of one stack in one thread that passed the filter. */
struct profile_site {
	uint32_t thread, stack;         /* stack 0: no Python frame */
	uint32_t part;                  /* of one more sample, in units of 2^-32 */
	uint64_t samples, ns;
};

struct profile_counts {
	uint64_t samples, failed, inexact;
	uint64_t empty;                 /* not failed, but no Python frame */
	uint64_t unknown;               /* the filter's mode could not be decided */
	uint64_t omitted;               /* not in the mode that was recorded */
	uint64_t ns;
	uint64_t state[PROFILE_NSTATES];        /* samples that have the flag */
	uint64_t state_known[PROFILE_NSTATES];  /* samples of which it is known */
	/* Neither on a CPU nor holding or awaiting the GIL. */
	uint64_t idle, idle_known;
};

struct profile_thread {
	uint32_t process;
	uint64_t tid, python_id, interpreter;
	uint32_t name;                  /* string */
	bool is_main;
	uint64_t cpu_ns;                /* on a CPU by the kernel's account; 0: none */
	struct profile_counts counts;
};

struct profile_process {
	uint32_t pid, ppid, python;
	uint64_t start_ns;
	uint32_t *argv, argc;           /* strings */
	uint32_t exe, build;            /* strings */
	bool free_threaded;
	uint64_t ticks, tick_ns;        /* tick_ns: what its ticks stand for */
	struct clock_chain chain;
	uint64_t recording;             /* segment of its last block */
	uint32_t *last_sites;           /* sites of the last tick; 0: dropped */
	uint32_t *last_threads;
	size_t nlast, last_sites_cap, last_threads_cap;
	uint64_t *last_weights;         /* of those sites, LOGICAL_WHOLE: all of it */
	size_t last_weights_cap;
};

/* Texts of the first header, in the order of profile_fact_keys. */
enum { PROFILE_NFACTS = 8 };
extern const char *const profile_fact_keys[PROFILE_NFACTS];

/* Counters of the recorder, in the order of the keys, summed over recordings. */
enum { PROFILE_CPU_NS, PROFILE_READS, PROFILE_BYTES_READ, PROFILE_MEMORY_BYTES,
       PROFILE_NCOUNTERS };
extern const char *const profile_counter_keys[PROFILE_NCOUNTERS];

/* Tasks of asyncio, whether they are shown or not. */
struct profile_tasks {
	uint64_t tasks;                 /* that were seen */
	uint64_t samples;               /* of tasks: each task at each tick */
	uint64_t running, inexact, failed;      /* of those */
	bool recorded, recorded_all;    /* in which modes there are recordings */
};

struct profile {
	struct symbols symbols;
	const struct filter *filter;    /* borrowed */

	struct intern site_keys;        /* thread, stack */
	struct profile_site *sites;     /* by id - 1 */
	size_t nsites, sites_cap;
	struct intern thread_keys;
	struct profile_thread *threads; /* by id - 1 */
	size_t threads_cap;
	struct intern process_keys;
	struct profile_process *processes;      /* by id - 1 */
	size_t processes_cap;

	uint64_t ticks, late, missed, lost, paused;
	uint64_t missed_most;           /* slots in a row */
	struct profile_counts counts;   /* of all threads */
	uint64_t failed_by[16];         /* by enum trace_reason */
	struct profile_tasks tasks;
	uint64_t interval_ns;           /* of the first block */
	bool mixed_intervals;
	uint64_t duration_ns;           /* first to last tick, without breaks */
	uint64_t recordings, unfinished;        /* headers, and those without an end */
	uint32_t end_reason;            /* of the last end, 0: none */
	uint32_t end_text;              /* string */
	uint64_t first_wall_ns;         /* when the first recording began */
	uint32_t facts[PROFILE_NFACTS]; /* strings, 0: not there */
	unsigned modes;                 /* of recordings: 1 << index in trace_modes */
	uint64_t counters[PROFILE_NCOUNTERS];
	bool has_counters;

	struct profile_state *state;    /* profile.c's, of the segment being read */
};

/* The filter must outlive the profile. */
void profile_init(struct profile *p, const struct filter *filter);
void profile_release(struct profile *p);

/* Takes one object.  -E2BIG when the profile cannot hold more. */
int profile_add(struct profile *p, const struct trace_object *o, struct err *err);

/* No more objects come: accounts for the last ticks, applies thread filters. */
void profile_finish(struct profile *p);

/* Ticks per second while there were any; requested and achieved. */
double profile_requested_hz(const struct profile *p);
double profile_achieved_hz(const struct profile *p);

/* The mode that a profile shows: the one asked for, else what was recorded. */
const char *profile_mode_name(const struct profile *p);

/* A mode in which only other samples were recorded than are asked for; NULL. */
const char *profile_other_mode(const struct profile *p);

uint64_t profile_unobserved_ns(const struct profile *p);

#endif
