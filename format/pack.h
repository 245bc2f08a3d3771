/* SPDX-License-Identifier: MIT */
/*
 * pack.h - the msgpack of one frame, object by object.
 *
 * Used by the writer only.  An object is packed at the end of the frame and
 * can be taken back, so that one that turns out too large leaves no trace.
 */
#ifndef FORMAT_PACK_H
#define FORMAT_PACK_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "format/trace.h"

struct pack {
	struct buf frame;
	size_t object;          /* where the object being packed begins */
	bool refused;           /* a part of it is above a limit of its own */
	msgpack_packer packer;  /* appends to frame */
};

void pack_init(struct pack *p);
void pack_release(struct pack *p);

/* Begins an object with its type and so many fields. */
void pack_open(struct pack *p, enum trace_type type, size_t nfields);

/* Returns the bytes of the object, or 0 if it was taken back as too large. */
size_t pack_close(struct pack *p);

void pack_uint(struct pack *p, uint64_t n);
void pack_int(struct pack *p, int64_t n);
void pack_array(struct pack *p, size_t n);

/* Text as str, other bytes as bin; both are cut at the format's limit. */
void pack_bytes(struct pack *p, const char *bytes, size_t len);
void pack_text(struct pack *p, const char *text);       /* NULL: empty */
void pack_list(struct pack *p, const char *const *list); /* NULL: empty */
void pack_info(struct pack *p, const struct trace_info *info, size_t n);

#endif
