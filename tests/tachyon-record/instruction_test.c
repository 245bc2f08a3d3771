/* SPDX-License-Identifier: MIT */
/* instruction_test - opcodes that change, and how often they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/cpython/opcodes.h"
#include "tachyon-record/instruction.h"

enum { MS = 1000000, TRUST_MS = 16 };

static struct remote self;
static unsigned char code[64];

static int get(struct instructions *i, unsigned at, uint32_t number, uint64_t now_ms)
{
	return instructions_get(i, &self, (raddr)(uintptr_t)&code[at], number, now_ms * MS);
}

static void what_is_stable_is_read_rarely(void **state)
{
	struct instructions *i = instructions_new(TRUST_MS * MS);
	uint64_t before;

	(void)state;
	code[2] = 10;
	assert_int_equal(get(i, 2, 1, 100), 10);
	before = self.calls;
	for (uint64_t ms = 100; ms < 1100; ms++)
		assert_int_equal(get(i, 2, 1, ms), 10);
	assert_in_range(self.calls - before, 1000 / TRUST_MS, 1000 / TRUST_MS + 6);
	instructions_free(i);
}

static void changes_are_seen_in_time(void **state)
{
	struct instructions *i = instructions_new(TRUST_MS * MS);

	(void)state;
	code[2] = 10;
	get(i, 2, 1, 100);
	code[2] = 11;
	assert_int_equal(get(i, 2, 1, 100), 10);
	assert_int_equal(get(i, 2, 1, 101), 11);
	for (uint64_t ms = 101; ms < 300; ms++)
		get(i, 2, 1, ms);
	code[2] = 12;
	assert_int_equal(get(i, 2, 1, 300 + TRUST_MS), 12);
	/* From then on it is looked at often again. */
	code[2] = 13;
	assert_int_equal(get(i, 2, 1, 301 + TRUST_MS), 13);
	instructions_free(i);
}

static void other_code_is_another_instruction(void **state)
{
	struct instructions *i = instructions_new(TRUST_MS * MS);

	(void)state;
	code[2] = 10;
	code[4] = 20;
	assert_int_equal(get(i, 2, 1, 100), 10);
	assert_int_equal(get(i, 4, 1, 100), 20);
	code[2] = 11;
	assert_int_equal(get(i, 2, 2, 100), 11);
	assert_int_equal(instructions_get(i, &self, 4096, 1, 0), INSTRUCTION_UNKNOWN);
	instructions_free(i);
}

static int number_of(uint32_t version, const char *name)
{
	const struct opcode *ops = opcodes_of(version);

	assert_non_null(ops);
	for (int i = 0; i < OPCODES; i++)
		if (ops[i].name && strcmp(ops[i].name, name) == 0)
			return i;
	fail_msg("0x%x has no %s", version, name);
	return -1;
}

static enum opcode_native native(uint32_t version, const char *name)
{
	const int number = number_of(version, name);

	return opcodes_of(version)[number].native;
}

static void instructions_of_versions(void **state)
{
	(void)state;
	assert_null(opcodes_of(0x0307));
	assert_null(opcodes_of(0x0310));
	assert_int_equal(native(0x030f, "CALL_BUILTIN_FAST"), OPCODE_NATIVE);
	assert_int_equal(native(0x030f, "CALL_PY_EXACT_ARGS"), OPCODE_INTERPRETER);
	assert_int_equal(native(0x030d, "INSTRUMENTED_CALL"), OPCODE_NATIVE);
	assert_int_equal(native(0x030d, "INSTRUMENTED_LINE"), OPCODE_ANY);
	assert_int_equal(native(0x030c, "FOR_ITER"), OPCODE_NATIVE);
	/* Before there were forms for ranges and lists it tells nothing. */
	assert_int_equal(native(0x030b, "FOR_ITER"), OPCODE_ANY);
	assert_int_equal(native(0x030a, "BINARY_ADD"), OPCODE_ANY);
	assert_int_equal(native(0x030a, "CALL_FUNCTION"), OPCODE_ANY);
}

static enum opcode_native unspecialised(uint32_t version, const char *name)
{
	enum opcode_native natives[OPCODES];

	opcodes_native(version, false, natives);
	return natives[number_of(version, name)];
}

static void instructions_that_are_not_specialised(void **state)
{
	enum opcode_native natives[OPCODES];

	(void)state;
	for (uint32_t version = 0x0308; version <= 0x030f; version++) {
		opcodes_native(version, true, natives);
		for (int i = 0; i < OPCODES; i++)
			assert_int_equal(natives[i], opcodes_of(version)[i].native);
	}
	opcodes_native(0x0310, true, natives);
	assert_int_equal(natives[1], OPCODE_ANY);
	assert_int_equal(unspecialised(0x030d, "BINARY_OP"), OPCODE_ANY);
	assert_int_equal(unspecialised(0x030d, "COMPARE_OP"), OPCODE_ANY);
	assert_int_equal(unspecialised(0x030d, "INSTRUMENTED_FOR_ITER"), OPCODE_ANY);
	assert_int_equal(unspecialised(0x030d, "CALL"), OPCODE_ANY);
	assert_int_equal(unspecialised(0x030d, "CALL_BUILTIN_FAST"), OPCODE_NATIVE);
	assert_int_equal(unspecialised(0x030d, "GET_ITER"), OPCODE_NATIVE);
	assert_int_equal(unspecialised(0x030d, "BINARY_OP_ADD_INT"), OPCODE_INTERPRETER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_stable_is_read_rarely),
		cmocka_unit_test(changes_are_seen_in_time),
		cmocka_unit_test(other_code_is_another_instruction),
		cmocka_unit_test(instructions_of_versions),
		cmocka_unit_test(instructions_that_are_not_specialised),
	};
	struct err err;

	if (remote_open(&self, getpid(), (raddr)(uintptr_t)code, &err))
		return 1;
	return cmocka_run_group_tests_name("instruction", tests, NULL, NULL);
}
