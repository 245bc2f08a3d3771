/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - many ranges of the target's memory in one read.
 *
 * Ranges are read in the order in which they were added, into one buffer.
 * A caller adds what it expects to need, reads once, and looks at the copy;
 * what was not foreseen is found missing, never guessed.
 */
#ifndef RECORD_SNAPSHOT_H
#define RECORD_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tachyon-record/remote.h"

struct snapshot {
	struct iovec *ranges;
	size_t *at;                     /* place of each range in the copy */
	unsigned n, room;
	char *copy;
	size_t len, size;               /* bytes planned, bytes allocated */
	size_t got;                     /* bytes that arrived, from the first range on */
	uint64_t took_ns;               /* from before the first byte to after the last */
};

void snapshot_release(struct snapshot *s);
void snapshot_reset(struct snapshot *s);

/* Adds a range and returns its index. */
unsigned snapshot_add(struct snapshot *s, raddr from, size_t len);

enum read_status snapshot_read(struct snapshot *s, struct remote *r);

/* The copy of a range, or NULL if it did not arrive whole. */
static inline const char *snapshot_range(const struct snapshot *s, unsigned i)
{
	return s->at[i] + s->ranges[i].iov_len <= s->got ? s->copy + s->at[i] : NULL;
}

/* The copy of len bytes at from, within the ranges first to n; NULL if missing. */
static inline const char *snapshot_find(const struct snapshot *s, unsigned first, unsigned n,
					raddr from, size_t len)
{
	for (unsigned i = first; i < n; i++) {
		raddr base = (raddr)(uintptr_t)s->ranges[i].iov_base;

		if (from - base < s->ranges[i].iov_len &&
		    from - base + len <= s->ranges[i].iov_len)
			return s->at[i] + (from - base) + len <= s->got
				? s->copy + s->at[i] + (from - base) : NULL;
	}
	return NULL;
}

/* Words of the copy; it is not aligned. */
static inline uint64_t word_at(const char *p, int32_t off)
{
	uint64_t word;

	memcpy(&word, p + off, sizeof(word));
	return word;
}

static inline int32_t int_at(const char *p, int32_t off)
{
	int32_t value;

	memcpy(&value, p + off, sizeof(value));
	return value;
}

#endif
