/* SPDX-License-Identifier: MIT */
/*
 * layouts_test - rows that are complete, and runtimes that are hand-made.
 *
 * layouts.bats compares the rows with the headers they come from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/cpython/code.h"
#include "tachyon-record/cpython/layout.h"
#include "tachyon-record/cpython/object.h"
#include "tachyon-record/remote.h"

enum {
	V3_11 = 0x030b,
	V3_12 = 0x030c,
	V3_13 = 0x030d,
	V3_14 = 0x030e,
	V3_15 = 0x030f,
	/* Places in struct _Py_DebugOffsets. */
	AT_VERSION = 8,
	AT_FREE_THREADED = 16,
	AT_FIRST_OFFSET = 24,
	DESCRIPTION_SIZE = 1024,
};

static struct remote self;
static struct err err;

static int open_self(void **state)
{
	(void)state;
	return remote_open(&self, getpid(), (raddr)(uintptr_t)&self, &err);
}

static int close_self(void **state)
{
	(void)state;
	remote_close(&self);
	return 0;
}

static int detect_build(const void *runtime, uint32_t version, enum layout_build build,
			struct layout *l)
{
	const struct layout_hint hint = { version, build };

	err.text[0] = '\0';
	return layout_detect(&self, (raddr)(uintptr_t)runtime, &hint, l, &err);
}

static int detect(const void *runtime, uint32_t version, struct layout *l)
{
	return detect_build(runtime, version, BUILD_RELEASE, l);
}

/* A description of this version whose offsets are all the same. */
static void describe(uint64_t *words, uint64_t version, uint64_t offset)
{
	memset(words, 0, DESCRIPTION_SIZE);
	memcpy(words, "xdebugpy", 8);
	words[AT_VERSION / 8] = version << 16 | 0x01f0;
	for (size_t i = AT_FIRST_OFFSET / 8; i < DESCRIPTION_SIZE / 8; i++)
		words[i] = offset;
}

static bool may_be_absent(const struct layout *l, int field)
{
	const bool before_3_12 = l->version < V3_12;

	switch (field) {
	case FIELD_runtime_gil:
		return !before_3_12;
	case FIELD_interp_gil:
	case FIELD_code_version:
		return before_3_12;
	case FIELD_interp_code_generation:
	case FIELD_thread_current_frame:
	case FIELD_thread_cframe:
	case FIELD_cframe_current_frame:
		return true;
	default:
		return false;
	}
}

static void a_row_is_complete(uint32_t version, enum layout_build build)
{
	const struct layout *l = layout_row(version, build);
	unsigned zeros = 0;

	assert_non_null(l);
	assert_int_equal(l->version, version);
	for (int i = 0; i < NFIELDS; i++) {
		int32_t off = l->off[i];

		if (off == ABSENT && may_be_absent(l, i))
			continue;
		assert_in_range(off, 0, 1 << 16);
		/* A field that a row forgets would be 0, too. */
		zeros += off == 0;
	}
	assert_in_range(zeros, 1, 4);
	/* One of the two ways to the innermost frame, and to the GIL. */
	assert_true((OFF(l, thread_current_frame) == ABSENT) !=
		    (OFF(l, thread_cframe) == ABSENT));
	assert_int_equal(OFF(l, thread_cframe) == ABSENT,
			 OFF(l, cframe_current_frame) == ABSENT);
	assert_true((OFF(l, runtime_gil) == ABSENT) !=
		    (OFF(l, interp_gil) == ABSENT));
	assert_false(l->free_threaded);
	assert_true(l->first_shim_owner > 0);
	assert_true(l->executable_mask != 0);
	assert_true(OFF(l, frame_owner) < OFF(l, frame_size));
	assert_true(code_head_size(l) <= CODE_HEAD);
}

static void rows_are_complete(void **state)
{
	(void)state;
	for (uint32_t version = V3_11; version <= V3_12; version++) {
		a_row_is_complete(version, BUILD_RELEASE);
		a_row_is_complete(version, BUILD_DEBUG);
		assert_ptr_equal(layout_row(version, BUILD_NOT_KNOWN),
				 layout_row(version, BUILD_RELEASE));
	}
	assert_null(layout_row(0x030a, BUILD_RELEASE));
	/* From 3.13 on the target describes itself. */
	assert_null(layout_row(V3_13, BUILD_RELEASE));
	assert_null(layout_row(0x0310, BUILD_RELEASE));
	assert_null(layout_row(0, BUILD_NOT_KNOWN));
}

static void fields_have_names(void **state)
{
	(void)state;
	assert_string_equal(layout_field_name(FIELD_thread_next), "thread_next");
	for (int i = 0; i < NFIELDS; i++)
		assert_non_null(strchr(layout_field_name((enum layout_field)i), '_'));
}

static void versions_without_description(void **state)
{
	uint64_t words[DESCRIPTION_SIZE / 8] = { 0 };
	struct layout l;

	(void)state;
	assert_int_equal(detect(words, V3_11, &l), 0);
	assert_memory_equal(l.off, layout_row(V3_11, BUILD_RELEASE)->off, sizeof(l.off));
	assert_int_equal(detect(words, V3_12, &l), 0);
	assert_int_equal(l.version, V3_12);
	assert_int_equal(detect(words, 0, &l), -ENOTSUP);
	assert_non_null(strstr(err.text, "too old"));
	assert_int_equal(detect(words, 0x030a, &l), -ENOTSUP);
	assert_non_null(strstr(err.text, "3.10: too old"));
	assert_int_equal(detect(words, V3_13, &l), -ENOENT);
	assert_int_equal(detect((void *)8, V3_12, &l), -ENOENT);
	assert_non_null(strstr(err.text, "cannot be read"));
}

static void the_symbols_tell_the_build(void **state)
{
	uint64_t words[DESCRIPTION_SIZE / 8] = { 0 };
	struct layout l;

	(void)state;
	for (uint32_t version = V3_11; version <= V3_15; version++) {
		if (version >= V3_13)
			describe(words, version, 8);
		/* The offsets are refused, but only after the build was told. */
		detect_build(words, version, BUILD_RELEASE, &l);
		assert_int_equal(l.build, BUILD_RELEASE);
		detect_build(words, version, BUILD_DEBUG, &l);
		assert_int_equal(l.build, BUILD_DEBUG);
		assert_string_equal(layout_build_name(l.build), "debug");
		assert_false(l.free_threaded);
	}
	assert_string_equal(layout_build_name(BUILD_RELEASE), "release");
	assert_string_equal(layout_build_name(BUILD_NOT_KNOWN), "");
}

static void unknown_versions_are_refused(void **state)
{
	uint64_t words[DESCRIPTION_SIZE / 8];
	struct layout l;

	(void)state;
	describe(words, 0x0310, 8);
	assert_int_equal(detect(words, 0, &l), -ENOTSUP);
	assert_non_null(strstr(err.text, "3.16: too new"));
	assert_non_null(strstr(err.text, LAYOUT_VERSIONS));
	/* What it says of itself counts more than the hint. */
	assert_int_equal(detect(words, V3_12, &l), -ENOTSUP);
	describe(words, 0x0400, 8);
	assert_int_equal(detect(words, 0, &l), -ENOTSUP);
	describe(words, 0xffffffffffff, 8);
	assert_int_equal(detect(words, 0, &l), -ENOTSUP);
	describe(words, 0, 8);
	assert_int_equal(detect(words, 0, &l), -ENOTSUP);
}

static void free_threaded_builds_are_refused(void **state)
{
	uint64_t words[DESCRIPTION_SIZE / 8];
	struct layout l;

	(void)state;
	for (uint32_t version = V3_13; version <= V3_15; version++) {
		describe(words, version, 8);
		words[AT_FREE_THREADED / 8] = 1;
		assert_int_equal(detect(words, 0, &l), -ENOTSUP);
		assert_non_null(strstr(err.text, "free-threaded"));
	}
}

static void offsets_out_of_range_are_refused(void **state)
{
	static const uint64_t bad[] = {
		UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 32, 1 << 24,
	};
	uint64_t words[DESCRIPTION_SIZE / 8];
	struct layout l;

	(void)state;
	for (uint32_t version = V3_13; version <= V3_15; version++)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			describe(words, version, bad[i]);
			assert_int_equal(detect(words, 0, &l), -ENOTSUP);
			assert_non_null(strstr(err.text, "offset"));
		}
}

/*
 * Offsets within the general range that lie outside the structures that are
 * copied: either they are refused, or what uses them does not go there.
 */
static void hostile_offsets_do_no_harm(void **state)
{
	static const uint64_t bad[] = { 0, 1, 24, 60, 250, 256, 4000, 1 << 20 };
	static char memory[1 << 21];
	uint64_t words[DESCRIPTION_SIZE / 8];

	(void)state;
	for (uint32_t version = V3_13; version <= V3_15; version++)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			const raddr at = (raddr)(uintptr_t)memory;
			char head[CODE_HEAD] = { 0 }, text[64];
			struct code_head decoded;
			struct layout l;

			describe(words, version, bad[i]);
			if (detect(words, 0, &l) != 0)
				continue;
			object_str(&self, &l, at, text, sizeof(text));
			object_dict_get(&self, &l, at, "name");
			code_head_decode(&l, head, &decoded);
			assert_true(code_head_size(&l) <= CODE_HEAD);
			/* The size of a frame is divided by. */
			assert_true(OFF(&l, frame_size) > 0);
			assert_true(OFF(&l, frame_owner) < OFF(&l, frame_size));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(fields_have_names),
		cmocka_unit_test(versions_without_description),
		cmocka_unit_test(the_symbols_tell_the_build),
		cmocka_unit_test(unknown_versions_are_refused),
		cmocka_unit_test(free_threaded_builds_are_refused),
		cmocka_unit_test(offsets_out_of_range_are_refused),
		cmocka_unit_test(hostile_offsets_do_no_harm),
	};

	return cmocka_run_group_tests_name("layouts", tests, open_self, close_self);
}
