/* SPDX-License-Identifier: MIT */
/*
 * asyncio_find.h - has the target imported asyncio, and where is what it says
 * of itself?
 *
 * Files of the target are opened, so this is not for the sampling thread.
 */
#ifndef RECORD_ASYNCIO_FIND_H
#define RECORD_ASYNCIO_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "tachyon-record/cpython/asyncio_layout.h"
#include "tachyon-record/target.h"

/* Zeros at first; remembers when it is worth to look again. */
struct asyncio_search {
	uint64_t next_ns, pause_ns;
	bool found;
};

/* Can the tasks of such a Python be read, once it has imported asyncio? */
bool asyncio_is_readable(const struct target *t);

/* True once, when the module has been found; then *l is filled. */
bool asyncio_find(struct asyncio_search *s, struct target *t, struct asyncio_layout *l,
		  uint64_t now_ns);

#endif
