/* SPDX-License-Identifier: MIT */
/*
 * writer.c - checks objects and packs them into the frame being filled.
 *
 * A definition is pending as long as its table holds it and `written` has not
 * reached its id, so pending ones take no memory of their own.
 */
#include "format/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/intern.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/pack.h"
#include "format/sink.h"

enum {
	BATCH_ENTRIES = 8192,           /* definitions in one object, at most */
	BATCH_STRING_BYTES = 128 << 10, /* and bytes of strings, but one string */
};

/* Keys of the tables.  No padding: they are compared as bytes. */
struct function_key {
	uint32_t name, file;
	int32_t first_line;
};

struct opcode_key {
	uint32_t name, base;
};

struct stack_key {
	uint32_t parent, location;
};

_Static_assert(sizeof(struct function_key) == 12, "padding in a key");
_Static_assert(sizeof(struct trace_location) == 24, "padding in a key");
_Static_assert(sizeof(struct opcode_key) == 8, "padding in a key");
_Static_assert(sizeof(struct stack_key) == 8, "padding in a key");

enum table { STRINGS, OPCODES, FUNCTIONS, LOCATIONS, STACKS, NTABLES };

static const struct {
	size_t width;
	uint32_t limit;
} tables[NTABLES] = {
	[STRINGS]   = { 0, TRACE_MAX_STRINGS },
	[OPCODES]   = { sizeof(struct opcode_key), TRACE_MAX_OPCODES },
	[FUNCTIONS] = { sizeof(struct function_key), TRACE_MAX_FUNCTIONS },
	[LOCATIONS] = { sizeof(struct trace_location), TRACE_MAX_LOCATIONS },
	[STACKS]    = { sizeof(struct stack_key), TRACE_MAX_STACKS },
};

struct trace_writer {
	struct sink *sink;
	struct pack pack;               /* the frame being filled */
	bool in_segment;                /* a header was written */
	struct intern table[NTABLES];
	uint32_t written[NTABLES];      /* last id that is in the trace */
	uint32_t *depth;                /* frames, by stack id - 1 */
	size_t depth_cap;
	uint32_t nprocesses, nthreads, ntasks;
	int status;                     /* 0, or what every call returns */
	struct err why;
};

static void reset_segment(struct trace_writer *w)
{
	for (int i = 0; i < NTABLES; i++) {
		intern_release(&w->table[i]);
		w->written[i] = 0;
	}
	free(w->depth);
	w->depth = NULL;
	w->depth_cap = 0;
	w->nprocesses = w->nthreads = w->ntasks = 0;
}

struct trace_writer *trace_writer_new(int fd, int level, struct err *err)
{
	struct sink *sink = sink_new(fd, level, err);

	if (!sink)
		return NULL;

	struct trace_writer *w = mem_alloc(1, sizeof(*w));

	w->sink = sink;
	pack_init(&w->pack);
	for (int i = 0; i < NTABLES; i++)
		intern_init(&w->table[i], tables[i].width, tables[i].limit);
	return w;
}

void trace_writer_free(struct trace_writer *w)
{
	if (!w)
		return;
	reset_segment(w);
	sink_free(w->sink);
	pack_release(&w->pack);
	free(w);
}

/* The sticky error, if there is one. */
static int writer_status(const struct trace_writer *w, struct err *err)
{
	if (w->status)
		*err = w->why;
	return w->status;
}

int trace_writer_flush(struct trace_writer *w, struct err *err)
{
	int rc = writer_status(w, err);

	if (rc < 0 || w->pack.frame.len == 0)
		return rc;
	w->status = sink_write(w->sink, w->pack.frame.data, w->pack.frame.len, &w->why);
	w->pack.frame.len = 0;
	return writer_status(w, err);
}

static int close_object(struct trace_writer *w, struct err *err)
{
	if (!pack_close(&w->pack))
		return err_set(err, E2BIG,
			       "trace: an object is above a limit of the format");
	return w->pack.frame.len < TRACE_FRAME_BYTES ? 0 : trace_writer_flush(w, err);
}

/* --- definitions -------------------------------------------------------- */

/*
 * One column of a table of fixed-size keys: the 32-bit field at an offset.
 * Ids are small enough for int32_t.  In a stack the parent is written as the
 * distance to it, which is mostly 1.
 */
static void put_column(struct trace_writer *w, enum table which, size_t offset,
		       uint32_t first, uint32_t n)
{
	bool is_parent = which == STACKS &&
			 offset == offsetof(struct stack_key, parent);

	pack_array(&w->pack, n);
	for (uint32_t id = first; id < first + n; id++) {
		const char *key = intern_get(&w->table[which], id, NULL);
		int32_t value;

		memcpy(&value, key + offset, sizeof(value));
		pack_int(&w->pack, is_parent ? (int64_t)id - value : value);
	}
}

static bool has_opcodes(const struct trace_writer *w, uint32_t first, uint32_t n)
{
	for (uint32_t id = first; id < first + n; id++) {
		const struct trace_location *l;

		l = intern_get(&w->table[LOCATIONS], id, NULL);
		if (l->opcode != -1)
			return true;
	}
	return false;
}

static uint32_t put_strings(struct trace_writer *w, uint32_t first, uint32_t n)
{
	struct pack *out = &w->pack;
	size_t bytes = 0, len;
	uint32_t taken = 0;

	while (taken < n && bytes < BATCH_STRING_BYTES) {
		intern_get(&w->table[STRINGS], first + taken++, &len);
		bytes += len;
	}
	pack_array(out, taken);
	for (uint32_t i = 0; i < taken; i++) {
		const char *s = intern_get(&w->table[STRINGS], first + i, &len);

		pack_bytes(out, s, len);
	}
	return taken;
}

static int put_definitions(struct trace_writer *w, struct err *err)
{
	static const struct {
		enum trace_type type;
		size_t ncolumns;
	} rows[NTABLES] = {
		[STRINGS]   = { TRACE_STRINGS, 1 },
		[OPCODES]   = { TRACE_OPCODES, 2 },
		[FUNCTIONS] = { TRACE_FUNCTIONS, 3 },
		[LOCATIONS] = { TRACE_LOCATIONS, 6 },
		[STACKS]    = { TRACE_STACKS, 2 },
	};
	struct pack *out = &w->pack;

	for (enum table t = 0; t < NTABLES; t++) {
		while (w->written[t] < w->table[t].count) {
			uint32_t first = w->written[t] + 1;
			uint32_t n = w->table[t].count - w->written[t];
			size_t ncolumns = rows[t].ncolumns;

			if (n > BATCH_ENTRIES)
				n = BATCH_ENTRIES;
			/* The last column of locations may have nothing to say. */
			if (t == LOCATIONS && !has_opcodes(w, first, n))
				ncolumns--;
			pack_open(out, rows[t].type, 1 + ncolumns);
			pack_uint(out, first);
			if (t == STRINGS)
				n = put_strings(w, first, n);
			for (size_t c = 0; t != STRINGS && c < ncolumns; c++)
				put_column(w, t, c * sizeof(uint32_t), first, n);
			w->written[t] += n;

			int rc = close_object(w, err);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

uint32_t trace_writer_string(struct trace_writer *w, const void *bytes, size_t len)
{
	if (len > TRACE_MAX_STRING)
		len = text_cut(bytes, len, TRACE_MAX_STRING);
	if (w->table[STRINGS].keys.len + len > TRACE_MAX_TEXT)
		return 0;
	return intern_add(&w->table[STRINGS], bytes, len);
}

uint32_t trace_writer_function(struct trace_writer *w, uint32_t name, uint32_t file,
			       int32_t first_line)
{
	struct function_key key = { name, file, first_line };

	if (name > w->table[STRINGS].count || file > w->table[STRINGS].count)
		return 0;
	return intern_add(&w->table[FUNCTIONS], &key, sizeof(key));
}

uint32_t trace_writer_opcode(struct trace_writer *w, uint32_t name, uint32_t base)
{
	struct opcode_key key = { name, base };

	if (name > w->table[STRINGS].count || base > w->table[STRINGS].count)
		return 0;
	return intern_add(&w->table[OPCODES], &key, sizeof(key));
}

uint32_t trace_writer_location(struct trace_writer *w, const struct trace_location *loc)
{
	if (loc->function > w->table[FUNCTIONS].count ||
	    loc->opcode > (int32_t)w->table[OPCODES].count)
		return 0;
	return intern_add(&w->table[LOCATIONS], loc, sizeof(*loc));
}

uint32_t trace_writer_stack(struct trace_writer *w, uint32_t parent, uint32_t location)
{
	struct stack_key key = { parent, location };
	uint32_t before = w->table[STACKS].count;

	if (parent > before || location > w->table[LOCATIONS].count)
		return 0;

	uint32_t depth = parent ? w->depth[parent - 1] + 1 : 1;

	if (depth > TRACE_MAX_DEPTH)
		return 0;

	uint32_t id = intern_add(&w->table[STACKS], &key, sizeof(key));

	if (id > before) {
		w->depth = mem_grow(w->depth, &w->depth_cap, id, sizeof(*w->depth));
		w->depth[id - 1] = depth;
	}
	return id;
}

/* --- objects ------------------------------------------------------------ */

/* Starts an object that may refer to anything defined so far. */
static int begin(struct trace_writer *w, enum trace_type type, size_t nfields,
		 struct err *err)
{
	struct pack *out = &w->pack;
	int rc = writer_status(w, err);

	if (rc < 0)
		return rc;
	if (!w->in_segment)
		return err_set(err, EINVAL, "trace: no header was written");
	rc = put_definitions(w, err);
	if (rc == 0)
		pack_open(out, type, nfields);
	return rc;
}

int trace_writer_header(struct trace_writer *w, uint64_t mono_ns, uint64_t wall_ns,
			const struct trace_info *info, size_t ninfo, struct err *err)
{
	struct pack *out = &w->pack;
	int rc = trace_writer_flush(w, err);

	if (rc < 0)
		return rc;
	reset_segment(w);
	w->in_segment = true;
	pack_open(out, TRACE_HEADER, 6);
	pack_text(out, TRACE_MAGIC);
	pack_uint(out, TRACE_MAJOR);
	pack_uint(out, TRACE_MINOR);
	pack_uint(out, mono_ns);
	pack_uint(out, wall_ns);
	pack_info(out, info, ninfo);
	return close_object(w, err);
}

int trace_writer_process(struct trace_writer *w, const struct trace_process *p,
			 struct err *err)
{
	struct pack *out = &w->pack;

	if (p->id != w->nprocesses + 1 || p->id > TRACE_MAX_PROCESSES)
		return err_set(err, EINVAL, "trace: process %u is out of order", p->id);

	int rc = begin(w, TRACE_PROCESS, 8, err);

	if (rc < 0)
		return rc;
	pack_uint(out, p->id);
	pack_uint(out, p->pid);
	pack_uint(out, p->ppid);
	pack_uint(out, p->start_ns);
	pack_list(out, p->argv);
	pack_text(out, p->exe);
	pack_uint(out, p->python);
	pack_info(out, p->info, p->ninfo);
	rc = close_object(w, err);
	if (rc == 0)
		w->nprocesses++;
	return rc;
}

int trace_writer_thread(struct trace_writer *w, const struct trace_thread *t,
			struct err *err)
{
	struct pack *out = &w->pack;

	if (t->id == 0 || t->id > w->nthreads + 1 || t->id > TRACE_MAX_THREADS ||
	    t->process == 0 || t->process > w->nprocesses)
		return err_set(err, EINVAL, "trace: thread %u is out of order", t->id);

	int rc = begin(w, TRACE_THREAD, 7, err);

	if (rc < 0)
		return rc;
	pack_uint(out, t->id);
	pack_uint(out, t->process);
	pack_uint(out, t->tid);
	pack_uint(out, t->python_id);
	pack_bytes(out, t->name ? t->name : "", t->name ? t->name_len : 0);
	pack_uint(out, t->interpreter);
	pack_uint(out, t->is_main);
	rc = close_object(w, err);
	if (rc == 0 && t->id > w->nthreads)
		w->nthreads = t->id;
	return rc;
}

static int check_group(const struct trace_writer *w, const struct trace_block *b,
		       const struct trace_group *g, struct err *err)
{
	uint64_t end = g->first;

	if (g->thread > w->nthreads)
		return err_set(err, EINVAL, "trace: thread %u is not defined",
			       g->thread);
	for (uint32_t i = 0; i < g->nruns; i++) {
		const struct trace_run *r = &g->runs[i];
		bool failed = r->flags & TRACE_FAILED;

		end += r->len;
		if (r->len == 0 || end > b->nticks)
			return err_set(err, EINVAL, "trace: a run leaves its block");
		if (r->stack > w->table[STACKS].count)
			return err_set(err, EINVAL, "trace: stack %u is not defined",
				       r->stack);
		if (failed ? r->stack != 0 : g->thread == 0)
			return err_set(err, EINVAL,
				       "trace: a failed sample with a stack, "
				       "or a sample of no thread");
	}
	return 0;
}

static int check_block(const struct trace_writer *w, const struct trace_block *b,
		       struct err *err)
{
	if (b->process == 0 || b->process > w->nprocesses)
		return err_set(err, EINVAL, "trace: process %u is not defined",
			       b->process);
	if (b->nticks == 0 || b->nticks > TRACE_MAX_TICKS)
		return err_set(err, EINVAL, "trace: a block of %u ticks", b->nticks);
	for (uint32_t i = 0; i < b->nskips; i++)
		if (b->skips[i].tick >= b->nticks ||
		    (i && b->skips[i].tick <= b->skips[i - 1].tick))
			return err_set(err, EINVAL,
				       "trace: skipped slots out of order");
	for (uint32_t i = 0; i < b->ngroups; i++) {
		int rc = check_group(w, b, &b->groups[i], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void put_group(struct trace_writer *w, const struct trace_group *g)
{
	struct pack *out = &w->pack;

	pack_array(out, 5);
	pack_uint(out, g->thread);
	pack_uint(out, g->first);
	pack_array(out, g->nruns);
	for (uint32_t i = 0; i < g->nruns; i++)
		pack_uint(out, g->runs[i].len);
	pack_array(out, g->nruns);
	for (uint32_t i = 0; i < g->nruns; i++)
		pack_uint(out, g->runs[i].stack);
	pack_array(out, g->nruns);
	for (uint32_t i = 0; i < g->nruns; i++)
		pack_uint(out, g->runs[i].flags);
}

int trace_writer_block(struct trace_writer *w, const struct trace_block *b,
		       struct err *err)
{
	struct pack *out = &w->pack;
	int rc = check_block(w, b, err);

	if (rc == 0)
		rc = begin(w, TRACE_SAMPLES, 7, err);
	if (rc < 0)
		return rc;
	pack_uint(out, b->process);
	pack_uint(out, b->start_ns);
	pack_uint(out, b->interval_ns);
	pack_uint(out, b->known);
	pack_array(out, b->nticks);
	for (uint32_t i = 0; i < b->nticks; i++)
		pack_int(out, b->offset_us[i]);
	pack_array(out, (size_t)b->nskips * 2);
	for (uint32_t i = 0; i < b->nskips; i++) {
		pack_uint(out, b->skips[i].tick);
		pack_uint(out, b->skips[i].slots);
	}
	pack_array(out, b->ngroups);
	for (uint32_t i = 0; i < b->ngroups; i++)
		put_group(w, &b->groups[i]);
	return close_object(w, err);
}

int trace_writer_tasks(struct trace_writer *w, const struct trace_tasks *t,
		       struct err *err)
{
	struct pack *out = &w->pack;

	if (t->process == 0 || t->process > w->nprocesses || t->first != w->ntasks + 1 ||
	    t->n > TRACE_MAX_TASKS - w->ntasks)
		return err_set(err, EINVAL, "trace: task %u is out of order", t->first);
	for (uint32_t i = 0; i < t->n; i++)
		if (t->items[i].thread > w->nthreads ||
		    t->items[i].name > w->table[STRINGS].count)
			return err_set(err, EINVAL, "trace: task %u is of no thread",
				       t->first + i);

	int rc = begin(w, TRACE_TASKS, 4, err);

	if (rc < 0)
		return rc;
	pack_uint(out, t->process);
	pack_uint(out, t->first);
	pack_array(out, t->n);
	for (uint32_t i = 0; i < t->n; i++)
		pack_uint(out, t->items[i].thread);
	pack_array(out, t->n);
	for (uint32_t i = 0; i < t->n; i++)
		pack_uint(out, t->items[i].name);
	rc = close_object(w, err);
	if (rc == 0)
		w->ntasks += t->n;
	return rc;
}

static bool is_sound_task_run(const struct trace_writer *w, const struct trace_logical *l,
			      const struct trace_task_run *r)
{
	return r->len && r->stack <= w->table[STACKS].count && r->awaiters <= l->nlists &&
	       r->base <= TRACE_MAX_DEPTH && r->chain <= TRACE_MAX_DEPTH &&
	       !(r->stack && r->flags & (TRACE_TASK_RUNNING | TRACE_TASK_FAILED));
}

static int check_logical(const struct trace_writer *w, const struct trace_logical *l,
			 struct err *err)
{
	bool sound = l->process && l->process <= w->nprocesses && l->nticks &&
		     l->nticks <= TRACE_MAX_TICKS;

	for (uint32_t i = 0; i < l->nlists; i++)
		for (uint32_t k = 0; k < l->lists[i].n; k++)
			sound &= l->lists[i].tasks[k] && l->lists[i].tasks[k] <= w->ntasks;
	for (uint32_t i = 0; i < l->ngroups; i++) {
		const struct trace_task_group *g = &l->groups[i];
		uint64_t end = g->first;

		sound &= g->task && g->task <= w->ntasks;
		for (uint32_t k = 0; k < g->nruns; k++) {
			sound &= is_sound_task_run(w, l, &g->runs[k]);
			end += g->runs[k].len;
		}
		sound &= end <= l->nticks;
	}
	return sound ? 0 : err_set(err, EINVAL, "trace: tasks that are not defined, or "
					"leave their block");
}

static const size_t task_columns[] = {
	offsetof(struct trace_task_run, len),
	offsetof(struct trace_task_run, stack),
	offsetof(struct trace_task_run, flags),
	offsetof(struct trace_task_run, base),
	offsetof(struct trace_task_run, chain),
	offsetof(struct trace_task_run, awaiters),
};

enum { NTASK_COLUMNS = sizeof(task_columns) / sizeof(task_columns[0]) };

static void put_task_group(struct trace_writer *w, const struct trace_task_group *g)
{
	struct pack *out = &w->pack;

	pack_array(out, 2 + NTASK_COLUMNS);
	pack_uint(out, g->task);
	pack_uint(out, g->first);
	for (size_t c = 0; c < NTASK_COLUMNS; c++) {
		pack_array(out, g->nruns);
		for (uint32_t i = 0; i < g->nruns; i++) {
			uint32_t value;

			memcpy(&value, (const char *)&g->runs[i] + task_columns[c],
			       sizeof(value));
			pack_uint(out, value);
		}
	}
}

int trace_writer_logical(struct trace_writer *w, const struct trace_logical *l,
			 struct err *err)
{
	struct pack *out = &w->pack;
	int rc = check_logical(w, l, err);

	if (rc == 0)
		rc = begin(w, TRACE_LOGICAL, 4, err);
	if (rc < 0)
		return rc;
	pack_uint(out, l->process);
	pack_uint(out, l->nticks);
	pack_array(out, l->nlists);
	for (uint32_t i = 0; i < l->nlists; i++) {
		pack_array(out, l->lists[i].n);
		for (uint32_t k = 0; k < l->lists[i].n; k++)
			pack_uint(out, l->lists[i].tasks[k]);
	}
	pack_array(out, l->ngroups);
	for (uint32_t i = 0; i < l->ngroups; i++)
		put_task_group(w, &l->groups[i]);
	return close_object(w, err);
}

int trace_writer_lost(struct trace_writer *w, uint32_t process, uint64_t from_ns,
		      uint64_t to_ns, uint64_t ticks, enum trace_lost_reason reason,
		      struct err *err)
{
	struct pack *out = &w->pack;
	int rc = begin(w, TRACE_LOST, 5, err);

	if (rc < 0)
		return rc;
	pack_uint(out, process);
	pack_uint(out, from_ns);
	pack_uint(out, to_ns);
	pack_uint(out, ticks);
	pack_uint(out, reason);
	return close_object(w, err);
}

int trace_writer_event(struct trace_writer *w, uint64_t at_ns, uint32_t process,
		       enum trace_event_kind kind, int64_t value, const char *text,
		       struct err *err)
{
	struct pack *out = &w->pack;
	int rc = begin(w, TRACE_EVENT, 5, err);

	if (rc < 0)
		return rc;
	pack_uint(out, at_ns);
	pack_uint(out, process);
	pack_uint(out, kind);
	pack_int(out, value);
	pack_text(out, text);
	return close_object(w, err);
}

int trace_writer_cpu(struct trace_writer *w, const struct trace_cpu *cpu, struct err *err)
{
	struct pack *out = &w->pack;
	int rc = begin(w, TRACE_CPU, 4, err);

	if (rc < 0)
		return rc;
	pack_uint(out, cpu->process);
	pack_uint(out, cpu->at_ns);
	pack_array(out, cpu->n);
	for (uint32_t i = 0; i < cpu->n; i++)
		pack_uint(out, cpu->items[i].thread);
	pack_array(out, cpu->n);
	for (uint32_t i = 0; i < cpu->n; i++)
		pack_uint(out, cpu->items[i].ns);
	return close_object(w, err);
}

int trace_writer_stats(struct trace_writer *w, uint64_t at_ns,
		       const struct trace_info *info, size_t ninfo, struct err *err)
{
	struct pack *out = &w->pack;
	int rc = begin(w, TRACE_STATS, 2, err);

	if (rc < 0)
		return rc;
	pack_uint(out, at_ns);
	pack_info(out, info, ninfo);
	return close_object(w, err);
}

int trace_writer_end(struct trace_writer *w, uint64_t at_ns,
		     enum trace_end_reason reason, const char *text,
		     const struct trace_info *totals, size_t ntotals, struct err *err)
{
	struct pack *out = &w->pack;
	int rc = begin(w, TRACE_END, 4, err);

	if (rc < 0)
		return rc;
	pack_uint(out, at_ns);
	pack_uint(out, reason);
	pack_text(out, text);
	pack_info(out, totals, ntotals);
	rc = close_object(w, err);
	return rc < 0 ? rc : trace_writer_flush(w, err);
}

uint64_t trace_writer_bytes(const struct trace_writer *w)
{
	return sink_bytes(w->sink);
}

size_t trace_writer_memory(const struct trace_writer *w)
{
	size_t bytes = w->depth_cap * sizeof(*w->depth);

	for (int i = 0; i < NTABLES; i++)
		bytes += intern_memory(&w->table[i]);
	return bytes;
}
