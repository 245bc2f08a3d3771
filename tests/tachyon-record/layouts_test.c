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
	V3_8 = 0x0308,
	V3_10 = 0x030a,
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
	const struct layout_hint hint = { version, build, false };

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

/* The fields that the versions with frame objects have, or lack. */
static bool is_of_frame_objects(int field)
{
	return field == FIELD_runtime_main_thread || field == FIELD_thread_begun ||
	       field == FIELD_frame_running || field == FIELD_code_bytecode ||
	       field == FIELD_type_dictoffset || field == FIELD_keys_size;
}

static bool is_of_data_stack(int field)
{
	return field == FIELD_thread_native_id || field == FIELD_thread_datastack_chunk ||
	       field == FIELD_thread_datastack_top || field == FIELD_frame_owner ||
	       field == FIELD_code_units || field == FIELD_code_nlocalsplus ||
	       field == FIELD_code_firsttraceable ||
	       field == FIELD_code_adaptive || field == FIELD_keys_log2_size ||
	       field == FIELD_keys_log2_index_bytes || field == FIELD_keys_kind;
}

static bool may_be_absent(const struct layout *l, int field)
{
	const bool before_3_12 = l->version < V3_12;

	if (l->frames == FRAMES_OBJECTS ? is_of_data_stack(field) : is_of_frame_objects(field))
		return true;
	switch (field) {
	case FIELD_runtime_current:
		return !before_3_12;
	case FIELD_runtime_gc_collecting:
		return l->version != V3_8;
	case FIELD_interp_gc_collecting:
		return l->version == V3_8;
	case FIELD_runtime_gil:
		return !before_3_12;
	case FIELD_frame_is_entry:
		return l->version != V3_11;
	case FIELD_interp_gil:
	case FIELD_code_version:
		return before_3_12;
	case FIELD_gen_frame:
	case FIELD_gen_state:
	case FIELD_frame_stack:
		return l->frames == FRAMES_OBJECTS;
	case FIELD_interp_gc_frame:
	case FIELD_llist_next:
	case FIELD_llist_prev:
	case FIELD_interp_code_generation:
	case FIELD_interp_copy_generation:
	case FIELD_interp_stw_requester:
	case FIELD_gil_enabled:
	case FIELD_thread_state:
	case FIELD_frame_copy:
	case FIELD_code_copies:
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
	assert_true(OFF(l, frame_running) < OFF(l, frame_size));
	assert_int_equal(l->frames == FRAMES_OBJECTS, l->lasti_unit != 0);
	assert_int_equal(l->frames == FRAMES_OBJECTS, l->running_states != 0);
	assert_true(OFF(l, frame_size) <= 256);
	assert_true(code_head_size(l) <= CODE_HEAD);
}

static void rows_are_complete(void **state)
{
	(void)state;
	for (uint32_t version = V3_8; version <= V3_12; version++) {
		a_row_is_complete(version, BUILD_RELEASE);
		a_row_is_complete(version, BUILD_DEBUG);
		assert_ptr_equal(layout_row(version, BUILD_NOT_KNOWN),
				 layout_row(version, BUILD_RELEASE));
	}
	assert_null(layout_row(0x0307, BUILD_RELEASE));
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
	assert_int_equal(detect(words, V3_10, &l), 0);
	assert_int_equal(l.version, V3_10);
	assert_int_equal(detect(words, 0x0307, &l), -ENOTSUP);
	assert_non_null(strstr(err.text, "3.7: too old"));
	assert_int_equal(detect(words, V3_13, &l), -ENOENT);
	assert_int_equal(detect((void *)8, V3_12, &l), -ENOENT);
	assert_non_null(strstr(err.text, "cannot be read"));
}

/* An interpreter with a thread that names it, and a frame if it runs. */
static void begin_interp(const struct layout *l, char *runtime, char *interp, char *thread,
			 bool runs)
{
	const raddr to_interp = (raddr)(uintptr_t)interp, to_thread = (raddr)(uintptr_t)thread;

	memcpy(runtime + OFF(l, runtime_interpreters_head), &to_interp, sizeof(to_interp));
	memcpy(interp + OFF(l, interp_threads_head), &to_thread, sizeof(to_thread));
	memcpy(thread + OFF(l, thread_interp), &to_interp, sizeof(to_interp));
	if (runs)
		memcpy(thread + OFF(l, thread_current_frame), &to_thread, sizeof(to_thread));
}

/* exact.bats and others have real ones. */
static void a_guess_is_borne_out_by_the_target(void **state)
{
	static char runtime[8192], interp[65536], thread[1024];
	const struct layout *row = layout_row(V3_10, BUILD_RELEASE);
	struct layout_hint hint = { V3_10, BUILD_RELEASE, true };
	const raddr at = (raddr)(uintptr_t)runtime;
	const uint64_t one = 1;
	struct layout l;

	(void)state;
	/* No interpreter yet, then none that runs. */
	assert_int_equal(layout_detect(&self, at, &hint, &l, &err), -EAGAIN);
	begin_interp(row, runtime, interp, thread, false);
	assert_int_equal(layout_detect(&self, at, &hint, &l, &err), -EAGAIN);
	/* It runs and has no sys.hexversion: the guess is all there is. */
	begin_interp(row, runtime, interp, thread, true);
	assert_int_equal(layout_detect(&self, at, &hint, &l, &err), 0);
	assert_int_equal(l.version, V3_10);
	hint.version = 0;
	assert_int_not_equal(layout_detect(&self, at, &hint, &l, &err), 0);
	hint.version = 0x0307;
	assert_int_equal(layout_detect(&self, at, &hint, &l, &err), -ENOTSUP);
	/* The thread belongs to nothing. */
	hint.version = V3_10;
	memcpy(thread + OFF(row, thread_interp), &one, sizeof(one));
	assert_int_not_equal(layout_detect(&self, at, &hint, &l, &err), 0);
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

static void free_threaded_builds_have_their_own_rows(void **state)
{
	uint64_t words[DESCRIPTION_SIZE / 8];
	struct layout l;

	(void)state;
	for (uint32_t version = V3_13; version <= V3_15; version++) {
		describe(words, version, 8);
		detect(words, 0, &l);
		assert_false(l.free_threaded);
		assert_int_equal(l.instance_dict_at, -3);
		words[AT_FREE_THREADED / 8] = 1;
		detect(words, 0, &l);
		assert_true(l.free_threaded);
		assert_int_equal(l.instance_dict_at, -1);
		assert_int_equal(l.build, BUILD_RELEASE);
	}
}

/* Debug builds have a field more in front of this one, and nobody tells which it is. */
static void what_the_builds_have_elsewhere_is_not_believed(void **state)
{
	uint64_t words[DESCRIPTION_SIZE / 8];
	struct layout l;

	(void)state;
	describe(words, V3_13, 8);
	words[AT_FREE_THREADED / 8] = 1;
	detect_build(words, 0, BUILD_NOT_KNOWN, &l);
	assert_true(l.free_threaded);
	assert_int_equal(l.build, BUILD_NOT_KNOWN);
	assert_int_equal(OFF(&l, interp_stw_requester), ABSENT);
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
static void try_offsets(uint32_t version, bool free_threaded, uint64_t offset)
{
	static char memory[1 << 21];
	const raddr at = (raddr)(uintptr_t)memory;
	char head[CODE_HEAD] = { 0 }, text[64];
	uint64_t words[DESCRIPTION_SIZE / 8];
	struct code_head decoded;
	struct layout l;

	describe(words, version, offset);
	words[AT_FREE_THREADED / 8] = free_threaded;
	if (detect(words, 0, &l) != 0)
		return;
	object_str(&self, &l, at, text, sizeof(text));
	object_dict_get(&self, &l, at, "name");
	code_head_decode(&l, head, &decoded);
	assert_true(code_head_size(&l) <= CODE_HEAD);
	/* The size of a frame is divided by. */
	assert_true(OFF(&l, frame_size) > 0);
	assert_true(OFF(&l, frame_owner) < OFF(&l, frame_size));
	assert_true(OFF(&l, frame_copy) < OFF(&l, frame_size));
}

static void hostile_offsets_do_no_harm(void **state)
{
	static const uint64_t bad[] = { 0, 1, 24, 60, 250, 256, 4000, 1 << 20 };

	(void)state;
	for (uint32_t version = V3_13; version <= V3_15; version++)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			try_offsets(version, false, bad[i]);
			try_offsets(version, true, bad[i]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(fields_have_names),
		cmocka_unit_test(versions_without_description),
		cmocka_unit_test(a_guess_is_borne_out_by_the_target),
		cmocka_unit_test(the_symbols_tell_the_build),
		cmocka_unit_test(unknown_versions_are_refused),
		cmocka_unit_test(free_threaded_builds_have_their_own_rows),
		cmocka_unit_test(what_the_builds_have_elsewhere_is_not_believed),
		cmocka_unit_test(offsets_out_of_range_are_refused),
		cmocka_unit_test(hostile_offsets_do_no_harm),
	};

	return cmocka_run_group_tests_name("layouts", tests, open_self, close_self);
}
