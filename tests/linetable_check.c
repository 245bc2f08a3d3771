/* SPDX-License-Identifier: MIT */
/*
 * linetable_check - compares our line tables with those of an interpreter.
 *
 * Standard input is what linetable_all.py writes: for each code object
 *
 *	uint32 enum line_form, int32 first_line, uint32 bytes of the table,
 *	uint32 code units,
 *	the table, struct position of each code unit
 *
 * in the byte order of the machine.  Prints what differs, and counts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tachyon-record/cpython/linetable.h"

enum { CODE_UNIT = 2, MAX_TABLE = 1 << 24, MAX_SHOWN = 10 };

struct counts {
	unsigned long objects, units, wrong;
	unsigned long without_line, without_columns, several_lines;
};

/* False at the end of the input; ends the program within an object. */
static int read_exactly(void *to, size_t len, int may_end)
{
	size_t got = fread(to, 1, len, stdin);

	if (got == len)
		return 1;
	if (got == 0 && may_end)
		return 0;
	fprintf(stderr, "linetable_check: the input ends within a code object\n");
	exit(2);
}

static void show(const char *what, const struct position *p)
{
	printf("  %s %" PRId32 "-%" PRId32 ":%" PRId32 "-%" PRId32 "\n", what, p->line,
	       p->end_line, p->col, p->end_col);
}

static void compare(struct counts *c, const uint32_t *head, const uint8_t *table,
		    uint32_t unit, const struct position *theirs)
{
	const int32_t first_line = (int32_t)head[1];
	struct position ours = linetable_find((enum line_form)head[0], table, head[2],
					      first_line, (int32_t)unit * CODE_UNIT);

	c->units++;
	c->without_line += theirs->line < 0;
	c->without_columns += theirs->line >= 0 && theirs->col < 0;
	c->several_lines += theirs->end_line > theirs->line;
	if (memcmp(&ours, theirs, sizeof(ours)) == 0)
		return;
	if (c->wrong++ >= MAX_SHOWN)
		return;
	printf("code object %lu at line %" PRId32 ", code unit %" PRIu32 ":\n",
	       c->objects, first_line, unit);
	show("interpreter", theirs);
	show("line table ", &ours);
}

int main(void)
{
	struct counts c = { 0 };
	uint32_t head[4];

	while (read_exactly(head, sizeof(head), 1)) {
		uint8_t *table;
		struct position *positions;

		if (head[2] > MAX_TABLE || head[3] > MAX_TABLE)
			return 2;
		/* Of the table's exact size: a sanitizer sees a read behind it. */
		table = mem_alloc(head[2], 1);
		positions = mem_alloc(head[3], sizeof(*positions));
		read_exactly(table, head[2], 0);
		read_exactly(positions, head[3] * sizeof(*positions), 0);
		c.objects++;
		for (uint32_t i = 0; i < head[3]; i++)
			compare(&c, head, table, i, &positions[i]);
		free(positions);
		free(table);
	}
	printf("%lu objects, %lu units, %lu without line, %lu without columns, "
	       "%lu over several lines, %lu wrong\n",
	       c.objects, c.units, c.without_line, c.without_columns,
	       c.several_lines, c.wrong);
	return c.wrong || !c.units;
}
