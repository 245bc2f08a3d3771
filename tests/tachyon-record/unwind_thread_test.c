/* SPDX-License-Identifier: MIT */
/*
 * unwind_thread_test - a hand-made thread: its frames run copies of their
 * functions' bytecode, as in free-threaded builds from 3.14 on, or one resumes a
 * generator.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "tachyon-record/cpython/call_sites.h"
#include "tachyon-record/records.h"
#include "tachyon-record/ring.h"
#include "tachyon-record/unwind.h"

enum { BYTES = 32, COPIES = 4, FRAMES = 3, RING = 1 << 20, TAG = 4242, DEFERRED = 1 };

struct text {
	uint64_t length;
	uint32_t state;
	char data[12];
};

struct bytes {
	uint64_t size;
	char data[8];
};

struct object {
	const void *type, *filename, *qualname, *linetable;
	const void *copies;
	uint64_t units;
	int32_t firstlineno, firsttraceable;
	uint32_t version;
	char adaptive[BYTES];
};

struct frame_memory {
	uint64_t executable;
	const void *previous, *instr;
	int32_t copy;
	char owner, is_entry;
};

struct chunk_memory {
	const void *previous;
	uint64_t size, top;
	struct frame_memory frames[FRAMES];
	char room[4096];
};

struct state {
	const void *next, *interp, *current_frame;
	uint64_t ident, tag;
	const void *chunk, *top;
};

static const struct {
	const void *unused;
	const char *name;
} code_type = { NULL, "code" };
static const struct text name = { 4, (1 | 8 | 16) << 8, "spin" };
static const struct bytes table = { 0, "" };
static char bytecode[COPIES][BYTES];
static struct {
	int64_t size;
	const void *entries[COPIES];
} copies;
static struct object object;
static struct chunk_memory chunk;
static struct frame_memory generator;
static struct state state;

static struct layout layout;
static struct remote self;
static struct unwind_context context;
static struct unwinder unwinder;
static struct err err;

static raddr address(const void *p)
{
	return (raddr)(uintptr_t)p;
}

static void set(enum layout_field field, size_t offset)
{
	layout.off[field] = (int32_t)offset;
}

static void make_layout(void)
{
	layout = (struct layout){ .executable_mask = ~UINT64_C(3), .first_shim_owner = 3,
				  .free_threaded = true, .unicode_kind_shift = 8 };
	for (int i = 0; i < NFIELDS; i++)
		layout.off[i] = ABSENT;
	set(FIELD_thread_next, offsetof(struct state, next));
	set(FIELD_thread_interp, offsetof(struct state, interp));
	set(FIELD_thread_current_frame, offsetof(struct state, current_frame));
	set(FIELD_thread_ident, offsetof(struct state, ident));
	set(FIELD_thread_tag, offsetof(struct state, tag));
	set(FIELD_thread_datastack_chunk, offsetof(struct state, chunk));
	set(FIELD_thread_datastack_top, offsetof(struct state, top));
	set(FIELD_frame_executable, offsetof(struct frame_memory, executable));
	set(FIELD_frame_previous, offsetof(struct frame_memory, previous));
	set(FIELD_frame_instr, offsetof(struct frame_memory, instr));
	set(FIELD_frame_copy, offsetof(struct frame_memory, copy));
	set(FIELD_frame_owner, offsetof(struct frame_memory, owner));
	set(FIELD_frame_size, sizeof(struct frame_memory));
	set(FIELD_object_type, offsetof(struct object, type));
	set(FIELD_type_name, 8);
	set(FIELD_code_filename, offsetof(struct object, filename));
	set(FIELD_code_qualname, offsetof(struct object, qualname));
	set(FIELD_code_linetable, offsetof(struct object, linetable));
	set(FIELD_code_copies, offsetof(struct object, copies));
	set(FIELD_code_units, offsetof(struct object, units));
	set(FIELD_code_firstlineno, offsetof(struct object, firstlineno));
	set(FIELD_code_firsttraceable, offsetof(struct object, firsttraceable));
	set(FIELD_code_version, offsetof(struct object, version));
	set(FIELD_code_adaptive, offsetof(struct object, adaptive));
	set(FIELD_unicode_length, offsetof(struct text, length));
	set(FIELD_unicode_state, offsetof(struct text, state));
	set(FIELD_unicode_ascii_data, offsetof(struct text, data));
	set(FIELD_bytes_size, offsetof(struct bytes, size));
	set(FIELD_bytes_data, offsetof(struct bytes, data));
}

/* Three frames of one function: the innermost one is the last. */
static void make_thread(void)
{
	copies.size = COPIES;
	copies.entries[0] = object.adaptive;
	for (int i = 1; i < COPIES; i++)
		copies.entries[i] = bytecode[i];
	object = (struct object){ .type = &code_type, .filename = &name, .qualname = &name,
				  .linetable = &table, .copies = &copies,
				  .units = BYTES / 2, .firstlineno = 7, .version = 1 };
	chunk = (struct chunk_memory){ .size = sizeof(chunk) };
	for (int i = 0; i < FRAMES; i++)
		chunk.frames[i] = (struct frame_memory){
			.executable = address(&object) | DEFERRED,
			.previous = i ? &chunk.frames[i - 1] : NULL,
			.instr = object.adaptive,
		};
	state = (struct state){ .current_frame = &chunk.frames[FRAMES - 1], .tag = TAG,
				.chunk = &chunk, .top = &chunk.frames[FRAMES] };
}

/* The two outer frames and a generator's, of one function. */
static void make_generator(uint32_t version)
{
	layout.version = version;
	layout.free_threaded = false;
	layout.off[FIELD_code_copies] = layout.off[FIELD_frame_copy] = ABSENT;
	generator = (struct frame_memory){ .executable = address(&object),
					   .previous = &chunk.frames[1],
					   .instr = object.adaptive + 10,
					   .owner = OWNED_BY_GENERATOR };
	chunk.frames[0].instr = object.adaptive + 2;
	state.current_frame = &generator;
	state.top = &chunk.frames[2];
}

static int set_up(void **unused)
{
	(void)unused;
	make_layout();
	make_thread();
	if (remote_open(&self, getpid(), address(&state), &err) != 0)
		return -1;
	context = (struct unwind_context){ .remote = &self, .layout = &layout,
					   .ring = ring_new(RING, &err),
					   .codes = code_table_new(),
					   .nodes = node_table_new(),
					   .copies = code_copies_new() };
	unwind_context_init(&context);
	unwinder_init(&unwinder, address(&state), TAG);
	return context.ring && context.codes && context.nodes && context.copies ? 0 : -1;
}

/* The same, after the layout was changed. */
static void use_layout(void)
{
	unwinder_release(&unwinder);
	unwind_context_init(&context);
	unwinder_init(&unwinder, address(&state), TAG);
}

static int tear_down(void **unused)
{
	(void)unused;
	unwinder_release(&unwinder);
	unwind_context_release(&context);
	code_copies_free(context.copies);
	node_table_free(context.nodes);
	code_table_free(context.codes);
	ring_free(context.ring);
	remote_close(&self);
	return 0;
}

static enum unwind_status look(uint32_t *node)
{
	struct snapshot s = { 0 };
	enum unwind_status st;

	context.tick++;
	context.clock.now_ns = clock_now();
	context.retry_until_ns = clock_now() + 1000000;
	unwind_prime(&unwinder, &context);
	unwind_plan(&unwinder, &context, &s);
	snapshot_read(&s, &self);
	st = unwind(&unwinder, &context, &s, node);
	snapshot_release(&s);
	return st;
}

/* The instructions of the nodes that were pushed since the last call, callers first. */
static unsigned pushed(int32_t lasti[FRAMES])
{
	const struct ring_record *record;
	unsigned n = 0;

	while ((record = ring_peek(context.ring))) {
		if (record->type == RECORD_NODE && n < FRAMES) {
			const struct record_node *node = (const void *)record->data;

			assert_int_equal(node->code, 1);
			lasti[n++] = node->lasti;
		}
		ring_release(context.ring, record);
	}
	return n;
}

static void place(int frame, int32_t copy, const char *instr)
{
	chunk.frames[frame].copy = copy;
	chunk.frames[frame].instr = instr;
}

static void each_frame_in_its_copy(void **unused)
{
	int32_t lasti[FRAMES] = { 0 };
	uint32_t node = 0;

	(void)unused;
	place(0, 0, object.adaptive + 4);
	place(1, 3, bytecode[3] + 10);
	place(2, 1, bytecode[1] + 30);
	assert_int_equal(look(&node), UNWIND_EXACT);
	assert_int_equal(node, FRAMES);
	assert_int_equal(pushed(lasti), FRAMES);
	assert_int_equal(lasti[0], 4);
	assert_int_equal(lasti[1], 10);
	assert_int_equal(lasti[2], 30);
}

/* The same instruction is the same node, whichever copy runs it. */
static void copies_are_one_function(void **unused)
{
	int32_t lasti[FRAMES] = { 0 };
	uint32_t first = 0, second = 0;

	(void)unused;
	place(2, 1, bytecode[1] + 8);
	assert_int_equal(look(&first), UNWIND_EXACT);
	assert_int_equal(pushed(lasti), FRAMES);
	place(2, 2, bytecode[2] + 8);
	assert_int_equal(look(&second), UNWIND_EXACT);
	assert_int_equal(second, first);
	assert_int_equal(pushed(lasti), 0);
}

/* An instruction that is not in the copy was read while the two changed. */
static void no_mixture(void **unused)
{
	uint32_t node = 0;

	(void)unused;
	place(2, 1, bytecode[2] + 8);
	assert_int_not_equal(look(&node), UNWIND_EXACT);
	place(2, COPIES, bytecode[2] + 8);
	assert_int_not_equal(look(&node), UNWIND_EXACT);
	place(2, -1, bytecode[2] + 8);
	assert_int_not_equal(look(&node), UNWIND_EXACT);
	place(2, 2, bytecode[2] + 8);
	assert_int_equal(look(&node), UNWIND_EXACT);
}

/* With at least so many units behind it. */
static char opcode_with(unsigned flags, unsigned units)
{
	unsigned opcode = 1;

	while (opcode < 256 && (context.sites[opcode].flags != flags ||
				context.sites[opcode].units < units))
		opcode++;
	assert_in_range(opcode, 1, 255);
	return (char)opcode;
}

static char opcode_that(unsigned flags)
{
	return opcode_with(flags, 0);
}

/*
 * The generator is innermost, and its caller stands where it cannot have resumed
 * it: it stood elsewhere then, and that is so at the next look, too.
 */
static void a_caller_that_has_gone_on(void **unused)
{
	uint32_t first = 0, node = 0;

	(void)unused;
	make_generator(0x030f);
	use_layout();
	object.adaptive[2] = opcode_that(SITE_CALLS);
	object.adaptive[4] = opcode_that(SITE_RESUMES);
	object.adaptive[6] = opcode_that(SITE_QUIET);
	chunk.frames[1].instr = object.adaptive + 4;
	assert_int_equal(look(&first), UNWIND_EXACT);
	chunk.frames[1].instr = object.adaptive + 6;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(look(&node), UNWIND_INEXACT);
		assert_int_equal(node, first);
	}
	chunk.frames[1].instr = object.adaptive + 4;
	assert_int_equal(look(&node), UNWIND_EXACT);
	assert_int_equal(node, first);
}

/* Where C resumes generators, it does so in a loop, or hardly. */
static void a_rare_caller(void **unused)
{
	uint32_t node = 0, in_loop = 0, caller;

	(void)unused;
	make_generator(0x030b);
	set(FIELD_frame_is_entry, offsetof(struct frame_memory, is_entry));
	use_layout();
	generator.is_entry = 1;
	object.adaptive[2] = opcode_that(SITE_CALLS);
	object.adaptive[16] = opcode_that(SITE_ITERATES);
	object.adaptive[18] = opcode_that(SITE_CALLS);
	chunk.frames[1].instr = object.adaptive + 18;
	assert_int_equal(look(&node), UNWIND_EXACT);
	caller = unwinder.last.v[1].node;
	assert_int_equal(unwinder.rare, caller);
	/* What was seen in two reads is believed from now on. */
	assert_int_equal(look(&node), UNWIND_EXACT);
	assert_int_equal(unwinder.rare, NODE_ROOT);
	chunk.frames[1].instr = object.adaptive + 16;
	assert_int_equal(look(&in_loop), UNWIND_EXACT);
	/* It resumed the generator in a loop: it has gone on, unless it stays there. */
	chunk.frames[1].instr = object.adaptive + 18;
	assert_int_equal(look(&node), UNWIND_INEXACT);
	assert_int_equal(node, in_loop);
	for (int i = 0; i < 8 && look(&node) == UNWIND_INEXACT; i++)
		assert_int_equal(node, in_loop);
	assert_int_not_equal(node, in_loop);
	assert_int_equal(unwinder.last.v[1].node, caller);
}

/* In 3.12 an instruction that calls has units behind it, which can look like anything. */
static void a_unit_that_looks_like_a_call(void **unused)
{
	uint32_t node = 0;
	char call;

	(void)unused;
	make_generator(0x030c);
	use_layout();
	call = opcode_with(SITE_CALLS, 3);
	object.adaptive[2] = call;
	/* At the distance at which a call would stand, if this were its last unit. */
	object.adaptive[4] = call;
	object.adaptive[10] = opcode_that(SITE_RESUMES);
	chunk.frames[1].instr = object.adaptive + 10;
	assert_int_equal(look(&node), UNWIND_EXACT);
	assert_int_equal(unwinder.last.n, FRAMES);
	assert_int_equal(unwinder.last.v[0].owner, OWNED_BY_GENERATOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_frame_in_its_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(copies_are_one_function, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_mixture, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_caller_that_has_gone_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rare_caller, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_unit_that_looks_like_a_call, set_up,
						tear_down),
	};

	return cmocka_run_group_tests_name("unwind_thread", tests, NULL, NULL);
}
