/* SPDX-License-Identifier: MIT */
/*
 * task_running.h - which task is it whose coroutine a thread's stack stands on?
 */
#ifndef RECORD_TASK_RUNNING_H
#define RECORD_TASK_RUNNING_H

#include "tachyon-record/asyncio/task_table.h"
#include "tachyon-record/unwind.h"

/*
 * The task of which the stack of the thread's sample is a part, and where in it
 * (o->base, o->chain); NULL: none.  named: the one that the thread's loop names.
 */
struct task *task_running(struct tasks *t, struct task_owner *o, const struct thread *th,
			  const struct unwind_context *c, raddr named);

#endif
