/* SPDX-License-Identifier: MIT */
/*
 * code_copies_test - threads' own copies of bytecode, in hand-made objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/code_copies.h"

enum { BYTES = 32, COPIES = 4 };

/* As _PyCodeArray in Include/cpython/code.h. */
struct copies {
	int64_t size;
	uint64_t entries[COPIES];
};

static struct remote self;
static struct err err;
static struct layout layout;
static struct code_copies *table;
static char bytecode[COPIES][BYTES];
static struct copies copies;
static uint64_t object;                 /* stands for a code object: only its array is read */
static struct code code;

static raddr address(const void *p)
{
	return (raddr)(uintptr_t)p;
}

static int set_up(void **state)
{
	(void)state;
	for (int i = 0; i < NFIELDS; i++)
		layout.off[i] = ABSENT;
	layout.off[FIELD_code_copies] = 0;
	copies.size = COPIES;
	for (int i = 0; i < COPIES; i++)
		copies.entries[i] = address(bytecode[i]);
	object = address(&copies);
	code = (struct code){ .address = address(&object), .first_instr = address(bytecode[0]),
			      .bytes = BYTES };
	table = code_copies_new();
	assert_non_null(table);
	return remote_open(&self, getpid(), address(&object), &err);
}

static int tear_down(void **state)
{
	(void)state;
	code_copies_free(table);
	remote_close(&self);
	return 0;
}

static raddr find(uint32_t index, const char *instr, uint32_t generation)
{
	return code_copies_find(table, &self, &layout, &code, index, address(instr),
				generation);
}

static void each_copy_by_its_index(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < COPIES; i++) {
		assert_true(find(i, bytecode[i], 0) == address(bytecode[i]));
		assert_true(find(i, bytecode[i] + BYTES - 2, 0) == address(bytecode[i]));
	}
}

static void only_what_is_in_the_copy(void **state)
{
	(void)state;
	assert_true(find(1, bytecode[2], 0) == 0);
	assert_true(find(1, bytecode[0] + BYTES - 2, 0) == 0);
	assert_true(find(1, bytecode[1] + BYTES, 0) == 0);
	assert_true(find(1, NULL, 0) == 0);
}

static void what_is_remembered_is_not_read_again(void **state)
{
	uint64_t calls;

	(void)state;
	find(1, bytecode[1], 0);
	calls = self.calls;
	assert_true(find(1, bytecode[1] + 2, 0) == address(bytecode[1]));
	assert_true(self.calls == calls);
	/* Another owner, another copy. */
	copies.entries[1] = address(bytecode[3]);
	assert_true(find(1, bytecode[3], 0) == address(bytecode[3]));
	assert_true(self.calls > calls);
	calls = self.calls;
	assert_true(find(1, bytecode[3], 1) == address(bytecode[3]));
	assert_true(self.calls > calls);
}

static void arrays_that_are_none(void **state)
{
	(void)state;
	copies.size = 1;
	assert_true(find(1, bytecode[1], 0) == 0);
	copies.size = -1;
	assert_true(find(1 << 30, bytecode[1], 0) == 0);
	assert_true(find(UINT32_MAX, bytecode[1], 0) == 0);
	copies.size = COPIES;
	copies.entries[1] = 0;
	assert_true(find(1, bytecode[1], 0) == 0);
	assert_true(find(1, NULL, 0) == 0);
	object = 0;
	assert_true(find(2, bytecode[2], 0) == 0);
	object = 8;
	assert_true(find(2, bytecode[2], 0) == 0);
	layout.off[FIELD_code_copies] = ABSENT;
	assert_true(find(3, bytecode[3], 0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_copy_by_its_index, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_what_is_in_the_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_remembered_is_not_read_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(arrays_that_are_none, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("code_copies", tests, NULL, NULL);
}
