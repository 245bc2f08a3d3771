/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - what a file is that somebody took for a trace.
 */
#ifndef FORMAT_FOREIGN_H
#define FORMAT_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum { FOREIGN_BYTES = 16 };    /* as many bytes always decide */

/*
 * Returns 1 if the bytes begin a zstd frame, 0 if more are needed to tell
 * (never when complete says that there are no more), or -EINVAL with a
 * sentence that says what it is and what to do.
 */
int foreign_check(const void *bytes, size_t len, bool complete, struct err *err);

#endif
