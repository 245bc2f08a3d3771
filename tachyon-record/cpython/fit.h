/* SPDX-License-Identifier: MIT */
/*
 * fit.h - does a layout describe a runtime that does not describe itself?
 *
 * The lists of interpreters and threads have to lead where they should, and
 * sys.hexversion, found by way of dicts, strings and ints, has to be that of
 * the layout's version.
 */
#ifndef CPYTHON_FIT_H
#define CPYTHON_FIT_H

#include "tachyon-record/cpython/layout.h"

enum fit {
	FIT_NO,
	FIT_NOT_YET,            /* nothing speaks against it, but it has only begun to start */
	FIT_MAYBE,              /* the same of one that runs, without a sys.hexversion */
	FIT_YES,
};

enum fit layout_fit(struct remote *r, raddr runtime, const struct layout *l);

/* sys.hexversion of the main interpreter; 0 if it is not there, or not yet. */
uint32_t layout_hexversion(struct remote *r, raddr runtime, const struct layout *l);

#endif
