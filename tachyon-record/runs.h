/* SPDX-License-Identifier: MIT */
/*
 * runs.h - gathers ticks into a block: what each thread did, as runs.
 *
 * The sampler only tells what changed; this fills in the ticks between.
 */
#ifndef RECORD_RUNS_H
#define RECORD_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/writer.h"

enum {
	/* A block is written when it holds so many ticks or runs. */
	RUNS_MAX_TICKS = 8192,
	RUNS_MAX_RUNS = 32768,
};

/* A thread's present state and its runs in the block being gathered. */
struct runs_thread {
	bool present;
	uint32_t stack, flags;
	uint32_t since;                 /* tick index in the block */
	uint32_t first;                 /* tick at which its runs begin */
	struct trace_run *runs;
	size_t nruns, room;
};

struct runs {
	struct runs_thread *threads;    /* by thread id of the trace; 0: the process */
	size_t nthreads, thread_room;
	struct trace_group *groups;     /* finished ones and, at the end, all */
	size_t ngroups, group_room;
	struct trace_run **owned;       /* runs of finished groups */
	size_t nowned, owned_room;
	int32_t *offset_us;
	size_t nticks, tick_room;
	struct trace_skip *skips;
	size_t nskips, skip_room;
	uint64_t interval_ns;           /* set by the owner */
	uint64_t start_ns;              /* when the block's first slot was due */
	uint64_t next_slot;
	bool began;                     /* next_slot is known */
	size_t total_runs;
};

void runs_release(struct runs *r);

/* Begins a tick; changes of this tick follow. */
void runs_tick(struct runs *r, uint64_t at_ns, uint64_t slot_ns, uint64_t slot);

/* The thread does this from the current tick on. */
void runs_set(struct runs *r, uint32_t thread, uint32_t stack, uint32_t flags);

/* The thread is not there any more, from the current tick on. */
void runs_remove(struct runs *r, uint32_t thread);

bool runs_is_full(const struct runs *r);

/* Completes the block's fields but process, interval and known. */
void runs_finish(struct runs *r, struct trace_block *block);

/* After the block was written: threads go on as they are. */
void runs_restart(struct runs *r);

/* Every thread is absent from the current tick on, unless it is set again. */
void runs_remove_all(struct runs *r);

/* Forgets the threads, too; for a written block, when ids start again. */
void runs_forget(struct runs *r);

#endif
