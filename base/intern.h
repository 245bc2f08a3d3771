/* SPDX-License-Identifier: MIT */
/*
 * intern.h - gives equal keys equal numbers: 1, 2, 3 ... in order of first
 * appearance.
 *
 * Keys are copied.  They all have one width in bytes, or any length each.
 * Whatever is built on a table must walk it by id: the order of the hash
 * slots differs from run to run, so that nobody can prepare keys that collide.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct intern {
	size_t width;           /* bytes of every key; 0: any length */
	uint32_t limit;         /* most keys */
	uint32_t count;         /* keys held; the last id */
	struct buf keys;        /* one after the other */
	size_t *ends;           /* by id - 1: where the key ends; only if width is 0 */
	size_t ends_cap;
	uint64_t *slots;        /* id and the upper half of the key's hash; 0: empty */
	size_t nslots;          /* a power of two, or 0 */
	uint64_t seed;
};

void intern_init(struct intern *t, size_t width, uint32_t limit);
void intern_release(struct intern *t);  /* leaves an empty table of the same kind */

/* Returns the key's id, 0 if it is a new one and the table is at its limit. */
uint32_t intern_add(struct intern *t, const void *key, size_t len);

/* Borrows the key of an id from 1 to count until the next intern_add(). */
const void *intern_get(const struct intern *t, uint32_t id, size_t *len);

/* Bytes allocated. */
size_t intern_memory(const struct intern *t);

#endif
