/* SPDX-License-Identifier: MIT */
/*
 * runtime_scan.h - the runtime of a CPython that no symbol names.
 *
 * From 3.13 on a runtime begins with a cookie, in initialised memory of the
 * file that it was linked into (layouts.c).
 */
#ifndef RECORD_RUNTIME_SCAN_H
#define RECORD_RUNTIME_SCAN_H

#include "tachyon-record/remote.h"

/* The address of a runtime that describes itself, within len bytes; 0: none. */
raddr runtime_scan(struct remote *r, raddr from, uint64_t len);

#endif
