/* SPDX-License-Identifier: MIT */
/*
 * task_modules.h - the tasks that the modules of Python list, where threads
 * do not list them; tasks.c's own half.
 */
#ifndef RECORD_TASK_MODULES_H
#define RECORD_TASK_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "tachyon-record/remote.h"

struct task_owner;
struct tasks;

/* The task that the thread with an ident runs; 0: none. */
raddr task_modules_running(struct tasks *t, raddr interp, uint64_t ident, uint64_t now_ns);

/* Puts the tasks of an owner into t->listed; false: not all of them. */
bool task_modules_list(struct tasks *t, const struct task_owner *o, uint64_t now_ns);

void task_modules_release(struct tasks *t);

#endif
