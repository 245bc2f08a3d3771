/* SPDX-License-Identifier: MIT */
/* symbols.c - one table for each kind of definition, and the maps into it. */
#include "profile/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	MAX_IDS = 1 << 26,              /* of each kind: a few gigabytes in the end */
};

/* Distinct text of a profile; beyond it somebody plays with zstd. */
#define MAX_TEXT_BYTES ((size_t)1 << 31)

_Static_assert(sizeof(struct trace_opcode) == 8, "padding in a key");
_Static_assert(sizeof(struct trace_function) == 12, "padding in a key");
_Static_assert(sizeof(struct trace_location) == 24, "padding in a key");
_Static_assert(sizeof(struct trace_stack) == 8, "padding in a key");

void id_map_init(struct id_map *m)
{
	m->n = 0;
	id_map_add(m, 0);
}

void id_map_add(struct id_map *m, uint32_t id)
{
	m->to = mem_grow(m->to, &m->cap, m->n + 1, sizeof(*m->to));
	m->to[m->n++] = id;
}

void id_map_release(struct id_map *m)
{
	free(m->to);
	*m = (struct id_map){ 0 };
}

void symbols_new_segment(struct symbols *s)
{
	id_map_init(&s->string_map);
	id_map_init(&s->opcode_map);
	id_map_init(&s->function_map);
	id_map_init(&s->location_map);
	id_map_init(&s->stack_map);
}

void symbols_init(struct symbols *s)
{
	*s = (struct symbols){ 0 };
	intern_init(&s->strings, 0, MAX_IDS);
	intern_init(&s->opcodes, sizeof(struct trace_opcode), MAX_IDS);
	intern_init(&s->functions, sizeof(struct trace_function), MAX_IDS);
	intern_init(&s->locations, sizeof(struct trace_location), MAX_IDS);
	intern_init(&s->stacks, sizeof(struct trace_stack), MAX_IDS);
	symbols_new_segment(s);
}

void symbols_release(struct symbols *s)
{
	intern_release(&s->strings);
	intern_release(&s->opcodes);
	intern_release(&s->functions);
	intern_release(&s->locations);
	intern_release(&s->stacks);
	free(s->in_gc);
	id_map_release(&s->string_map);
	id_map_release(&s->opcode_map);
	id_map_release(&s->function_map);
	id_map_release(&s->location_map);
	id_map_release(&s->stack_map);
}

/* Enters a key and maps the segment's next id to it. */
static int add(struct intern *table, struct id_map *map, const void *key, size_t len)
{
	uint32_t id = intern_add(table, key, len);

	if (!id)
		return -E2BIG;
	id_map_add(map, id);
	return 0;
}

int symbols_add_strings(struct symbols *s, const struct trace_strings *in)
{
	int rc = 0;

	for (uint32_t i = 0; i < in->n && rc == 0; i++) {
		const struct trace_text *t = &in->texts[i];

		/* The empty string is 0 however the segment calls it. */
		if (t->len == 0)
			id_map_add(&s->string_map, 0);
		else if (s->strings.keys.len + t->len > MAX_TEXT_BYTES)
			rc = -E2BIG;
		else
			rc = add(&s->strings, &s->string_map, t->bytes, t->len);
	}
	return rc;
}

int symbols_add_opcodes(struct symbols *s, const struct trace_opcodes *in)
{
	int rc = 0;

	for (uint32_t i = 0; i < in->n && rc == 0; i++) {
		struct trace_opcode o = {
			.name = s->string_map.to[in->items[i].name],
			.base = s->string_map.to[in->items[i].base],
		};

		rc = add(&s->opcodes, &s->opcode_map, &o, sizeof(o));
	}
	return rc;
}

static bool is_text(const struct symbols *s, uint32_t id, const char *text)
{
	struct trace_text t = symbols_string(s, id);

	return t.len == strlen(text) && memcmp(t.bytes, text, t.len) == 0;
}

/* A function that no file has may be one of the markers. */
static void note_marker(struct symbols *s, const struct trace_function *f, uint32_t id)
{
	if (f->first_line != 0 || !is_text(s, f->file, TRACE_MARKER_FILE))
		return;
	if (is_text(s, f->name, TRACE_MARKER_GC))
		s->gc_function = id;
	else if (is_text(s, f->name, TRACE_MARKER_NATIVE))
		s->native_function = id;
}

int symbols_add_functions(struct symbols *s, const struct trace_functions *in)
{
	int rc = 0;

	for (uint32_t i = 0; i < in->n && rc == 0; i++) {
		struct trace_function f = in->items[i];

		f.name = s->string_map.to[f.name];
		f.file = s->string_map.to[f.file];
		rc = add(&s->functions, &s->function_map, &f, sizeof(f));
		if (rc == 0)
			note_marker(s, &f, s->function_map.to[s->function_map.n - 1]);
	}
	return rc;
}

int symbols_add_locations(struct symbols *s, const struct trace_locations *in)
{
	int rc = 0;

	for (uint32_t i = 0; i < in->n && rc == 0; i++) {
		struct trace_location l = in->items[i];

		l.function = s->function_map.to[l.function];
		/* Without them, locations that differ in nothing else are one. */
		l.opcode = l.opcode > 0 && s->show_opcodes
			? (int32_t)s->opcode_map.to[l.opcode] : -1;
		rc = add(&s->locations, &s->location_map, &l, sizeof(l));
	}
	return rc;
}

static void set_in_gc(struct symbols *s, uint32_t stack)
{
	size_t had = s->in_gc_cap;

	s->in_gc = mem_grow(s->in_gc, &s->in_gc_cap, (size_t)stack + 1, 1);
	memset(s->in_gc + had, 0, s->in_gc_cap - had);
	s->in_gc[stack] = true;
}

bool symbols_in_gc(const struct symbols *s, uint32_t stack)
{
	return stack < s->in_gc_cap && s->in_gc[stack];
}

/* Maps a marker to what the view has for it: itself, another one, or nothing. */
static void add_marker(struct symbols *s, uint32_t parent, bool is_gc)
{
	uint32_t stack = parent;

	if (is_gc && s->show_gc)
		stack = symbols_synthetic(s, parent, TRACE_MARKER_GC);
	else if (s->show_native)
		stack = symbols_synthetic(s, parent, TRACE_MARKER_NATIVE);
	if (is_gc && s->show_gc && stack)
		set_in_gc(s, stack);
	id_map_add(&s->stack_map, stack);
}

static int add_stack(struct symbols *s, const struct trace_stack *n)
{
	uint32_t function = symbols_location(s, n->location).function;
	int rc;

	if (function && (function == s->gc_function || function == s->native_function)) {
		add_marker(s, n->parent, function == s->gc_function);
		return s->stack_map.to[s->stack_map.n - 1] || !n->parent ? 0 : -E2BIG;
	}
	rc = add(&s->stacks, &s->stack_map, n, sizeof(*n));
	if (rc == 0 && symbols_in_gc(s, n->parent))
		set_in_gc(s, s->stack_map.to[s->stack_map.n - 1]);
	return rc;
}

int symbols_add_stacks(struct symbols *s, const struct trace_stacks *in)
{
	int rc = 0;

	for (uint32_t i = 0; i < in->n && rc == 0; i++) {
		struct trace_stack n = {
			.parent = s->stack_map.to[in->items[i].parent],
			.location = s->location_map.to[in->items[i].location],
		};

		rc = add_stack(s, &n);
	}
	return rc;
}

bool symbols_is_marker(const struct symbols *s, uint32_t location)
{
	uint32_t function = symbols_location(s, location).function;

	return function && (function == s->gc_function || function == s->native_function);
}

uint32_t symbols_push(struct symbols *s, uint32_t parent, uint32_t location)
{
	const struct trace_stack n = { .parent = parent, .location = location };
	uint32_t stack = intern_add(&s->stacks, &n, sizeof(n));
	uint32_t function = symbols_location(s, location).function;

	if (stack && (symbols_in_gc(s, parent) || (function && function == s->gc_function)))
		set_in_gc(s, stack);
	return stack;
}

uint32_t symbols_marker(struct symbols *s, uint32_t parent, const char *file, uint32_t name)
{
	struct trace_function f = {
		.name = name,
		.file = intern_add(&s->strings, file, strlen(file)),
	};
	struct trace_location l = {
		.function = intern_add(&s->functions, &f, sizeof(f)),
		.end_line = -1, .col = -1, .end_col = -1, .opcode = -1,
	};

	return symbols_push(s, parent, intern_add(&s->locations, &l, sizeof(l)));
}

uint32_t symbols_synthetic(struct symbols *s, uint32_t parent, const char *name)
{
	return symbols_marker(s, parent, TRACE_MARKER_FILE,
			      intern_add(&s->strings, name, strlen(name)));
}

struct trace_text symbols_string(const struct symbols *s, uint32_t id)
{
	struct trace_text t = { "", 0 };

	if (id)
		t.bytes = intern_get(&s->strings, id, &t.len);
	return t;
}

struct trace_function symbols_function(const struct symbols *s, uint32_t id)
{
	struct trace_function f = { 0 };

	if (id)
		memcpy(&f, intern_get(&s->functions, id, NULL), sizeof(f));
	return f;
}

struct trace_opcode symbols_opcode(const struct symbols *s, uint32_t id)
{
	struct trace_opcode o = { 0 };

	if (id)
		memcpy(&o, intern_get(&s->opcodes, id, NULL), sizeof(o));
	return o;
}

struct trace_location symbols_location(const struct symbols *s, uint32_t id)
{
	struct trace_location l = { 0, -1, -1, -1, -1, -1 };

	if (id)
		memcpy(&l, intern_get(&s->locations, id, NULL), sizeof(l));
	return l;
}

struct trace_stack symbols_stack(const struct symbols *s, uint32_t id)
{
	struct trace_stack n = { 0 };

	if (id)
		memcpy(&n, intern_get(&s->stacks, id, NULL), sizeof(n));
	return n;
}

uint32_t symbols_leaf_function(const struct symbols *s, uint32_t stack)
{
	return symbols_location(s, symbols_stack(s, stack).location).function;
}

struct trace_text symbols_basename(struct trace_text path)
{
	const char *slash = path.len ? memrchr(path.bytes, '/', path.len) : NULL;

	if (slash && slash + 1 < path.bytes + path.len) {
		path.len -= (size_t)(slash + 1 - path.bytes);
		path.bytes = slash + 1;
	}
	return path;
}
