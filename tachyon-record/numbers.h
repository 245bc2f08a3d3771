/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - small numbers by which the writer knows what comes and goes.
 *
 * A number is given again only after the writer has been told that its last
 * bearer is gone: numbers_leave() first, numbers_told() with what tells it.
 */
#ifndef RECORD_NUMBERS_H
#define RECORD_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct number_list {
	uint32_t *v;
	size_t n, room;
};

/* All zero: none was given yet. */
struct numbers {
	struct number_list free;
	struct number_list leaving;     /* to be free once the writer knows */
	uint32_t highest;               /* that was given */
};

void numbers_release(struct numbers *n);

/* The number, from 1, that numbers_take() gives next. */
uint32_t numbers_next(const struct numbers *n);
uint32_t numbers_take(struct numbers *n);

/* The bearer of the number is gone; the writer does not know yet. */
void numbers_leave(struct numbers *n, uint32_t number);

/* The writer knows who is gone. */
void numbers_told(struct numbers *n);

#endif
