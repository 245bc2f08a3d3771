/* SPDX-License-Identifier: MIT */
/*
 * runtime_scan_test - runtimes that are found by what they begin with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/runtime_scan.h"

enum { WORDS = 40000, VERSION_3_13 = 0x030d02f0 };

static struct remote self;
static struct err err;
static uint64_t memory[WORDS];

static raddr address(size_t word)
{
	return (raddr)(uintptr_t)&memory[word];
}

static void describe(size_t word, uint64_t version)
{
	memcpy(&memory[word], "xdebugpy", 8);
	memory[word + 1] = version;
}

static raddr scan(size_t from, size_t words)
{
	return runtime_scan(&self, address(from), words * 8);
}

static int open_self(void **state)
{
	(void)state;
	return remote_open(&self, getpid(), address(0), &err);
}

static int close_self(void **state)
{
	(void)state;
	remote_close(&self);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	return 0;
}

static void found_anywhere(void **state)
{
	static const size_t places[] = { 0, 1, 8190, 8191, 8192, 16384, WORDS - 2 };

	(void)state;
	assert_true(scan(0, WORDS) == 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		describe(places[i], VERSION_3_13);
		assert_true(scan(0, WORDS) == address(places[i]));
		assert_true(scan(places[i], WORDS - places[i]) == address(places[i]));
		assert_true(scan(0, places[i]) == 0);
		clear(NULL);
	}
}

static void only_what_can_be_a_runtime(void **state)
{
	(void)state;
	describe(10, 0);
	describe(20, UINT64_MAX);
	describe(30, 0x030c0100);
	describe(40, 0x020d0100);
	assert_true(scan(0, WORDS) == 0);
	/* Not aligned. */
	memcpy((char *)&memory[50] + 4, "xdebugpy", 8);
	assert_true(scan(0, WORDS) == 0);
	describe(60, VERSION_3_13);
	assert_true(scan(0, WORDS) == address(60));
	/* A later version is told as such by who looks into it. */
	describe(55, 0x031001f0);
	assert_true(scan(0, WORDS) == address(55));
}

static void memory_that_is_not_there(void **state)
{
	(void)state;
	assert_true(runtime_scan(&self, 0, 1 << 20) == 0);
	assert_true(runtime_scan(&self, UINT64_MAX - 4096, 1 << 20) == 0);
	assert_true(runtime_scan(&self, address(0), 0) == 0);
	assert_true(runtime_scan(&self, address(0), 7) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(found_anywhere, clear),
		cmocka_unit_test_teardown(only_what_can_be_a_runtime, clear),
		cmocka_unit_test(memory_that_is_not_there),
	};

	return cmocka_run_group_tests_name("runtime_scan", tests, open_self, close_self);
}
