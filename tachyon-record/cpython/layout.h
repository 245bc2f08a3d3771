/* SPDX-License-Identifier: MIT */
/*
 * layout.h - where CPython keeps what the recorder reads.
 *
 * A layout is data: offsets and named behaviours.  3.8 to 3.12 are rows made
 * from their headers, one for each kind of build that differs; 3.13 and later
 * describe themselves and a row adds what they leave out (layouts.c).  Code
 * that follows a layout switches on the behaviours and never on the version.
 */
#ifndef CPYTHON_LAYOUT_H
#define CPYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/linetable.h"
#include "tachyon-record/remote.h"

struct err;

enum {
	ABSENT = -1,
	/* Buffers for the parts that are read hold so many bytes. */
	LAYOUT_MAX_THREAD = 512,
	LAYOUT_MAX_INTERP_SPAN = 16384,
};

enum layout_field {
#define FIELD(name, what) FIELD_##name,
#include "tachyon-record/cpython/fields.def"
#undef FIELD
	NFIELDS
};

/* What a thread's stack is made of. */
enum frame_form {
	FRAMES_DATASTACK,       /* _PyInterpreterFrame, most in the thread's own memory (3.11) */
	FRAMES_OBJECTS,         /* PyFrameObject, anywhere in the heap */
};

/* Where an instance of a plain class keeps its attributes. */
enum instance_dict {
	INSTANCE_DICT_AT_OFFSET,/* dict where the type says (up to 3.10) */
	INSTANCE_VALUES_BEFORE, /* values in the word before the dict (3.11) */
	INSTANCE_DICT_OR_VALUES,/* in one word, tagged in bit 0 (3.12) */
	INSTANCE_INLINE,        /* values behind the object (3.13) */
};

/* How the size word of an int is read (longintrepr.h). */
enum long_form {
	LONG_SIGNED_SIZE,       /* Py_ssize_t ob_size (up to 3.11) */
	LONG_TAGGED,            /* count in bits 3 and up, sign in bits 0-1 */
};

/* Py_DEBUG adds fields to structures, and functions to what is exported. */
enum layout_build {
	BUILD_NOT_KNOWN,
	BUILD_RELEASE,
	BUILD_DEBUG,
};

struct layout {
	uint32_t version;               /* major << 8 | minor, 0x030b for 3.11 */
	enum layout_build build;
	int32_t off[NFIELDS];           /* bytes, or ABSENT */
	uint64_t executable_mask;       /* bits of frame_executable that address the code */
	uint8_t first_shim_owner;       /* frames owned by this or above are no Python frames */
	enum frame_form frames;
	uint8_t lasti_unit;             /* bytes that f_lasti counts; 0: it is a pointer */
	uint8_t running_states;         /* 1 << frame_running of a frame that has been called */
	bool free_threaded;             /* a GIL that may be switched off, or on */
	int8_t instance_dict_at;        /* words from an instance to its managed dict */
	uint8_t unicode_kind_shift;     /* kind:3 compact:1 ascii:1 start at this bit */
	enum instance_dict instance_dict;
	enum long_form long_form;
	enum line_form line_form;
	/* enum _framestate: suspended states lie from gen_suspended to gen_executing. */
	int8_t gen_created, gen_suspended, gen_executing;
	int8_t gen_awaiting;            /* from here on in await or yield from */
	bool await_by_resume;           /* only the RESUME that follows tells yield from await */
	int8_t await_depth;             /* words from the stack's end to what is awaited */
	bool stack_is_index;            /* frame_stack is an int */
};

#define OFF(layout, field) ((layout)->off[FIELD_##field])

/* Where the first of the fields is, and bytes from there behind the last one, of words. */
struct layout_span {
	int32_t from, len;
};

/* Of the fields that the layout has; it has one at least. */
struct layout_span layout_span(const struct layout *l, const enum layout_field *fields,
			       size_t n);

/* "thread_next"; for messages and tests. */
const char *layout_field_name(enum layout_field field);

/* "release", "debug" or "" where it is not known. */
const char *layout_build_name(enum layout_build build);

/* The offsets and behaviours of a minor version that does not describe itself, or NULL. */
const struct layout *layout_row(uint32_t version, enum layout_build build);

/* Versions that can be read, for messages. */
#define LAYOUT_VERSIONS "3.8 to 3.15"

/* With which a runtime begins that describes itself. */
extern const char layout_cookie[8];

/* PY_VERSION_HEX of such a runtime at the address, read or not; 0: there is none. */
uint32_t layout_described_version(struct remote *r, raddr runtime);

/* A function that the C-API got with a version: who exports it is no older. */
struct layout_symbol {
	const char *name;
	uint32_t version;               /* major << 8 | minor */
};

/* The one of this name; NULL: it says nothing. */
const struct layout_symbol *layout_symbol(const char *name);

/* What the symbols of the ELF file tell. */
struct layout_hint {
	uint32_t version;               /* major << 8 | minor, 0: not known */
	enum layout_build build;
	bool guessed;                   /* what the target holds decides, not the version told */
};

/*
 * Fills *l for the runtime at address runtime.
 * -ENOTSUP: a Python, but not one that we read; -ENOENT: no runtime there;
 * -EAGAIN: a Python that has not told yet which one it is.
 */
int layout_detect(struct remote *r, raddr runtime, const struct layout_hint *hint,
		  struct layout *l, struct err *err);

#endif
