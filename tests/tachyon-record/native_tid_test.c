/* SPDX-License-Identifier: MIT */
/* native_tid_test - the kernel's numbers of our own threads, and of none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/native_tid.h"

enum { THREADS = 5 };

struct own {
	pthread_t thread;
	uint64_t ident;
	pid_t tid;
};

static struct remote self;
static pthread_barrier_t known, over;
static struct own threads[THREADS];

static void *wait_in_thread(void *arg)
{
	struct own *t = arg;

	t->ident = (uint64_t)pthread_self();
	t->tid = gettid();
	pthread_barrier_wait(&known);
	pthread_barrier_wait(&over);
	return NULL;
}

static int begin(void **state)
{
	struct err err;

	(void)state;
	pthread_barrier_init(&known, NULL, THREADS);
	pthread_barrier_init(&over, NULL, THREADS);
	threads[0] = (struct own){ pthread_self(), (uint64_t)pthread_self(), gettid() };
	for (int i = 1; i < THREADS; i++)
		pthread_create(&threads[i].thread, NULL, wait_in_thread, &threads[i]);
	pthread_barrier_wait(&known);
	return remote_open(&self, getpid(), (raddr)(uintptr_t)&self, &err);
}

static int end(void **state)
{
	(void)state;
	pthread_barrier_wait(&over);
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	remote_close(&self);
	return 0;
}

static void learn(struct native_tids *n, size_t count, uint64_t main_ident)
{
	uint64_t idents[THREADS + 1];

	for (size_t i = 0; i < count; i++)
		idents[i] = threads[i].ident;
	/* The main thread's state in another interpreter. */
	idents[count] = threads[0].ident;
	native_tid_init(n, &self, getpid());
	native_tid_learn(n, idents, count + 1, main_ident);
	assert_int_not_equal(n->offset, NATIVE_TID_UNKNOWN);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(native_tid_get(n, threads[i].ident), threads[i].tid);
		assert_int_equal(native_tid_host(n, (uint64_t)threads[i].tid), threads[i].tid);
	}
}

static void all_threads_or_one_tell_the_place(void **state)
{
	struct native_tids n;

	(void)state;
	learn(&n, THREADS, threads[0].ident);
	learn(&n, 1, threads[0].ident);
	/* An interpreter that began in another thread than the process. */
	learn(&n, THREADS, threads[1].ident);
}

static void what_is_no_thread_has_no_number(void **state)
{
	static char zeros[4096], ones[4096];
	const uint64_t none[] = { 0, 8, (uint64_t)(uintptr_t)zeros, (uint64_t)(uintptr_t)ones };
	struct native_tids n;

	(void)state;
	memset(ones, 1, sizeof(ones));
	native_tid_init(&n, &self, getpid());
	assert_int_equal(native_tid_get(&n, threads[0].ident), 0);
	for (int i = 0; i < 100; i++)
		native_tid_learn(&n, none, 4, none[2]);
	assert_int_equal(n.offset, NATIVE_TID_UNKNOWN);
	learn(&n, THREADS, threads[0].ident);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(native_tid_get(&n, none[i]), 0);
	assert_int_equal(native_tid_host(&n, 0), 0);
	assert_int_equal(native_tid_host(&n, 1), 0);
	assert_int_equal(native_tid_host(&n, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_threads_or_one_tell_the_place),
		cmocka_unit_test(what_is_no_thread_has_no_number),
	};

	return cmocka_run_group_tests_name("native_tid", tests, begin, end);
}
