/* SPDX-License-Identifier: MIT */
/* node_table_test - equal nodes, equal numbers; full, undone and cleared tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tachyon-record/node_table.h"

static uint32_t get(struct node_table *t, uint32_t parent, uint32_t code, int32_t lasti,
		    bool *is_new)
{
	return node_table_get(t, &(struct node){ parent, code, lasti, 0 }, is_new);
}

static void equal_nodes_have_one_number(void **state)
{
	struct node_table *t = node_table_new();
	bool is_new;

	(void)state;
	assert_non_null(t);
	assert_int_equal(node_table_count(t), 0);
	assert_int_equal(get(t, NODE_ROOT, 1, 0, &is_new), 1);
	assert_true(is_new);
	assert_int_equal(get(t, NODE_ROOT, 1, 0, &is_new), 1);
	assert_false(is_new);
	/* Each of the three fields counts. */
	assert_int_equal(get(t, 1, 1, 0, &is_new), 2);
	assert_int_equal(get(t, NODE_ROOT, 2, 0, &is_new), 3);
	assert_int_equal(get(t, NODE_ROOT, 1, 2, &is_new), 4);
	assert_int_equal(get(t, NODE_ROOT, 1, -1, &is_new), 5);
	assert_true(is_new);
	/* Code 0 is a function that could not be read. */
	assert_int_equal(get(t, NODE_ROOT, 0, -1, &is_new), 6);
	assert_int_equal(get(t, NODE_ROOT, 1, -1, &is_new), 5);
	assert_false(is_new);
	assert_int_equal(node_table_count(t), 6);
	node_table_free(t);
	node_table_free(NULL);
}

static void the_last_one_can_be_taken_back(void **state)
{
	struct node_table *t = node_table_new();
	bool is_new;

	(void)state;
	assert_int_equal(get(t, NODE_ROOT, 1, 0, &is_new), 1);
	assert_int_equal(get(t, 1, 2, 0, &is_new), 2);
	node_table_undo(t);
	assert_int_equal(node_table_count(t), 1);
	assert_int_equal(get(t, 1, 3, 0, &is_new), 2);
	assert_true(is_new);
	assert_int_equal(get(t, 1, 2, 0, &is_new), 3);
	assert_true(is_new);
	assert_int_equal(get(t, NODE_ROOT, 1, 0, &is_new), 1);
	assert_false(is_new);
	node_table_free(t);
}

/* One stack as deep as the table is large, then siblings of a full table. */
static void a_full_table_still_finds(void **state)
{
	struct node_table *t = node_table_new();
	unsigned wrong = 0;
	bool is_new;

	(void)state;
	for (uint32_t i = 0; i < NODE_CAPACITY; i++)
		wrong += get(t, i, 1 + i % 3, (int32_t)(i % 100), &is_new) != i + 1 ||
			 !is_new;
	assert_int_equal(wrong, 0);
	assert_int_equal(node_table_count(t), NODE_CAPACITY);
	assert_int_equal(get(t, NODE_ROOT, 9, 9, &is_new), 0);
	assert_false(is_new);
	for (uint32_t i = 0; i < NODE_CAPACITY; i++)
		wrong += get(t, i, 1 + i % 3, (int32_t)(i % 100), &is_new) != i + 1 ||
			 is_new;
	assert_int_equal(wrong, 0);

	node_table_undo(t);
	assert_int_equal(get(t, NODE_ROOT, 9, 9, &is_new), NODE_CAPACITY);
	assert_true(is_new);

	node_table_clear(t);
	assert_int_equal(node_table_count(t), 0);
	assert_int_equal(get(t, NODE_ROOT, 9, 9, &is_new), 1);
	assert_true(is_new);
	assert_int_equal(get(t, 0, 1, 0, &is_new), 2);
	assert_true(is_new);
	node_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_nodes_have_one_number),
		cmocka_unit_test(the_last_one_can_be_taken_back),
		cmocka_unit_test(a_full_table_still_finds),
	};

	return cmocka_run_group_tests_name("node_table", tests, NULL, NULL);
}
