/* SPDX-License-Identifier: MIT */
/*
 * Positions count bytes since the beginning and never wrap in practice; their
 * low bits are the place in the memory.  The producer owns head, the consumer
 * owns tail; each publishes its own with release and reads the other's with
 * acquire, so that a record's bytes are seen before its head is.
 */
#include "tachyon-record/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { CACHE_LINE = 64, ALIGN = 8 };

/* Fills the end of the memory where a record did not fit. */
static const uint32_t padding = UINT32_MAX;

struct ring {
	char *memory;
	size_t size;

	_Alignas(CACHE_LINE) atomic_size_t head;
	size_t reserved;        /* where the record begins that is being made */
	size_t seen_tail;       /* producer's copy: saves a shared read */

	_Alignas(CACHE_LINE) atomic_size_t tail;
};

struct ring *ring_new(size_t size, struct err *err)
{
	struct ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));

	if (ring) {
		memset(ring, 0, sizeof(*ring));
		ring->size = size;
		ring->memory = mem_reserve(size);
	}
	if (!ring || !ring->memory) {
		err_set(err, ENOMEM, "%zu bytes for samples on their way to the output: %s",
			size, strerror(errno));
		free(ring);
		return NULL;
	}
	return ring;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	mem_unreserve(ring->memory, ring->size);
	free(ring);
}

static struct ring_record *record_at(const struct ring *ring, size_t position)
{
	return (struct ring_record *)(ring->memory + (position & (ring->size - 1)));
}

static bool has_room(struct ring *ring, size_t end)
{
	if (end - ring->seen_tail <= ring->size)
		return true;
	ring->seen_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	return end - ring->seen_tail <= ring->size;
}

struct ring_record *ring_reserve(struct ring *ring, uint32_t type, size_t len)
{
	const size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	const size_t to_end = ring->size - (head & (ring->size - 1));
	const size_t need = (sizeof(struct ring_record) + len + ALIGN - 1) &
			    ~(size_t)(ALIGN - 1);
	const size_t skip = need > to_end ? to_end : 0;
	struct ring_record *record;

	if (need > ring->size || !has_room(ring, head + skip + need))
		return NULL;
	if (skip)
		*record_at(ring, head) = (struct ring_record){ (uint32_t)skip, padding };
	ring->reserved = head + skip;
	record = record_at(ring, ring->reserved);
	record->size = (uint32_t)need;
	record->type = type;
	return record;
}

void ring_commit(struct ring *ring, struct ring_record *record)
{
	atomic_store_explicit(&ring->head, ring->reserved + record->size,
			      memory_order_release);
}

int ring_push(struct ring *ring, uint32_t type, const void *data, size_t len)
{
	struct ring_record *record = ring_reserve(ring, type, len);

	if (!record)
		return -ENOSPC;
	memcpy(record->data, data, len);
	ring_commit(ring, record);
	return 0;
}

const struct ring_record *ring_peek(struct ring *ring)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	const struct ring_record *record;

	if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
		return NULL;
	record = record_at(ring, tail);
	if (record->type != padding)
		return record;
	/* A record always follows the padding: both were committed together. */
	tail += record->size;
	ring_release(ring, record);
	return record_at(ring, tail);
}

void ring_release(struct ring *ring, const struct ring_record *record)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	atomic_store_explicit(&ring->tail, tail + record->size, memory_order_release);
}
