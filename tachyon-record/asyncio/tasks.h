/* SPDX-License-Identifier: MIT */
/*
 * tasks.h - the asyncio tasks of the threads that are sampled.
 *
 * A task runs when a frame of its coroutine is part of its thread's stack, as
 * that was read: stack and task cannot disagree.  Suspended tasks are read
 * when their thread may have run; what a task looks like is believed when two
 * reads agree, of which one may be that of an earlier tick, and is flagged
 * inexact otherwise.  A task that is found executing without being that of
 * the stack has been resumed after the stack was read, and stays as it was.
 *
 * Memory grows with the tasks that there are at a time.
 */
#ifndef RECORD_TASKS_H
#define RECORD_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "tachyon-record/cpython/asyncio_layout.h"
#include "tachyon-record/ring.h"
#include "tachyon-record/roster.h"

struct tasks;

enum tasks_status {
	TASKS_OK,
	TASKS_NO_ROOM,                  /* the ring is full: the tick is lost */
	TASKS_FULL,                     /* a table is full: start a segment */
};

/* all: suspended tasks, too; else those that run and who waits for them. */
struct tasks *tasks_new(struct target *target, struct ring *ring, bool all);
void tasks_free(struct tasks *t);       /* NULL is allowed */

/* asyncio has been imported; from any thread, once. */
void tasks_found(struct tasks *t, const struct asyncio_layout *layout);

/* Adds what tells which task a thread runs to the plan of a tick. */
void tasks_plan(struct tasks *t, struct thread *th, struct snapshot *s);

/*
 * After the threads were read: tells the writer what tasks do.  With all_over
 * every task that is there is told of, not just those that changed.
 */
enum tasks_status tasks_tick(struct tasks *t, const struct roster *roster,
			     struct unwind_context *c, const struct snapshot *s,
			     bool all_over);

/* The tick was pushed. */
void tasks_commit(struct tasks *t);

/* A thread has left. */
void tasks_thread_left(struct tasks *t, const struct thread *th);

/* Nodes start again: a new segment has begun. */
void tasks_forget(struct tasks *t);

#endif
