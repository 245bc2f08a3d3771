/* SPDX-License-Identifier: MIT */
/* definitions_test - the sampler's numbers to the ids of a trace, read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "format/reader.h"
#include "tachyon-record/definitions.h"
#include "tests/fixture.h"

/* Four code units: the first two are one position, the others two more. */
static const char table[] = "\x81\x12\x80\x34\xd8\x05\x06";

static void add_code(struct definitions *d, const char *name, int32_t first_line,
		     const void *lines, size_t len)
{
	static const char file[] = "/a.py";
	const size_t name_len = strlen(name), file_len = sizeof(file) - 1;
	struct record_code *code = malloc(sizeof(*code) + name_len + file_len + len);

	assert_non_null(code);
	*code = (struct record_code){
		.first_line = first_line,
		.name_len = (uint32_t)name_len,
		.file_len = (uint32_t)file_len,
		.table_len = (uint32_t)len,
	};
	memcpy(code->text, name, name_len);
	memcpy(code->text + name_len, file, file_len);
	memcpy(code->text + name_len + file_len, lines, len);
	assert_int_equal(definitions_code(d, code), 0);
	free(code);
}

static uint32_t add_node(struct definitions *d, uint32_t parent, uint32_t code,
			 int32_t lasti)
{
	const struct record_node node = { parent, code, lasti, 0 };

	assert_int_equal(definitions_node(d, &node), 0);
	return definitions_stack(d, (uint32_t)d->nstacks - 1);
}

static void nodes_become_stacks(void **state)
{
	int fd = fixture_file(NULL, 0);
	struct trace_writer *w = fixture_writer(fd);
	struct definitions d;
	uint32_t main_at_0;

	(void)state;
	definitions_init(&d, w);
	assert_int_equal(definitions_stack(&d, 0), 0);
	assert_int_equal(definitions_stack(&d, 1), 0);
	add_code(&d, "main", 10, table, sizeof(table) - 1);
	add_code(&d, "f", 20, table, sizeof(table) - 1);
	main_at_0 = add_node(&d, 0, 1, 0);
	assert_true(main_at_0 > 0);
	/* Another instruction of the same position. */
	assert_int_equal(add_node(&d, 0, 1, 2), main_at_0);
	assert_int_not_equal(add_node(&d, 0, 1, 4), main_at_0);
	assert_int_not_equal(add_node(&d, 0, 1, 6), main_at_0);
	assert_int_not_equal(add_node(&d, 0, 1, -1), main_at_0);
	/* Callees of nodes that are one stack, and a function that is not known. */
	assert_int_equal(add_node(&d, 1, 2, 0), add_node(&d, 2, 2, 2));
	assert_true(add_node(&d, 1, CODE_UNKNOWN, -1) > 0);
	assert_int_equal(definitions_stack(&d, 1), main_at_0);
	assert_int_equal(definitions_stack(&d, 99), 0);
	assert_true(definitions_memory(&d) > 2 * sizeof(table));

	definitions_clear(&d);
	assert_int_equal(definitions_stack(&d, 1), 0);
	add_code(&d, "g", 30, "", 0);
	assert_true(add_node(&d, 0, 1, 0) > 0);
	definitions_release(&d);
	trace_writer_free(w);
	close(fd);
}

/* Ends the trace and reads its locations back; returns how many there are. */
static uint32_t read_locations(int fd, struct trace_writer *w,
			       struct trace_location *out, uint32_t room)
{
	struct trace_reader *r;
	struct trace_object o;
	uint32_t n = 0;
	struct err err;
	int rc;

	rc = trace_writer_end(w, 1, TRACE_END_TARGET, "", NULL, 0, &err);
	assert_int_equal(rc, 0);
	trace_writer_free(w);
	lseek(fd, 0, SEEK_SET);
	r = trace_reader_new(fd, "test", &err);
	while ((rc = trace_reader_next(r, &o, &err)) > 0)
		if (o.type == TRACE_LOCATIONS)
			for (uint32_t i = 0; i < o.u.locations.n; i++)
				if (n++ < room)
					out[n - 1] = o.u.locations.items[i];
	if (rc)
		print_error("%s\n", err.text);
	assert_int_equal(rc, 0);
	trace_reader_free(r);
	close(fd);
	return n;
}

static void instructions_become_positions(void **state)
{
	int fd = fixture_file(NULL, 0);
	struct trace_writer *w = fixture_writer(fd);
	struct trace_location at[6];
	struct definitions d;

	(void)state;
	definitions_init(&d, w);
	add_code(&d, "main", 10, table, sizeof(table) - 1);
	add_node(&d, 0, 1, -1);
	add_node(&d, 0, 1, 0);
	add_node(&d, 0, 1, 6);
	add_node(&d, 0, CODE_UNKNOWN, -1);
	add_node(&d, 1, CODE_GC, -1);
	add_node(&d, 1, CODE_NATIVE, -1);
	definitions_release(&d);
	assert_int_equal(read_locations(fd, w, at, 6), 6);
	assert_int_equal(at[0].line, 10);
	assert_int_equal(at[0].col, -1);
	assert_int_equal(at[1].line, 10);
	assert_int_equal(at[1].col, 1);
	assert_int_equal(at[1].end_col, 3);
	assert_int_equal(at[2].line, 11);
	assert_int_equal(at[2].end_line, 11);
	assert_int_equal(at[2].col, 5);
	assert_int_equal(at[2].end_col, 6);
	assert_int_equal(at[3].function, 0);
	assert_int_equal(at[3].line, -1);
	/* Markers are functions of their own, on no line. */
	assert_true(at[4].function > at[2].function);
	assert_int_equal(at[4].line, -1);
	assert_int_equal(at[5].function, at[4].function + 1);
}

/* A code object that was torn must not make the trace unreadable. */
static void garbage_stays_readable(void **state)
{
	static const struct {
		int32_t first_line;
		const char *lines;
	} bad[] = {
		{ -1, "\x80\x12" },
		{ INT32_MIN, "\x80\x12" },
		{ INT32_MAX, "\xe0\x01\x01" },
		{ 5, "\xe8\x7f\x7f" },                          /* a line far below 0 */
		{ 5, "\xf0\x01\x01\x7f\x7f\x7f\x7f\x7f\x3f\x7f\x7f\x7f\x7f\x7f\x3f" },
		{ 5, "\xf0\x01\x7f\x7f\x7f\x7f\x7f\x3f\x01\x01" },
	};
	const uint32_t n = sizeof(bad) / sizeof(bad[0]);

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		int fd = fixture_file(NULL, 0);
		struct trace_writer *w = fixture_writer(fd);
		struct trace_location at;
		struct definitions d;

		definitions_init(&d, w);
		add_code(&d, "f", bad[i].first_line, bad[i].lines,
			 strlen(bad[i].lines));
		add_node(&d, 0, 1, 0);
		definitions_release(&d);
		assert_int_equal(read_locations(fd, w, &at, 1), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_become_stacks),
		cmocka_unit_test(instructions_become_positions),
		cmocka_unit_test(garbage_stays_readable),
	};

	return cmocka_run_group_tests_name("definitions", tests, NULL, NULL);
}
