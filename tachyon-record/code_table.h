/* SPDX-License-Identifier: MIT */
/*
 * code_table.h - the code objects that were seen, by address.
 *
 * An object's text is read once and pushed to the writer; afterwards only its
 * number is used.  A freed object's address may be given to another one, so
 * an entry is believed as long as the interpreter's counter of freed code
 * objects has not moved (3.14 and later).  Elsewhere it is believed for
 * CODE_TRUST_NS, and not beyond the tick after an address was seen to be used
 * again; then its head is read and compared.  That lasts the longer the rarer it
 * is: a program that goes on using addresses again is always watched, one that
 * has done so while it started is soon trusted.
 */
#ifndef RECORD_CODE_TABLE_H
#define RECORD_CODE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/code.h"
#include "tachyon-record/ring.h"

struct code_table;

enum {
	CODE_CAPACITY = 1 << 20,
	CODE_TRUST_NS = 1000000,
	/* Times the time between two that were seen, within bounds. */
	CODE_ALERT_GAPS = 5,
	CODE_ALERT_MIN_MS = 50,
	CODE_ALERT_MAX_MS = 10000,
};

struct code {
	raddr address, first_instr;     /* 0: instructions are counted, not addressed */
	uint32_t bytes;                 /* of instructions */
	struct code_head head;
	uint64_t generation;            /* of the interpreter when it was checked */
	uint64_t checked_ns;
	uint64_t text_hash;
	uint32_t number;                /* in RECORD_NODE, from 1 */
};

enum code_status {
	CODE_OK,
	CODE_UNREADABLE,                /* gone or torn; ask again */
	CODE_NOT_CODE,                  /* there is something else */
	CODE_NO_ROOM,                   /* the ring is full */
	CODE_FULL,                      /* the table is full: start a segment */
};

struct code_table *code_table_new(void);        /* NULL: out of memory */
void code_table_free(struct code_table *t);     /* NULL is allowed */
void code_table_clear(struct code_table *t);

/* When a code object must be looked at again. */
struct code_clock {
	uint64_t generation;            /* 0 where the interpreter has none */
	uint64_t now_ns;
};

/* The code object at address, read or checked if need be. */
enum code_status code_table_get(struct code_table *t, struct remote *r,
				const struct layout *l, struct ring *ring, raddr address,
				struct code_clock clock, const struct code **code);

/* True for a while after an address was seen to have been used again. */
bool code_table_is_alert(const struct code_table *t, struct code_clock clock);

/* How many numbers were given.  A replaced object takes another one. */
uint32_t code_table_count(const struct code_table *t);

#endif
