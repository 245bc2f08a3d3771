/* SPDX-License-Identifier: MIT */
/*
 * ring.h - records from the sampling thread to the writer thread.
 *
 * One producer, one consumer, no lock and no system call.  Every record is
 * contiguous; what is left at the end of the memory is skipped.  When there is
 * no room a push fails and nothing of it is seen by the consumer.
 */
#ifndef RECORD_RING_H
#define RECORD_RING_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct ring;

struct ring_record {
	uint32_t size;          /* bytes with this head, a multiple of 8 */
	uint32_t type;          /* the users' business, but not UINT32_MAX */
	char data[];
};

/* size is a power of two and at least a page.  NULL: err. */
struct ring *ring_new(size_t size, struct err *err);
void ring_free(struct ring *ring);      /* NULL is allowed */

/*
 * Producer: room for a record with len bytes of data, NULL if it is full.
 * Up to half the ring's size always fits in time, more may never.
 * The consumer sees it after ring_commit(); a reservation that is not
 * committed is forgotten by the next one.
 */
struct ring_record *ring_reserve(struct ring *ring, uint32_t type, size_t len);
void ring_commit(struct ring *ring, struct ring_record *record);

/* Producer: reserve, copy, commit; 0 or -ENOSPC. */
int ring_push(struct ring *ring, uint32_t type, const void *data, size_t len);

/* Consumer: the oldest record or NULL; it stays valid until ring_release(). */
const struct ring_record *ring_peek(struct ring *ring);
void ring_release(struct ring *ring, const struct ring_record *record);

#endif
