/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - the names, functions, locations and stacks of any number of
 * segments, each held once.
 *
 * Ids of a segment are translated to ids that hold for the whole profile, by
 * content: two traces of one program share their functions.  Id 0 is the
 * empty string, the unknown function, the unknown location, the empty stack.
 * A stack is a node of a tree: its parent is the stack of the caller and has
 * a smaller id, so a walk by id meets parents first.
 */
#ifndef PROFILE_SYMBOLS_H
#define PROFILE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "format/trace.h"

/* Ids of the current segment to ids of the profile; index 0 holds 0. */
struct id_map {
	uint32_t *to;
	size_t n, cap;          /* n counts index 0 */
};

struct symbols {
	struct intern strings;
	struct intern functions;        /* struct trace_function */
	struct intern opcodes;          /* struct trace_opcode */
	struct intern locations;        /* struct trace_location */
	struct intern stacks;           /* struct trace_stack */
	struct id_map string_map, opcode_map, function_map, location_map, stack_map;
	bool show_opcodes;              /* else locations have none */
	/* Markers between frames: functions that are, and whether they are shown. */
	uint32_t gc_function, native_function;  /* 0: not seen */
	bool show_gc, show_native;
	uint8_t *in_gc;                 /* by stack: has a frame <GC> */
	size_t in_gc_cap;
};

void symbols_init(struct symbols *s);
void symbols_release(struct symbols *s);

/* The next ids are of another segment. */
void symbols_new_segment(struct symbols *s);

/* Take definitions from the reader.  -E2BIG when the profile is full. */
int symbols_add_strings(struct symbols *s, const struct trace_strings *in);
int symbols_add_opcodes(struct symbols *s, const struct trace_opcodes *in);
int symbols_add_functions(struct symbols *s, const struct trace_functions *in);
int symbols_add_locations(struct symbols *s, const struct trace_locations *in);
int symbols_add_stacks(struct symbols *s, const struct trace_stacks *in);

/* Does a stack show a collection that called what is above it? */
bool symbols_in_gc(const struct symbols *s, uint32_t stack);

/* The stack that a frame of a function which no Python file defines makes. */
uint32_t symbols_synthetic(struct symbols *s, uint32_t parent, const char *name);

/* Is it the position of a marker between frames, <GC> or <native>? */
bool symbols_is_marker(const struct symbols *s, uint32_t location);

/* The stack with one more frame. */
uint32_t symbols_push(struct symbols *s, uint32_t parent, uint32_t location);

/* The stack with a frame that only names something: name is a string, line 0. */
uint32_t symbols_marker(struct symbols *s, uint32_t parent, const char *file, uint32_t name);

/* Ids of the profile. */
struct trace_text symbols_string(const struct symbols *s, uint32_t id);
struct trace_opcode symbols_opcode(const struct symbols *s, uint32_t id);
struct trace_function symbols_function(const struct symbols *s, uint32_t id);
struct trace_location symbols_location(const struct symbols *s, uint32_t id);
struct trace_stack symbols_stack(const struct symbols *s, uint32_t id);

/* The function that runs in the leaf of a stack. */
uint32_t symbols_leaf_function(const struct symbols *s, uint32_t stack);

/* The last part of a path. */
struct trace_text symbols_basename(struct trace_text path);

/* For id maps kept elsewhere. */
void id_map_init(struct id_map *m);
void id_map_add(struct id_map *m, uint32_t id);
void id_map_release(struct id_map *m);

#endif
