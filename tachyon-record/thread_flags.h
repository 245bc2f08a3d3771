/* SPDX-License-Identifier: MIT */
/*
 * thread_flags.h - the states of a thread at a tick, as flags of a sample.
 *
 * They are made of what the tick has read and of what the kernel knows.  What
 * cannot be told has its unknown bit set; it is never taken for "no".
 */
#ifndef RECORD_THREAD_FLAGS_H
#define RECORD_THREAD_FLAGS_H

#include <stdint.h>

#include "tachyon-record/roster.h"

/*
 * The TRACE_STATE_FLAGS of a thread that was looked at, with unknown bits.
 * as_of_ns (CLOCK_MONOTONIC) is when the tick was due; see
 * kernel_state_update().
 */
uint32_t thread_flags(const struct roster *r, struct thread *t, uint64_t as_of_ns);

#endif
