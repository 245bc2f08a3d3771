/* SPDX-License-Identifier: MIT */
/*
 * slots.h - the index of a hash table: numbers of entries, open addressing
 * with linear probing.
 *
 * The entries and what makes them equal are the user's; they are numbered
 * from 1.  The index is never more than half full and grows by doubling, so a
 * small table touches little memory.
 */
#ifndef BASE_SLOTS_H
#define BASE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slots {
	uint32_t *v;            /* numbers, 0: free */
	size_t n;               /* a power of two */
};

/* The hash of entry number i. */
typedef uint64_t slots_hash_fn(const void *arg, uint32_t i);

bool slots_init(struct slots *s);       /* false: out of memory */
void slots_release(struct slots *s);    /* zeros are allowed */
void slots_clear(struct slots *s);

/*
 * Makes room for entry number next; entries up to the one before are there.
 * Places change.  False, and nothing changed, if there is no memory for it.
 */
bool slots_make_room(struct slots *s, uint32_t next, slots_hash_fn *hash, const void *arg);

/* Where a probe begins, and goes on. */
static inline size_t slots_first(const struct slots *s, uint64_t hash)
{
	return (size_t)hash & (s->n - 1);
}

static inline size_t slots_next(const struct slots *s, size_t slot)
{
	return (slot + 1) & (s->n - 1);
}

#endif
