/* SPDX-License-Identifier: MIT */
/*
 * err.h - one finished sentence that says what failed and why.
 *
 * Library code returns 0 or -errno and leaves the sentence here; it never
 * prints and never exits.  The text is untouched on success.  It reads
 * "what: why" or "what: why; what to do", lower case, without a full stop,
 * and carries no control characters whatever the arguments held.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

enum { ERR_TEXT_SIZE = 1024 };

struct err {
	char text[ERR_TEXT_SIZE];       /* NUL-terminated, never longer */
};

/* Formats the sentence and returns -code, so that a caller can return it. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same from an argument list. */
int err_vset(struct err *err, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#endif
