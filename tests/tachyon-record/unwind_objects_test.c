/* SPDX-License-Identifier: MIT */
/*
 * unwind_objects_test - lists of frame objects in our own memory: deep ones,
 * circles, garbage, and what is planned for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/unwind_objects.h"

enum { DEEP = 20000, STEP = 456, TYPE = 0x1000, AREA = 12 << 20 };

static struct remote self;
static struct unwind_context context;
static char *area;                      /* between pages that are not mapped */

static int begin(void **state)
{
	struct err err;

	(void)state;
	area = mmap(NULL, AREA + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(area, MAP_FAILED);
	area += 4096;
	mprotect(area, AREA, PROT_READ | PROT_WRITE);
	context = (struct unwind_context){
		.remote = &self,
		.layout = layout_row(0x0309, BUILD_RELEASE),
		.frame_type = TYPE,
		.tick = 1,
	};
	unwind_context_init(&context);
	return remote_open(&self, getpid(), (raddr)(uintptr_t)&self, &err);
}

static int end(void **state)
{
	(void)state;
	munmap(area - 4096, AREA + 8192);
	remote_close(&self);
	return 0;
}

static raddr address(const void *p)
{
	return (raddr)(uintptr_t)p;
}

static void put_frame(char *at, const void *back, int32_t lasti, bool running)
{
	const struct layout *l = context.layout;
	const raddr type = TYPE, previous = address(back);

	memcpy(at + OFF(l, object_type), &type, sizeof(type));
	memcpy(at + OFF(l, frame_previous), &previous, sizeof(previous));
	memcpy(at + OFF(l, frame_instr), &lasti, sizeof(lasti));
	at[OFF(l, frame_running)] = running;
}

/* n frames, one behind the other, and the address of the innermost one. */
static raddr put_stack(size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_frame(area + i * STEP, i ? area + (i - 1) * STEP : NULL, 8, true);
	return address(area + (n - 1) * STEP);
}

static void the_fields_of_a_frame(void **state)
{
	struct frame f;

	(void)state;
	put_frame(area, area + 512, -1, true);
	assert_true(unwind_object_frame(&context, area, &f));
	assert_true((int64_t)f.instr == -1 && f.previous == address(area + 512));
	assert_true(f.may_be_outermost && !f.left);
	put_frame(area, NULL, 6, false);
	assert_true(unwind_object_frame(&context, area, &f));
	assert_true(f.instr == 6 && !f.may_be_outermost && f.left);
	memset(area, 0, STEP);
	assert_false(unwind_object_frame(&context, area, &f));
}

static void a_deep_stack_is_found_at_once(void **state)
{
	struct unwinder u;
	struct snapshot s = { 0 };
	uint64_t calls;

	(void)state;
	unwinder_init(&u, address(area), 0);
	calls = self.calls;
	unwind_objects_want(&u, &context, put_stack(DEEP));
	assert_int_equal(u.noutliers, DEEP);
	assert_true(self.calls - calls < DEEP / 16);
	for (size_t i = 0; i < DEEP; i++)
		assert_true(u.outliers[i].address == address(area + i * STEP));
	/* Nothing new: nothing is added. */
	unwind_objects_want(&u, &context, address(area + STEP * 77));
	assert_int_equal(u.noutliers, DEEP);
	/* They are neighbours: few ranges. */
	unwind_plan(&u, &context, &s);
	assert_true(s.n < 5);
	assert_true(s.len < (DEEP + 10) * STEP);
	snapshot_release(&s);
	unwinder_release(&u);
}

static void what_is_not_proven_is_forgotten(void **state)
{
	struct unwinder u;
	struct snapshot s = { 0 };
	struct frames part = { 0 };
	struct frame f[3] = { 0 };

	(void)state;
	unwinder_init(&u, address(area), 0);
	unwind_objects_want(&u, &context, put_stack(50));
	for (int i = 0; i < 3; i++)
		f[i].address = address(area + (10 + i) * STEP);
	part.v = f;
	part.n = 3;
	unwind_objects_touch(&u, &context, &part);
	context.tick++;
	unwind_plan(&u, &context, &s);
	assert_int_equal(u.noutliers, 3);
	assert_true(u.outliers[0].address == f[0].address && u.outliers[0].proven);
	/* New ones go to their places. */
	unwind_objects_want(&u, &context, put_stack(50));
	assert_int_equal(u.noutliers, 3 + 37);
	for (size_t i = 1; i < u.noutliers; i++)
		assert_true(u.outliers[i].address > u.outliers[i - 1].address);
	snapshot_release(&s);
	unwinder_release(&u);
}

static void circles_and_garbage_end(void **state)
{
	struct unwinder u;

	(void)state;
	unwinder_init(&u, address(area), 0);
	/* A frame that calls itself, and a longer way round. */
	put_frame(area, area, 0, true);
	unwind_objects_want(&u, &context, address(area));
	put_stack(1000);
	put_frame(area, area + 600 * STEP, 0, true);
	unwind_objects_want(&u, &context, address(area + 999 * STEP));
	assert_true(u.noutliers < 4096);
	/* Not mapped, at the edge of what is, and no frame. */
	unwind_objects_want(&u, &context, 0);
	unwind_objects_want(&u, &context, 8);
	unwind_objects_want(&u, &context, UINT64_MAX - 8);
	unwind_objects_want(&u, &context, address(area + AREA - 8));
	unwind_objects_want(&u, &context, address(area - 8));
	memset(area, 0, STEP);
	unwind_objects_want(&u, &context, address(area));
	unwinder_release(&u);
}

static void who_called_a_leaf_that_is_gone(void **state)
{
	struct frame other[4] = { { .address = 40, .code = 4 }, { .address = 30, .code = 3 },
				  { .address = 20, .code = 2 }, { .address = 10, .code = 1 } };
	struct frame last[3] = { { .address = 35, .code = 9 }, { .address = 20, .code = 2 },
				 { .address = 10, .code = 1 } };
	struct frame leaf = { .address = 50, .code = 5, .previous = 30 };
	struct unwinder u = { .other = { other, 4, 4 }, .last = { last, 3, 3 } };

	(void)state;
	/* Its frame says it. */
	assert_int_equal(unwind_objects_caller(&u, &leaf), 1);
	/* Nothing says it: two frames of what runs are new. */
	leaf.previous = 77;
	assert_int_equal(unwind_objects_caller(&u, &leaf), 4);
	assert_int_equal(unwind_objects_caller(&u, NULL), 4);
	/* Recursion. */
	leaf.code = 4;
	assert_int_equal(unwind_objects_caller(&u, &leaf), 0);
	/* Only the innermost one is new; or none. */
	last[0] = other[1];
	assert_int_equal(unwind_objects_caller(&u, NULL), 1);
	u.other.v = other + 1;
	u.other.n = 3;
	assert_int_equal(unwind_objects_caller(&u, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fields_of_a_frame),
		cmocka_unit_test(a_deep_stack_is_found_at_once),
		cmocka_unit_test(what_is_not_proven_is_forgotten),
		cmocka_unit_test(circles_and_garbage_end),
		cmocka_unit_test(who_called_a_leaf_that_is_gone),
	};

	return cmocka_run_group_tests_name("unwind_objects", tests, begin, end);
}
