/* SPDX-License-Identifier: MIT */
/*
 * decode.h - the bytes of one object into a struct trace_object.
 *
 * Used by the reader only.  The decoder knows what the segment has defined so
 * far and refuses whatever refers to something else, so that nobody behind it
 * has to check an id.
 */
#ifndef FORMAT_DECODE_H
#define FORMAT_DECODE_H

#include <stddef.h>

#include "format/trace.h"

struct err;
struct decoder;

struct decoder *decoder_new(void);
void decoder_free(struct decoder *d);           /* NULL is allowed */

/*
 * Decodes the len bytes of a measured object.  Returns 1 with *o filled,
 * borrowed until the next call and not longer than the bytes; 0 for a type
 * that is not known; -EBADMSG for what the format forbids; -ENOTSUP for
 * another major version, and -EINVAL if the trace does not begin with a header.
 */
int decoder_object(struct decoder *d, const void *bytes, size_t len,
		   struct trace_object *o, struct err *err);

#endif
