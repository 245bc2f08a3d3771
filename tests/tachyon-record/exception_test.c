/* SPDX-License-Identifier: MIT */
/* exception_test - items of exceptions, made by hand in our own memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "format/wire.h"
#include "tachyon-record/exception.h"
#include "tachyon-record/unwind.h"
#include "tachyon-record/unwind_plan.h"

enum { V3_12 = 0x030c };

#define ADDRESS(p) ((raddr)(uintptr_t)(p))

/* A thread's state, objects with a type, and the items of generators. */
static struct {
	char state[LAYOUT_MAX_THREAD];
	uint64_t none_type[8], other_type[8];
	uint64_t none[4], trouble[4];
	uint64_t items[300][16];
	char none_name[16], other_name[16];
} memory;

static struct remote self;
static struct layout layout;
static struct unwind_context context;
static struct unwinder unwinder;
static struct snapshot snapshot;

static void set(int32_t at, raddr value)
{
	memcpy(memory.state + at, &value, sizeof(value));
}

static void set_value(int32_t at, const void *value)
{
	set(at + OFF(&layout, excitem_value), ADDRESS(value));
}

static int set_up(void **state)
{
	struct err err;

	(void)state;
	memset(&memory, 0, sizeof(memory));
	layout = *layout_row(V3_12, BUILD_RELEASE);
	strcpy(memory.none_name, "NoneType");
	strcpy(memory.other_name, "NoneTypes");
	memory.none_type[OFF(&layout, type_name) / 8] = ADDRESS(memory.none_name);
	memory.other_type[OFF(&layout, type_name) / 8] = ADDRESS(memory.other_name);
	memory.none[OFF(&layout, object_type) / 8] = ADDRESS(memory.none_type);
	memory.trouble[OFF(&layout, object_type) / 8] = ADDRESS(memory.other_type);
	set(OFF(&layout, thread_exc_info), ADDRESS(memory.state) +
	    (raddr)OFF(&layout, thread_exc_state));
	context = (struct unwind_context){ .remote = &self, .layout = &layout, .tick = 1 };
	context.exceptions.none = ADDRESS(memory.none);
	unwind_context_init(&context);
	unwinder_init(&unwinder, ADDRESS(memory.state), 1);
	return remote_open(&self, getpid(), ADDRESS(&memory), &err);
}

static int tear_down(void **state)
{
	(void)state;
	unwinder_release(&unwinder);
	snapshot_release(&snapshot);
	remote_close(&self);
	return 0;
}

/* The flags after one look; *missing tells whether something had to be read. */
static uint32_t look(bool *missing)
{
	context.tick++;
	snapshot_reset(&snapshot);
	unwind_plan(&unwinder, &context, &snapshot);
	assert_int_equal(snapshot_read(&snapshot, &self), READ_OK);
	exception_take(&unwinder, &context, &snapshot);
	*missing = unwinder.exception.missing != 0;
	return exception_flags(&unwinder.exception);
}

/* Puts n items in front of the thread's own, the value into the one of number at. */
static void chain(unsigned n, unsigned at, const void *value)
{
	raddr next = ADDRESS(memory.state) + (raddr)OFF(&layout, thread_exc_state);

	for (unsigned i = n; i-- > 0; ) {
		char *item = (char *)memory.items[i];
		raddr object = i == at ? ADDRESS(value) : 0;

		memcpy(item + OFF(&layout, excitem_value), &object, sizeof(object));
		memcpy(item + OFF(&layout, excitem_previous), &next, sizeof(next));
		next = ADDRESS(item);
	}
	set(OFF(&layout, thread_exc_info), next);
}

static void own_item(void **state)
{
	bool missing;

	(void)state;
	assert_int_equal(look(&missing), 0);
	set_value(OFF(&layout, thread_exc_state), memory.none);
	assert_int_equal(look(&missing), 0);
	set_value(OFF(&layout, thread_exc_state), memory.trouble);
	assert_int_equal(look(&missing), TRACE_EXCEPTION);
	set_value(OFF(&layout, thread_exc_state), NULL);
	assert_int_equal(look(&missing), 0);
	set(OFF(&layout, thread_raised), ADDRESS(memory.trouble));
	assert_int_equal(look(&missing), TRACE_EXCEPTION);
	assert_false(missing);
}

static void none_is_found_by_its_type(void **state)
{
	bool missing;

	(void)state;
	/* No symbol. */
	context.exceptions.none = 0;
	set_value(OFF(&layout, thread_exc_state), memory.trouble);
	assert_int_equal(look(&missing), TRACE_EXCEPTION);
	set_value(OFF(&layout, thread_exc_state), memory.none);
	assert_int_equal(look(&missing), 0);
	assert_int_equal(context.exceptions.none, ADDRESS(memory.none));
	/* The symbol of a None that is not in use. */
	context.exceptions = (struct exceptions){ .none = 4096 };
	assert_int_equal(look(&missing), 0);
}

static void items_of_generators(void **state)
{
	bool missing;

	(void)state;
	chain(3, 2, memory.trouble);
	assert_int_equal(look(&missing), TRACE_EXCEPTION);
	assert_true(missing);
	/* From then on they are part of the plan. */
	assert_int_equal(look(&missing), TRACE_EXCEPTION);
	assert_false(missing);
	chain(3, 1, memory.none);
	assert_int_equal(look(&missing), 0);
	assert_false(missing);
	/* What the caller of a generator handles is handled still. */
	set_value(OFF(&layout, thread_exc_state), memory.trouble);
	assert_int_equal(look(&missing), TRACE_EXCEPTION);
}

static void what_cannot_be_known(void **state)
{
	const uint32_t unknown = TRACE_EXCEPTION << TRACE_UNKNOWN_SHIFT;
	bool missing;

	(void)state;
	/* An item that cannot be read. */
	set(OFF(&layout, thread_exc_info), 4096);
	assert_int_equal(look(&missing), unknown);
	/* A circle. */
	chain(2, 2, NULL);
	memcpy((char *)memory.items[1] + OFF(&layout, excitem_previous),
	       &(raddr){ ADDRESS(memory.items[0]) }, 8);
	assert_int_equal(look(&missing), unknown);
	assert_int_equal(look(&missing), unknown);
	/* Longer than anybody follows. */
	chain(300, 299, memory.trouble);
	assert_int_equal(look(&missing), unknown);
	/* A build whose layout is not known. */
	chain(0, 0, NULL);
	assert_int_equal(look(&missing), 0);
	layout.off[FIELD_thread_exc_info] = ABSENT;
	assert_int_equal(look(&missing), unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_item, set_up, tear_down),
		cmocka_unit_test_setup_teardown(none_is_found_by_its_type, set_up, tear_down),
		cmocka_unit_test_setup_teardown(items_of_generators, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_known, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("exception", tests, NULL, NULL);
}
