/* SPDX-License-Identifier: MIT */
/* ring_test - records from one thread to another, in order and whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/err.h"
#include "tachyon-record/ring.h"

enum {
	SIZE = 4096,
	HEAD = sizeof(struct ring_record),
};

static struct ring *new_ring(void)
{
	struct err err;
	struct ring *ring = ring_new(SIZE, &err);

	assert_non_null(ring);
	return ring;
}

static void release_next(struct ring *ring, uint32_t type)
{
	const struct ring_record *record = ring_peek(ring);

	assert_non_null(record);
	assert_int_equal(record->type, type);
	ring_release(ring, record);
}

static void records_come_back(void **state)
{
	struct ring *ring = new_ring();
	const struct ring_record *record;

	(void)state;
	assert_null(ring_peek(ring));
	assert_int_equal(ring_push(ring, 7, "hello", 5), 0);
	assert_int_equal(ring_push(ring, 8, "", 0), 0);
	record = ring_peek(ring);
	assert_non_null(record);
	assert_ptr_equal(ring_peek(ring), record);
	assert_int_equal(record->type, 7);
	assert_int_equal(record->size, HEAD + 8);
	assert_memory_equal(record->data, "hello", 5);
	ring_release(ring, record);
	record = ring_peek(ring);
	assert_non_null(record);
	assert_int_equal(record->size, HEAD);
	ring_release(ring, record);
	assert_null(ring_peek(ring));
	ring_free(ring);
	ring_free(NULL);
}

/* Lengths that do not divide the size: records lie across its end. */
static void records_are_contiguous_across_the_end(void **state)
{
	struct ring *ring = new_ring();
	char data[300];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		const size_t len = i * 37 % sizeof(data);
		const struct ring_record *record;

		memset(data, (int)(i & 0xff), len);
		assert_int_equal(ring_push(ring, i, data, len), 0);
		record = ring_peek(ring);
		assert_non_null(record);
		assert_int_equal(record->type, i);
		assert_memory_equal(record->data, data, len);
		ring_release(ring, record);
	}
	ring_free(ring);
}

static void a_full_ring_refuses_and_keeps_what_it_has(void **state)
{
	struct ring *ring = new_ring();
	static const char data[SIZE];
	unsigned n = 0;

	(void)state;
	while (ring_push(ring, n, data, 24) == 0)
		n++;
	assert_int_equal(n, SIZE / (HEAD + 24));
	assert_int_equal(ring_push(ring, n, data, 0), -ENOSPC);
	assert_null(ring_reserve(ring, n, 0));

	/* One that was consumed makes room for exactly as much. */
	release_next(ring, 0);
	assert_int_equal(ring_push(ring, n, data, 25), -ENOSPC);
	assert_int_equal(ring_push(ring, n, data, 24), 0);
	assert_int_equal(ring_push(ring, n + 1, data, 0), -ENOSPC);
	for (unsigned i = 1; i <= n; i++)
		release_next(ring, i);
	assert_null(ring_peek(ring));

	assert_int_equal(ring_push(ring, 1, data, SIZE - HEAD + 1), -ENOSPC);
	ring_free(ring);
}

/* Wherever its end lies, an empty ring has room for a record of half its size. */
static void an_empty_ring_has_room(void **state)
{
	struct ring *ring = new_ring();
	static const char data[SIZE];

	(void)state;
	for (unsigned i = 0; i < SIZE; i++) {
		assert_int_equal(ring_push(ring, i, data, i % 100), 0);
		release_next(ring, i);
		assert_int_equal(ring_push(ring, i, data, SIZE / 2 - HEAD), 0);
		release_next(ring, i);
		assert_null(ring_peek(ring));
	}
	ring_free(ring);
}

static void a_reservation_is_seen_when_committed(void **state)
{
	struct ring *ring = new_ring();
	struct ring_record *record;

	(void)state;
	assert_non_null(ring_reserve(ring, 1, 100));
	assert_null(ring_peek(ring));
	record = ring_reserve(ring, 2, 16);
	assert_non_null(record);
	assert_null(ring_peek(ring));
	ring_commit(ring, record);
	release_next(ring, 2);
	assert_null(ring_peek(ring));
	ring_free(ring);
}

/* --- two threads ------------------------------------------------------------ */

enum { RECORDS = 1000000 };

static size_t length_of(uint32_t i)
{
	return i * 7 % 61;
}

static void *produce(void *arg)
{
	char data[64];

	for (uint32_t i = 0; i < RECORDS; i++) {
		memset(data, (int)(i & 0xff), length_of(i));
		while (ring_push(arg, i, data, length_of(i)) != 0)
			sched_yield();
	}
	return NULL;
}

/* Assertions of cmocka belong to the thread that runs the test: this one counts. */
static void order_holds_between_threads(void **state)
{
	struct ring *ring = new_ring();
	unsigned wrong = 0;
	pthread_t producer;

	(void)state;
	assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
	for (uint32_t i = 0; i < RECORDS; i++) {
		const struct ring_record *record;
		const size_t len = length_of(i);

		while (!(record = ring_peek(ring)))
			sched_yield();
		wrong += record->type != i;
		wrong += record->size != HEAD + ((len + 7) & ~(size_t)7);
		wrong += len && ((unsigned char)record->data[0] != (i & 0xff) ||
				 (unsigned char)record->data[len - 1] != (i & 0xff));
		ring_release(ring, record);
	}
	pthread_join(producer, NULL);
	assert_int_equal(wrong, 0);
	assert_null(ring_peek(ring));
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back),
		cmocka_unit_test(records_are_contiguous_across_the_end),
		cmocka_unit_test(a_full_ring_refuses_and_keeps_what_it_has),
		cmocka_unit_test(an_empty_ring_has_room),
		cmocka_unit_test(a_reservation_is_seen_when_committed),
		cmocka_unit_test(order_holds_between_threads),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
