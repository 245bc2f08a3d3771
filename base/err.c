/* SPDX-License-Identifier: MIT */
/* err.c - formats the sentence of a failure so that it is safe to print. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

int err_vset(struct err *err, int code, const char *fmt, va_list ap)
{
	char raw[ERR_TEXT_SIZE];
	int len = vsnprintf(raw, sizeof(raw), fmt, ap);

	if (len < 0)
		len = 0;
	if ((size_t)len >= sizeof(raw))
		len = (int)text_cut(raw, sizeof(raw) - 1, sizeof(raw) - 1);
	text_escape_to(err->text, sizeof(err->text), raw, (size_t)len);
	return -code;
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int rc = err_vset(err, code, fmt, ap);
	va_end(ap);
	return rc;
}
