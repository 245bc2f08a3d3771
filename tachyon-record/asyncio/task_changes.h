/* SPDX-License-Identifier: MIT */
/*
 * task_changes.h - what the writer thread is told of tasks; tasks.c's own half.
 *
 * Changes are gathered and pushed in parts.  When the ring is full t->failed
 * says so, and the tick is lost.
 */
#ifndef RECORD_TASK_CHANGES_H
#define RECORD_TASK_CHANGES_H

#include "tachyon-record/asyncio/task_table.h"

/* Tells the writer of a task before the first change that names it. */
void task_announce(struct tasks *t, struct task *task);

/* Tells what the task does, if that is not known, or with all_over. */
void task_send(struct tasks *t, struct task *task, bool all_over);

/* The task is not part of the picture any more. */
void task_withdraw(struct tasks *t, struct task *task);

/* It is not there any more; its number is free once the writer knows. */
void task_take_back(struct tasks *t, struct task *task);

/* Hands over the changes that were gathered. */
void task_changes_push(struct tasks *t);

/* The tick is lost. */
void task_changes_clear(struct tasks *t);

/* The tick was pushed. */
void task_changes_commit(struct tasks *t);

#endif
