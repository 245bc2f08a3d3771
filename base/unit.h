/* SPDX-License-Identifier: MIT */
/*
 * unit.h - quantities as people write and read them.
 *
 * Inside the programs time is uint64_t nanoseconds and size is bytes; units
 * exist only here, at the edge.  Parsers accept decimals and units in either
 * case, refuse signs, blanks and leftovers, and leave the result untouched
 * on failure (-EINVAL or -ERANGE, with err saying what would be right).
 */
#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include <stdint.h>

struct err;

/* "10", "1.5", "250ms", "2m", "1h": seconds unless a unit is given. */
int unit_parse_duration(const char *text, uint64_t *ns, struct err *err);

/* "100", "2.5", "1ms": microseconds unless a unit is given; not 0. */
int unit_parse_interval(const char *text, uint64_t *ns, struct err *err);

/* "1000", "10khz", "2.5k", "1MHz": hertz unless a unit is given, as its period. */
int unit_parse_rate(const char *text, uint64_t *period_ns, struct err *err);

/* "4096", "64k", "1.5MiB": bytes; k, m and g are powers of 1024. */
int unit_parse_bytes(const char *text, uint64_t *bytes, struct err *err);

/* A whole number not above max. */
int unit_parse_count(const char *text, uint64_t max, uint64_t *count, struct err *err);

/* A short text by value: printf("%s", unit_bytes(n).s). */
struct unit_text {
	char s[32];
};

struct unit_text unit_duration(uint64_t ns);    /* "12.3 us", "1.50 s", "2 m 05 s" */
struct unit_text unit_rate(double hz);          /* "998.7 Hz", "10.00 kHz" */
struct unit_text unit_bytes(uint64_t bytes);    /* "512 B", "1.2 MiB" */
struct unit_text unit_percent(double part, double whole); /* "0.12 %"; whole 0: "0 %" */

#endif
