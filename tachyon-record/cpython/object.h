/* SPDX-License-Identifier: MIT */
/*
 * object.h - read str, bytes, int and dict objects of the target.
 *
 * Sizes come from the target and are bounded before anything is read.  A
 * result is a copy; the object may change or vanish the moment after.
 */
#ifndef CPYTHON_OBJECT_H
#define CPYTHON_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/layout.h"

/* True if the object's type has this name, of at most 15 letters. */
bool object_type_is(struct remote *r, const struct layout *l, raddr object, const char *name);

/*
 * Reads a str as UTF-8 into out, at most size bytes, and returns its length
 * in bytes; -1 if there is no such str.  A longer one is cut.  Lone
 * surrogates U+DC80 to U+DCFF become the byte that os.fsdecode() made them
 * of, others keep their three-byte form: tachyon-trace(5), STRINGS.
 */
ptrdiff_t object_str(struct remote *r, const struct layout *l, raddr str, char *out,
		     size_t size);

/* Reads a bytes object; a longer one is cut.  -1 if there is no such object. */
ptrdiff_t object_bytes(struct remote *r, const struct layout *l, raddr bytes, void *out,
		       size_t size);

/* Reads a non-negative int below 2**64. */
bool object_uint(struct remote *r, const struct layout *l, raddr integer, uint64_t *value);

/* Bytes of a setentry: key, hash (Include/cpython/setobject.h). */
enum { OBJECT_SET_ENTRY = 16 };

/* The key of an entry in a set's table; 0: free, or removed. */
raddr object_set_key(const char entry[OBJECT_SET_ENTRY]);

/* Calls fn for each key of a dict until it returns true; true if one did. */
typedef bool object_item_fn(void *arg, raddr key, raddr value);
bool object_dict_each(struct remote *r, const struct layout *l, raddr dict,
		      object_item_fn *fn, void *arg);

/* dict[name] for an ASCII name; 0 if it is not there. */
raddr object_dict_get(struct remote *r, const struct layout *l, raddr dict, const char *name);

/* Where instances of a class keep an attribute; zeros at first. */
struct object_slot {
	raddr type;
	int64_t index;                  /* among the values, -1: not there */
};

/*
 * The attribute of an instance of a plain class; 0 if it is not there.  The
 * slot remembers its place for the next instance of the same class.
 */
raddr object_attribute(struct remote *r, const struct layout *l, raddr object,
		       const char *name, struct object_slot *slot);

#endif
