/* SPDX-License-Identifier: MIT */
/*
 * decode.c - one function for each type of object, found in a table.
 *
 * Columns are read by a cursor; what holds a map is unpacked by msgpack-c.
 * Arrays that are handed out live in the decoder and are used again for the
 * next object.  They are sized only from counts that cursor_array() has
 * checked against the bytes that remain.
 */
#include "format/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/cursor.h"

/* An array that grows and is used again. */
struct array {
	void *items;
	size_t cap;
};

enum scratch { TEXTS, ITEMS, LATE, TIMES, SKIPS, GROUPS, RUNS, LISTS, MEMBERS, NSCRATCH };

struct decoder {
	bool in_segment;
	uint32_t minor;
	uint32_t nopcodes;
	uint32_t nstrings, nfunctions, nlocations, nstacks, nprocesses, nthreads;
	uint32_t ntasks;
	uint32_t logical_process;       /* whose next block tasks were told of, 0: none */
	uint32_t logical_ticks;         /* that it must have */
	uint64_t text_bytes;            /* of all strings of the segment */
	uint32_t *depth;                /* frames, by stack id - 1 */
	size_t depth_cap;
	struct array scratch[NSCRATCH];
	msgpack_zone zone;              /* what msgpack-c unpacked of this object */
};

/* Takes the fields of one object; the cursor is behind its type. */
typedef int decode_fn(struct decoder *d, struct cursor *c, struct trace_object *o,
		      struct err *err);

struct decoder *decoder_new(void)
{
	struct decoder *d = mem_alloc(1, sizeof(*d));

	/* Room for a header with a few dozen facts; grows in steps of that. */
	if (!msgpack_zone_init(&d->zone, 8192)) {
		free(d);
		return NULL;
	}
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	msgpack_zone_destroy(&d->zone);
	for (int i = 0; i < NSCRATCH; i++)
		free(d->scratch[i].items);
	free(d->depth);
	free(d);
}

static void *scratch_array(struct decoder *d, enum scratch which, size_t n, size_t size)
{
	struct array *a = &d->scratch[which];

	/* cap counts bytes, since the types of one array differ by object. */
	a->items = mem_grow(a->items, &a->cap, n * size + 1, 1);
	return a->items;
}

static int bad(struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "%s", what);
}

static bool read_u32(struct cursor *c, uint32_t max, uint32_t *value)
{
	uint64_t wide;

	if (!cursor_uint(c, &wide) || wide > max)
		return false;
	*value = (uint32_t)wide;
	return true;
}

static bool read_text(struct cursor *c, struct trace_text *t)
{
	return cursor_bytes(c, &t->bytes, &t->len) && t->len <= TRACE_MAX_STRING;
}

static bool read_time(struct cursor *c, uint64_t *ns)
{
	return cursor_uint(c, ns) && *ns <= INT64_MAX;
}

/* Unpacks the map that is next, once it is known how much that can take. */
static bool read_map(struct decoder *d, struct cursor *c,
		     const struct msgpack_object **map)
{
	msgpack_object *o = msgpack_zone_malloc(&d->zone, sizeof(*o));
	struct measure m = { 0 };
	size_t used = 0;

	if (!o || measure_object(&m, c->p, (size_t)(c->end - c->p)) != MEASURE_DONE ||
	    m.at > TRACE_MAX_INFO ||
	    msgpack_unpack((const char *)c->p, m.at, &used, &d->zone, o) !=
		    MSGPACK_UNPACK_SUCCESS ||
	    o->type != MSGPACK_OBJECT_MAP)
		return false;
	c->p += m.at;
	*map = o;
	return true;
}

/* --- definitions -------------------------------------------------------- */

/* Reads `first` and checks that it continues what is defined. */
static bool read_first(struct cursor *c, uint32_t defined, uint32_t *first)
{
	return read_u32(c, UINT32_MAX, first) && *first == defined + 1;
}

/* How many elements does the array have that is next? */
static bool peek_count(struct cursor c, uint32_t defined, uint32_t limit, uint32_t *n)
{
	return cursor_array(&c, n) && *n <= limit - defined;
}

static int decode_strings(struct decoder *d, struct cursor *c, struct trace_object *o,
			  struct err *err)
{
	struct trace_strings *s = &o->u.strings;

	if (!read_first(c, d->nstrings, &s->first) || !cursor_array(c, &s->n) ||
	    s->n > TRACE_MAX_STRINGS - d->nstrings)
		return bad(err, "a batch of strings is out of order or over the limit");

	struct trace_text *texts = scratch_array(d, TEXTS, s->n, sizeof(*texts));

	for (uint32_t i = 0; i < s->n; i++) {
		if (!read_text(c, &texts[i]))
			return bad(err, "a string is no string, or over the limit");
		d->text_bytes += texts[i].len;
	}
	if (d->text_bytes > TRACE_MAX_TEXT)
		return bad(err, "more bytes of strings than the limit of the format");
	s->texts = texts;
	d->nstrings += s->n;
	return 1;
}

static int decode_opcodes(struct decoder *d, struct cursor *c, struct trace_object *o,
			  struct err *err)
{
	struct trace_opcodes *p = &o->u.opcodes;

	/* Version 1.0 reserved the type for something else, and never used it. */
	if (d->minor < 1)
		return 0;
	if (!read_first(c, d->nopcodes, &p->first) ||
	    !peek_count(*c, d->nopcodes, TRACE_MAX_OPCODES, &p->n))
		return bad(err, "a batch of opcodes is out of order or over the limit");

	size_t size = sizeof(*p->items);
	struct trace_opcode *items = scratch_array(d, ITEMS, p->n, size);

	if (!cursor_column(c, p->n, 0, d->nstrings, &items->name, size) ||
	    !cursor_column(c, p->n, 0, d->nstrings, &items->base, size))
		return bad(err, "an opcode refers to a string that is not defined");
	p->items = items;
	d->nopcodes += p->n;
	return 1;
}

static int decode_functions(struct decoder *d, struct cursor *c, struct trace_object *o,
			    struct err *err)
{
	struct trace_functions *f = &o->u.functions;

	if (!read_first(c, d->nfunctions, &f->first) ||
	    !peek_count(*c, d->nfunctions, TRACE_MAX_FUNCTIONS, &f->n))
		return bad(err,
			   "a batch of functions is out of order or over the limit");

	size_t size = sizeof(*f->items);
	struct trace_function *items = scratch_array(d, ITEMS, f->n, size);

	if (!cursor_column(c, f->n, 0, d->nstrings, &items->name, size) ||
	    !cursor_column(c, f->n, 0, d->nstrings, &items->file, size) ||
	    !cursor_column(c, f->n, INT32_MIN, INT32_MAX, &items->first_line, size))
		return bad(err, "a function refers to a string that is not defined");
	f->items = items;
	d->nfunctions += f->n;
	return 1;
}

static int decode_locations(struct decoder *d, struct cursor *c, struct trace_object *o,
			    struct err *err)
{
	struct trace_locations *l = &o->u.locations;

	if (!read_first(c, d->nlocations, &l->first) ||
	    !peek_count(*c, d->nlocations, TRACE_MAX_LOCATIONS, &l->n))
		return bad(err,
			   "a batch of locations is out of order or over the limit");

	size_t size = sizeof(*l->items);
	struct trace_location *items = scratch_array(d, ITEMS, l->n, size);

	if (!cursor_column(c, l->n, 0, d->nfunctions, &items->function, size))
		return bad(err, "a location refers to a function that is not defined");
	if (!cursor_column(c, l->n, -1, INT32_MAX, &items->line, size) ||
	    !cursor_column(c, l->n, -1, INT32_MAX, &items->end_line, size) ||
	    !cursor_column(c, l->n, -1, INT32_MAX, &items->col, size) ||
	    !cursor_column(c, l->n, -1, INT32_MAX, &items->end_col, size))
		return bad(err, "a location has no position");

	/* Opcodes have no names in version 1.0, which never wrote any. */
	if (c->p == c->end || d->minor < 1) {
		for (uint32_t i = 0; i < l->n; i++)
			items[i].opcode = -1;
	} else if (!cursor_column(c, l->n, -1, d->nopcodes, &items->opcode, size)) {
		return bad(err, "a location has an opcode that is not defined");
	}
	l->items = items;
	d->nlocations += l->n;
	return 1;
}

static int decode_stacks(struct decoder *d, struct cursor *c, struct trace_object *o,
			 struct err *err)
{
	struct trace_stacks *s = &o->u.stacks;

	if (!read_first(c, d->nstacks, &s->first) ||
	    !peek_count(*c, d->nstacks, TRACE_MAX_STACKS, &s->n))
		return bad(err, "a batch of stacks is out of order or over the limit");

	size_t size = sizeof(*s->items);
	struct trace_stack *items = scratch_array(d, ITEMS, s->n, size);

	if (!cursor_column(c, s->n, 1, TRACE_MAX_STACKS, &items->parent, size) ||
	    !cursor_column(c, s->n, 0, d->nlocations, &items->location, size))
		return bad(err, "a stack refers to a location that is not defined");
	d->depth = mem_grow(d->depth, &d->depth_cap, (size_t)d->nstacks + s->n,
			    sizeof(*d->depth));
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t id = s->first + i, distance = items[i].parent;

		if (distance > id)
			return bad(err, "a stack has a parent that is not defined");
		items[i].parent = id - distance;
		d->depth[id - 1] = distance == id ? 1 : d->depth[id - distance - 1] + 1;
		if (d->depth[id - 1] > TRACE_MAX_DEPTH)
			return bad(err,
				   "a stack is deeper than the limit of the format");
	}
	s->items = items;
	d->nstacks += s->n;
	return 1;
}

/* --- processes, threads, what happened ----------------------------------- */

static int decode_header(struct decoder *d, struct cursor *c, struct trace_object *o,
			 struct err *err)
{
	struct trace_header *h = &o->u.header;
	struct trace_text magic;

	if (!read_text(c, &magic) || magic.len != strlen(TRACE_MAGIC) ||
	    memcmp(magic.bytes, TRACE_MAGIC, magic.len) != 0 ||
	    !read_u32(c, UINT32_MAX, &h->major))
		return err_set(err, EINVAL, "not a tachyon trace");
	if (h->major != TRACE_MAJOR)
		return err_set(
			err, ENOTSUP,
			"written in version %u of the trace format, "
			"this program reads version %d; use the tachyon that wrote it",
			h->major, TRACE_MAJOR);
	if (!read_u32(c, UINT32_MAX, &h->minor) || !read_time(c, &h->mono_ns) ||
	    !read_time(c, &h->wall_ns) || !read_map(d, c, &h->info))
		return bad(err, "the header is not complete");
	d->in_segment = true;
	d->minor = h->minor;
	d->nopcodes = 0;
	d->nstrings = d->nfunctions = d->nlocations = d->nstacks = 0;
	d->nprocesses = d->nthreads = d->ntasks = 0;
	d->logical_process = 0;
	d->text_bytes = 0;
	return 1;
}

static int decode_process(struct decoder *d, struct cursor *c, struct trace_object *o,
			  struct err *err)
{
	struct trace_process_info *p = &o->u.process;

	if (!read_first(c, d->nprocesses, &p->id) || p->id > TRACE_MAX_PROCESSES)
		return bad(err, "a process is out of order or over the limit");
	if (!read_u32(c, UINT32_MAX, &p->pid) || !read_u32(c, UINT32_MAX, &p->ppid) ||
	    !read_time(c, &p->start_ns) || !cursor_array(c, &p->argc))
		return bad(err, "a process is not complete");

	struct trace_text *argv = scratch_array(d, TEXTS, p->argc, sizeof(*argv));

	for (uint32_t i = 0; i < p->argc; i++)
		if (!read_text(c, &argv[i]))
			return bad(err, "a process has an argument that is no string");
	if (!read_text(c, &p->exe) || !read_u32(c, UINT32_MAX, &p->python) ||
	    !read_map(d, c, &p->info))
		return bad(err, "a process is not complete");
	p->argv = argv;
	d->nprocesses++;
	return 1;
}

static int decode_thread(struct decoder *d, struct cursor *c, struct trace_object *o,
			 struct err *err)
{
	struct trace_thread *t = &o->u.thread;
	struct trace_text name;
	uint64_t is_main;

	if (!read_u32(c, TRACE_MAX_THREADS, &t->id) || t->id == 0 ||
	    t->id > d->nthreads + 1)
		return bad(err, "a thread is out of order or over the limit");
	if (!read_u32(c, d->nprocesses, &t->process) || t->process == 0)
		return bad(err, "a thread belongs to a process that is not defined");
	if (!cursor_uint(c, &t->tid) || !cursor_uint(c, &t->python_id) ||
	    !read_text(c, &name) || !cursor_uint(c, &t->interpreter) ||
	    !cursor_uint(c, &is_main))
		return bad(err, "a thread is not complete");
	t->name = name.bytes;
	t->name_len = name.len;
	t->is_main = is_main != 0;
	if (t->id > d->nthreads)
		d->nthreads = t->id;
	return 1;
}

static int decode_lost(struct decoder *d, struct cursor *c, struct trace_object *o,
		       struct err *err)
{
	struct trace_lost *l = &o->u.lost;

	if (!read_u32(c, d->nprocesses, &l->process) || !read_time(c, &l->from_ns) ||
	    !read_time(c, &l->to_ns) || !cursor_uint(c, &l->ticks) ||
	    !read_u32(c, UINT32_MAX, &l->reason))
		return bad(err, "a count of lost ticks is not complete");
	return 1;
}

static int decode_event(struct decoder *d, struct cursor *c, struct trace_object *o,
			struct err *err)
{
	struct trace_event *e = &o->u.event;

	if (!read_time(c, &e->at_ns) || !read_u32(c, d->nprocesses, &e->process) ||
	    !read_u32(c, UINT32_MAX, &e->kind) || !cursor_int(c, &e->value) ||
	    !read_text(c, &e->text))
		return bad(err, "an event is not complete");
	return 1;
}

static int decode_mark(struct decoder *d, struct cursor *c, struct trace_object *o,
		       struct err *err)
{
	struct trace_mark *m = &o->u.mark;

	if (!read_time(c, &m->at_ns) || !read_u32(c, d->nprocesses, &m->process) ||
	    !read_text(c, &m->text))
		return bad(err, "a mark is not complete");
	return 1;
}

static int decode_source(struct decoder *d, struct cursor *c, struct trace_object *o,
			 struct err *err)
{
	struct trace_source *s = &o->u.source;

	/* The text may be as long as an object; it is no name to be kept. */
	if (!read_u32(c, d->nstrings, &s->file) || !cursor_int(c, &s->mtime_ns) ||
	    !cursor_uint(c, &s->size) || !read_u32(c, UINT32_MAX, &s->flags) ||
	    !cursor_bytes(c, &s->text.bytes, &s->text.len))
		return bad(err, "a source file is not complete");
	return 1;
}

static int decode_stats(struct decoder *d, struct cursor *c, struct trace_object *o,
			struct err *err)
{
	struct trace_stats *s = &o->u.stats;

	if (!read_time(c, &s->at_ns) || !read_map(d, c, &s->info))
		return bad(err, "the recorder's counters are not complete");
	return 1;
}

static int decode_cpu(struct decoder *d, struct cursor *c, struct trace_object *o,
		      struct err *err)
{
	struct trace_cpu *t = &o->u.cpu;
	uint32_t n;

	if (!read_u32(c, d->nprocesses, &t->process) || t->process == 0 ||
	    !read_time(c, &t->at_ns) || !peek_count(*c, 0, TRACE_MAX_THREADS, &t->n))
		return bad(err, "an account of CPU time is not complete");

	size_t size = sizeof(*t->items);
	struct trace_cpu_time *items = scratch_array(d, ITEMS, t->n, size);

	if (!cursor_column(c, t->n, 1, d->nthreads, &items->thread, size) ||
	    !cursor_array(c, &n) || n != t->n)
		return bad(err, "CPU time of a thread that is not defined");
	for (uint32_t i = 0; i < n; i++)
		if (!cursor_uint(c, &items[i].ns))
			return bad(err, "an account of CPU time is not complete");
	t->items = items;
	return 1;
}

static int decode_end(struct decoder *d, struct cursor *c, struct trace_object *o,
		      struct err *err)
{
	struct trace_end *e = &o->u.end;

	if (!read_time(c, &e->at_ns) || !read_u32(c, UINT32_MAX, &e->reason) ||
	    !read_text(c, &e->text) || !read_map(d, c, &e->totals))
		return bad(err, "the end is not complete");
	return 1;
}

/* --- samples -------------------------------------------------------------- */

static bool read_skips(struct decoder *d, struct cursor *c, struct trace_block *b)
{
	uint32_t n;

	if (!cursor_array(c, &n) || n % 2)
		return false;

	struct trace_skip *skips = scratch_array(d, SKIPS, n / 2, sizeof(*skips));

	b->nskips = n / 2;
	b->skips = skips;
	for (uint32_t i = 0; i < b->nskips; i++)
		if (!read_u32(c, b->nticks - 1, &skips[i].tick) ||
		    (i && skips[i].tick <= skips[i - 1].tick) ||
		    !cursor_uint(c, &skips[i].slots))
			return false;
	return true;
}

/* Recovers when each tick was taken; every one must be a time in 63 bits. */
static bool compute_times(struct decoder *d, const struct trace_block *b,
			  const uint64_t **at_ns)
{
	uint64_t *times = scratch_array(d, TIMES, b->nticks, sizeof(*times));
	uint64_t slot = b->start_ns, jump;
	uint32_t skip = 0;

	for (uint32_t k = 0; k < b->nticks; k++) {
		int64_t at;

		if (k && __builtin_add_overflow(slot, b->interval_ns, &slot))
			return false;
		if (skip < b->nskips && b->skips[skip].tick == k &&
		    (__builtin_mul_overflow(b->skips[skip++].slots, b->interval_ns,
					    &jump) ||
		     __builtin_add_overflow(slot, jump, &slot)))
			return false;
		if (__builtin_add_overflow(slot, (int64_t)b->offset_us[k] * 1000, &at) ||
		    at < 0)
			return false;
		times[k] = (uint64_t)at;
	}
	*at_ns = times;
	return true;
}

/* The runs of one group lie behind those of the groups before it. */
static int read_group(struct decoder *d, struct cursor *c, const struct trace_block *b,
		      struct trace_group *g, size_t *nruns, struct err *err)
{
	uint32_t nfields;

	if (!cursor_array(c, &nfields) || nfields != 5 ||
	    !read_u32(c, d->nthreads, &g->thread) ||
	    !read_u32(c, b->nticks, &g->first) ||
	    !peek_count(*c, 0, b->nticks, &g->nruns))
		return bad(err, "samples refer to a thread that is not defined");

	size_t size = sizeof(struct trace_run);
	struct trace_run *all = scratch_array(d, RUNS, *nruns + g->nruns, size);
	struct trace_run *runs = all + *nruns;
	uint64_t end = g->first;

	if (!cursor_column(c, g->nruns, 1, b->nticks, &runs->len, size) ||
	    !cursor_column(c, g->nruns, 0, d->nstacks, &runs->stack, size) ||
	    !cursor_column(c, g->nruns, 0, UINT32_MAX, &runs->flags, size))
		return bad(err, "samples refer to a stack that is not defined");
	for (uint32_t i = 0; i < g->nruns; i++) {
		bool failed = runs[i].flags & TRACE_FAILED;

		end += runs[i].len;
		if (failed ? runs[i].stack != 0 : g->thread == 0)
			return bad(err,
				   "a failed sample has a stack, or one has no thread");
	}
	if (end > b->nticks)
		return bad(err, "samples reach beyond the ticks of their block");
	*nruns += g->nruns;
	return 0;
}

static int decode_samples(struct decoder *d, struct cursor *c, struct trace_object *o,
			  struct err *err)
{
	struct trace_samples *s = &o->u.samples;
	struct trace_block *b = &s->block;

	if (!read_u32(c, d->nprocesses, &b->process) || b->process == 0)
		return bad(err, "samples of a process that is not defined");
	if (!cursor_uint(c, &b->start_ns) || !cursor_uint(c, &b->interval_ns) ||
	    !read_u32(c, UINT32_MAX, &b->known) ||
	    !peek_count(*c, 0, TRACE_MAX_TICKS, &b->nticks) || b->nticks == 0)
		return bad(err, "a block of samples is not complete");

	if (b->process == d->logical_process) {
		if (b->nticks != d->logical_ticks)
			return bad(err, "tasks have other ticks than their block");
		d->logical_process = 0;
	}

	int32_t *late = scratch_array(d, LATE, b->nticks, sizeof(*late));

	b->offset_us = late;
	if (!cursor_column(c, b->nticks, INT32_MIN, INT32_MAX, late, sizeof(*late)) ||
	    !read_skips(d, c, b) || !compute_times(d, b, &s->at_ns))
		return bad(err, "the times of a block of samples make no sense");
	if (!cursor_array(c, &b->ngroups))
		return bad(err, "a block of samples is not complete");

	struct trace_group *groups = scratch_array(d, GROUPS, b->ngroups,
						   sizeof(*groups));
	size_t nruns = 0;

	for (uint32_t i = 0; i < b->ngroups; i++) {
		int rc = read_group(d, c, b, &groups[i], &nruns, err);

		if (rc < 0)
			return rc;
	}

	/* Only when all are read does the array of runs stay in its place. */
	const struct trace_run *runs = d->scratch[RUNS].items;

	for (uint32_t i = 0; i < b->ngroups; runs += groups[i++].nruns)
		groups[i].runs = runs;
	b->groups = groups;
	return 1;
}

/* --- tasks ------------------------------------------------------------------ */

static int decode_tasks(struct decoder *d, struct cursor *c, struct trace_object *o,
			struct err *err)
{
	struct trace_tasks *t = &o->u.tasks;

	if (!read_u32(c, d->nprocesses, &t->process) || t->process == 0)
		return bad(err, "tasks of a process that is not defined");
	if (!read_first(c, d->ntasks, &t->first) ||
	    !peek_count(*c, d->ntasks, TRACE_MAX_TASKS, &t->n))
		return bad(err, "a batch of tasks is out of order or over the limit");

	size_t size = sizeof(*t->items);
	struct trace_task *items = scratch_array(d, ITEMS, t->n, size);

	if (!cursor_column(c, t->n, 0, d->nthreads, &items->thread, size) ||
	    !cursor_column(c, t->n, 0, d->nstrings, &items->name, size))
		return bad(err, "a task has a thread or a name that is not defined");
	t->items = items;
	d->ntasks += t->n;
	return 1;
}

static int read_awaiters(struct decoder *d, struct cursor *c, struct trace_logical *l,
			 struct err *err)
{
	struct trace_awaiters *lists;
	const uint32_t *members;
	size_t total = 0;

	if (!cursor_array(c, &l->nlists))
		return bad(err, "a block of tasks is not complete");
	lists = scratch_array(d, LISTS, l->nlists, sizeof(*lists));
	for (uint32_t i = 0; i < l->nlists; i++) {
		uint32_t n, *all;

		if (!peek_count(*c, 0, TRACE_MAX_TASKS, &n))
			return bad(err, "a list of awaiting tasks is over the limit");
		all = scratch_array(d, MEMBERS, total + n, sizeof(*all));
		if (!cursor_column(c, n, 1, d->ntasks, all + total, sizeof(*all)))
			return bad(err, "a task is awaited by one that is not defined");
		lists[i].n = n;
		total += n;
	}
	/* Only now does the array stay in its place. */
	members = d->scratch[MEMBERS].items;
	for (uint32_t i = 0; i < l->nlists; members += lists[i++].n)
		lists[i].tasks = members;
	l->lists = lists;
	return 0;
}

static int check_task_runs(const struct trace_logical *l, const struct trace_task_group *g,
			   const struct trace_task_run *runs, struct err *err)
{
	uint64_t end = g->first;

	for (uint32_t i = 0; i < g->nruns; i++) {
		end += runs[i].len;
		if (runs[i].stack && runs[i].flags & (TRACE_TASK_RUNNING | TRACE_TASK_FAILED))
			return bad(err, "a task that runs or failed has a stack of its own");
	}
	return end <= l->nticks ? 0 : bad(err, "tasks reach beyond the ticks of their block");
}

static int read_task_group(struct decoder *d, struct cursor *c, const struct trace_logical *l,
			   struct trace_task_group *g, size_t *nruns, struct err *err)
{
	const size_t size = sizeof(struct trace_task_run);
	struct trace_task_run *runs;
	uint32_t nfields;

	if (!cursor_array(c, &nfields) || nfields != 8 || !read_u32(c, d->ntasks, &g->task) ||
	    !g->task || !read_u32(c, l->nticks, &g->first) ||
	    !peek_count(*c, 0, l->nticks, &g->nruns))
		return bad(err, "a task is not defined");
	runs = scratch_array(d, RUNS, *nruns + g->nruns, size);
	runs += *nruns;
	if (!cursor_column(c, g->nruns, 1, l->nticks, &runs->len, size) ||
	    !cursor_column(c, g->nruns, 0, d->nstacks, &runs->stack, size) ||
	    !cursor_column(c, g->nruns, 0, UINT32_MAX, &runs->flags, size) ||
	    !cursor_column(c, g->nruns, 0, TRACE_MAX_DEPTH, &runs->base, size) ||
	    !cursor_column(c, g->nruns, 0, TRACE_MAX_DEPTH, &runs->chain, size) ||
	    !cursor_column(c, g->nruns, 0, l->nlists, &runs->awaiters, size))
		return bad(err, "a task refers to what is not defined");
	*nruns += g->nruns;
	return check_task_runs(l, g, runs, err);
}

static int decode_logical(struct decoder *d, struct cursor *c, struct trace_object *o,
			  struct err *err)
{
	struct trace_logical *l = &o->u.logical;
	const struct trace_task_run *runs;
	struct trace_task_group *groups;
	size_t nruns = 0;
	int rc;

	if (!read_u32(c, d->nprocesses, &l->process) || l->process == 0 ||
	    !read_u32(c, TRACE_MAX_TICKS, &l->nticks) || l->nticks == 0)
		return bad(err, "a block of tasks is not complete");
	rc = read_awaiters(d, c, l, err);
	if (rc < 0)
		return rc;
	if (!cursor_array(c, &l->ngroups))
		return bad(err, "a block of tasks is not complete");
	groups = scratch_array(d, GROUPS, l->ngroups, sizeof(*groups));
	for (uint32_t i = 0; i < l->ngroups; i++) {
		rc = read_task_group(d, c, l, &groups[i], &nruns, err);
		if (rc < 0)
			return rc;
	}
	runs = d->scratch[RUNS].items;
	for (uint32_t i = 0; i < l->ngroups; runs += groups[i++].nruns)
		groups[i].runs = runs;
	l->groups = groups;
	d->logical_process = l->process;
	d->logical_ticks = l->nticks;
	return 1;
}

/* --- the table ------------------------------------------------------------ */

static decode_fn *const decoders[] = {
	[TRACE_HEADER]    = decode_header,
	[TRACE_STRINGS]   = decode_strings,
	[TRACE_FUNCTIONS] = decode_functions,
	[TRACE_LOCATIONS] = decode_locations,
	[TRACE_STACKS]    = decode_stacks,
	[TRACE_PROCESS]   = decode_process,
	[TRACE_THREAD]    = decode_thread,
	[TRACE_SAMPLES]   = decode_samples,
	[TRACE_LOST]      = decode_lost,
	[TRACE_EVENT]     = decode_event,
	[TRACE_MARK]      = decode_mark,
	[TRACE_SOURCE]    = decode_source,
	[TRACE_STATS]     = decode_stats,
	[TRACE_END]       = decode_end,
	[TRACE_OPCODES]   = decode_opcodes,
	[TRACE_CPU]       = decode_cpu,
	[TRACE_TASKS]     = decode_tasks,
	[TRACE_LOGICAL]   = decode_logical,
};

int decoder_object(struct decoder *d, const void *bytes, size_t len,
		   struct trace_object *o, struct err *err)
{
	const unsigned char *p = bytes;
	struct cursor c = { p, p + len };
	uint32_t nfields;
	uint64_t type;

	if (!cursor_array(&c, &nfields) || !nfields || !cursor_uint(&c, &type)) {
		if (!d->in_segment)
			return err_set(err, EINVAL, "not a tachyon trace");
		return bad(err, "an object is not an array that begins with its type");
	}
	if (!d->in_segment && type != TRACE_HEADER)
		return err_set(err, EINVAL, "not a tachyon trace: it has no header");
	if (type >= sizeof(decoders) / sizeof(*decoders) || !decoders[type])
		return 0;
	msgpack_zone_clear(&d->zone);
	*o = (struct trace_object){ .type = (enum trace_type)type };
	return decoders[type](d, &c, o, err);
}
