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
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"

enum { CACHE_LINE = 64, ALIGN = 8 };

struct ring {
	char *memory;
	size_t size;

	_Alignas(CACHE_LINE) atomic_size_t head;
	size_t seen_tail;       /* producer's copy: saves a shared read */
	size_t high_water;

	_Alignas(CACHE_LINE) atomic_size_t tail;
};

static char *map_twice(size_t size)
{
	int fd = memfd_create("tachyon-ring", MFD_CLOEXEC);
	char *base, *ret = NULL;

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)size) == 0) {
		base = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (base != MAP_FAILED) {
			const int prot = PROT_READ | PROT_WRITE;
			const int flags = MAP_SHARED | MAP_FIXED;

			if (mmap(base, size, prot, flags, fd, 0) != MAP_FAILED &&
			    mmap(base + size, size, prot, flags, fd, 0) != MAP_FAILED)
				ret = base;
			else
				munmap(base, 2 * size);
		}
	}
	close(fd);
	return ret;
}

struct ring *ring_new(size_t size, struct err *err)
{
	struct ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));

	if (ring) {
		memset(ring, 0, sizeof(*ring));
		ring->size = size;
		ring->memory = map_twice(size);
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
	munmap(ring->memory, 2 * ring->size);
	free(ring);
}

struct ring_record *ring_reserve(struct ring *ring, uint32_t type, size_t len)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	size_t need = (sizeof(struct ring_record) + len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct ring_record *record;

	if (need > ring->size)
		return NULL;
	if (head + need - ring->seen_tail > ring->size) {
		ring->seen_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
		if (head + need - ring->seen_tail > ring->size)
			return NULL;
	}
	record = (struct ring_record *)(ring->memory + (head & (ring->size - 1)));
	record->size = (uint32_t)need;
	record->type = type;
	return record;
}

void ring_commit(struct ring *ring, struct ring_record *record)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed) + record->size;

	if (head - ring->seen_tail > ring->high_water)
		ring->high_water = head - ring->seen_tail;
	atomic_store_explicit(&ring->head, head, memory_order_release);
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

	if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
		return NULL;
	return (const struct ring_record *)(ring->memory + (tail & (ring->size - 1)));
}

void ring_release(struct ring *ring, const struct ring_record *record)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	atomic_store_explicit(&ring->tail, tail + record->size, memory_order_release);
}

size_t ring_high_water(const struct ring *ring)
{
	return ring->high_water;
}
