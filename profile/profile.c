/* SPDX-License-Identifier: MIT */
/*
 * profile.c - objects of traces into sites and counts.
 *
 * Work is done by run and not by tick: one look-up finds the site of a run,
 * and prefix sums over the block give its time.
 */
#include "profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/reader.h"
#include "profile/sites.h"
#include "profile/state.h"

enum {
	MAX_SITES = 1 << 27,
};

const char *const profile_fact_keys[PROFILE_NFACTS] = {
	"recorder", "host", "os", "memory", "target", "on_cpu", "mode", "async",
};

const char *const profile_counter_keys[PROFILE_NCOUNTERS] = {
	"cpu_ns", "reads", "bytes_read", "memory_bytes",
};

void profile_init(struct profile *p, const struct filter *filter)
{
	*p = (struct profile){ .filter = filter };
	symbols_init(&p->symbols);
	intern_init(&p->site_keys, 2 * sizeof(uint32_t), MAX_SITES);
	intern_init(&p->thread_keys, 3 * sizeof(uint64_t), TRACE_MAX_THREADS);
	intern_init(&p->process_keys, 2 * sizeof(uint64_t), TRACE_MAX_PROCESSES);
	p->state = mem_alloc(1, sizeof(*p->state));
	p->state->mode = filter->mode;
	id_map_init(&p->state->processes);
	id_map_init(&p->state->threads);
	p->state->logical = logical_new();
}

void profile_release(struct profile *p)
{
	struct profile_state *st = p->state;

	for (uint32_t i = 0; i < p->process_keys.count; i++) {
		free(p->processes[i].argv);
		free(p->processes[i].last_sites);
		free(p->processes[i].last_threads);
		free(p->processes[i].last_weights);
	}
	for (uint32_t i = 0; st->cpu_times && i < p->thread_keys.count; i++)
		cpu_time_release(&st->cpu_times[i]);
	symbols_release(&p->symbols);
	intern_release(&p->site_keys);
	intern_release(&p->thread_keys);
	intern_release(&p->process_keys);
	free(p->sites);
	free(p->threads);
	free(p->processes);
	id_map_release(&st->processes);
	id_map_release(&st->threads);
	free(st->cpu_times);
	free(st->sums);
	free(st->stack_bits);
	free(st->function_bits);
	logical_free(st->logical);
	free(st);
	*p = (struct profile){ 0 };
}

/* Keeps a string; 0 for the empty one. */
static uint32_t keep_text(struct profile *p, struct trace_text t)
{
	return t.len ? intern_add(&p->symbols.strings, t.bytes, t.len) : 0;
}

/* --- recordings, processes, threads --------------------------------------- */

static void close_recording(struct profile *p)
{
	uint64_t *counters = p->state->counters;

	for (int i = 0; i < PROFILE_NCOUNTERS; i++) {
		p->counters[i] += counters[i];
		counters[i] = 0;
	}
}

/* The mode of a recording: it is shown if no other one is asked for. */
static void add_mode(struct profile *p, const struct trace_header *h)
{
	const struct trace_mode *mode = trace_modes;
	struct trace_text t;

	if (trace_info_text(h->info, "mode", &t))
		while (mode->name && (t.len != strlen(mode->name) ||
				      memcmp(t.bytes, mode->name, t.len) != 0))
			mode++;
	if (!mode->name)
		mode = trace_modes;
	p->state->mode = p->filter->mode_given ? p->filter->mode : mode;
	p->modes |= 1u << (mode - trace_modes);
}

/* How are the tasks of a segment to be shown? */
static enum filter_async async_view(struct profile *p, const struct msgpack_object *info)
{
	struct trace_text mode;
	bool recorded = trace_info_text(info, "async", &mode);
	bool all = recorded && mode.len == 3 && memcmp(mode.bytes, "all", 3) == 0;

	p->tasks.recorded |= recorded;
	p->tasks.recorded_all |= all;
	if (!recorded)
		return FILTER_ASYNC_OFF;
	if (p->filter->async != FILTER_ASYNC_AS_RECORDED)
		return p->filter->async;
	return all ? FILTER_ASYNC_ALL : FILTER_ASYNC_RUNNING;
}

static void add_header(struct profile *p, const struct trace_header *h)
{
	struct profile_state *st = p->state;

	coverage_close_segment(&st->coverage);
	symbols_new_segment(&p->symbols);
	id_map_init(&st->processes);
	id_map_init(&st->threads);
	logical_new_segment(st->logical);
	st->async = async_view(p, h->info);
	st->to_wall_ns = (int64_t)h->wall_ns - (int64_t)h->mono_ns;
	/* A recorder that has used up a segment's ids goes on in another one. */
	if (st->in_recording && trace_info_num(h->info, "continued", 0) != 0)
		return;
	close_recording(p);
	add_mode(p, h);
	p->symbols.show_opcodes = p->filter->opcodes;
	p->symbols.show_gc = !p->filter->hide_gc;
	p->symbols.show_native = p->filter->native == NATIVE_SHOWN ||
				 (p->filter->native == NATIVE_AS_RECORDED &&
				  trace_info_num(h->info, "native", 0) != 0);
	st->in_recording = true;
	p->unfinished++;
	if (p->recordings++ > 0)
		return;
	p->first_wall_ns = h->wall_ns;
	for (int i = 0; i < PROFILE_NFACTS; i++) {
		struct trace_text t;

		trace_info_text(h->info, profile_fact_keys[i], &t);
		p->facts[i] = keep_text(p, t);
	}
}

static int add_process(struct profile *p, const struct trace_process_info *in)
{
	const uint64_t key[2] = { in->pid, in->start_ns };
	uint32_t before = p->process_keys.count;
	uint32_t id = intern_add(&p->process_keys, key, sizeof(key));
	struct trace_text build;

	if (!id)
		return -E2BIG;
	id_map_add(&p->state->processes, id);
	if (id <= before)
		return 0;
	p->processes = mem_grow(p->processes, &p->processes_cap, id,
				sizeof(*p->processes));

	struct profile_process *out = &p->processes[id - 1];

	*out = (struct profile_process){
		.pid = in->pid, .ppid = in->ppid, .python = in->python,
		.start_ns = in->start_ns, .argc = in->argc,
		.exe = keep_text(p, in->exe),
		.free_threaded = trace_info_num(in->info, "free_threaded", 0) != 0,
	};
	trace_info_text(in->info, "build", &build);
	out->build = keep_text(p, build);
	out->argv = mem_alloc(in->argc, sizeof(*out->argv));
	for (uint32_t i = 0; i < in->argc; i++)
		out->argv[i] = keep_text(p, in->argv[i]);
	return 0;
}

static int add_thread(struct profile *p, const struct trace_thread *in)
{
	struct profile_state *st = p->state;
	uint32_t process = st->processes.to[in->process];
	const uint64_t key[3] = { process, in->tid, in->python_id };
	uint32_t id;

	if (in->id < st->threads.n) {
		id = st->threads.to[in->id];
	} else {
		uint32_t before = p->thread_keys.count;

		id = intern_add(&p->thread_keys, key, sizeof(key));
		if (!id)
			return -E2BIG;
		id_map_add(&st->threads, id);
		if (id > before) {
			p->threads = mem_grow(p->threads, &p->threads_cap, id,
					      sizeof(*p->threads));
			p->threads[id - 1] = (struct profile_thread){ 0 };
			st->cpu_times = mem_grow(st->cpu_times, &st->cpu_times_cap, id,
						 sizeof(*st->cpu_times));
			st->cpu_times[id - 1] = (struct cpu_time){ 0 };
		}
	}

	struct profile_thread *t = &p->threads[id - 1];

	t->process = process;
	t->tid = in->tid;
	t->python_id = in->python_id;
	t->interpreter = in->interpreter;
	t->is_main = in->is_main;
	/* A thread is announced before it has a name; the last name counts. */
	if (in->name_len)
		t->name = keep_text(p, (struct trace_text){ in->name, in->name_len });
	return 0;
}

/* --- samples -------------------------------------------------------------- */

/* The states that make a thread busy; without all of them it is idle. */
static void count_idle(struct profile_counts *c, uint32_t flags, uint32_t known, uint32_t n)
{
	const uint32_t busy = TRACE_ON_CPU | TRACE_HOLDS_GIL | TRACE_WAITS_GIL;

	if (flags & busy) {
		c->idle_known += n;
	} else if ((known & busy) == busy && !(flags & busy << TRACE_UNKNOWN_SHIFT)) {
		c->idle_known += n;
		c->idle += n;
	}
}

static void count_run(struct profile *p, struct profile_counts *c,
		      const struct trace_run *run, uint32_t known)
{
	uint32_t flags = run->flags, len = run->len;

	c->samples += len;
	if (flags & TRACE_FAILED) {
		c->failed += len;
		p->failed_by[(flags & TRACE_REASON_MASK) >> TRACE_REASON_SHIFT] += len;
	} else if (flags & TRACE_OMITTED) {
		c->omitted += len;
	} else if (run->stack == 0) {
		c->empty += len;
	}
	count_idle(c, flags, known, len);
	if (flags & TRACE_INEXACT)
		c->inexact += len;
	if (!(flags & TRACE_FAILED) &&
	    trace_mode_verdict(p->state->mode, flags, known) == TRACE_NOT_KNOWN)
		c->unknown += len;
	for (int i = 0; i < PROFILE_NSTATES; i++) {
		uint32_t bit = 1u << i;

		if (flags & bit)
			c->state[i] += len;
		if ((flags & bit) ||
		    ((known & bit) && !(flags & bit << TRACE_UNKNOWN_SHIFT)))
			c->state_known[i] += len;
	}
}

/* Ticks of the block that --from and --to leave: [*lo, *hi). */
static void clip_block(const struct profile *p, const struct trace_samples *s,
		       uint32_t *lo, uint32_t *hi)
{
	const struct filter *f = p->filter;
	/* Starts of recordings on any clock: the difference may be negative. */
	int64_t base = (int64_t)((uint64_t)p->state->to_wall_ns - p->first_wall_ns);

	*lo = 0;
	*hi = s->block.nticks;
	if (f->from_ns == 0 && f->to_ns == UINT64_MAX)
		return;
	while (*lo < *hi) {
		int64_t at = (int64_t)(s->at_ns[*lo] + (uint64_t)base);

		if (at >= 0 && (uint64_t)at >= f->from_ns)
			break;
		++*lo;
	}
	while (*hi > *lo) {
		int64_t at = (int64_t)(s->at_ns[*hi - 1] + (uint64_t)base);

		if (at < 0 || (uint64_t)at < f->to_ns)
			break;
		--*hi;
	}
}

static void add_cpu(struct profile *p, const struct trace_cpu *cpu)
{
	for (uint32_t i = 0; i < cpu->n; i++) {
		uint32_t thread = p->state->threads.to[cpu->items[i].thread];

		p->threads[thread - 1].cpu_ns += cpu->items[i].ns;
		if (p->state->mode->flag == TRACE_ON_CPU)
			cpu_time_account(&p->state->cpu_times[thread - 1],
					 cpu->items[i].ns, profile_give_time, p);
	}
}

uint32_t profile_thread_of(const struct profile *p, uint32_t thread)
{
	return p->state->threads.to[thread];
}

/* Gives time to the samples of a process's last tick. */
static void credit_last_tick(struct profile *p, struct profile_process *proc,
			     uint64_t ns)
{
	for (size_t i = 0; i < proc->nlast; i++) {
		uint32_t site = proc->last_sites[i], thread = proc->last_threads[i];

		uint64_t part = profile_part(ns, proc->last_weights[i]);

		if (site)
			profile_add_time(p, p->sites[site - 1].thread, site, part, part);
		if (thread)
			p->threads[thread - 1].counts.ns += ns;
	}
	if (proc->ticks)
		proc->tick_ns += ns;
	proc->nlast = 0;
}

static void remember_last(struct profile_process *proc, uint32_t site, uint32_t thread,
			  uint64_t weight)
{
	size_t need = proc->nlast + 1;

	proc->last_sites = mem_grow(proc->last_sites, &proc->last_sites_cap, need,
				    sizeof(*proc->last_sites));
	proc->last_threads = mem_grow(proc->last_threads, &proc->last_threads_cap, need,
				      sizeof(*proc->last_threads));
	proc->last_weights = mem_grow(proc->last_weights, &proc->last_weights_cap, need,
				      sizeof(*proc->last_weights));
	proc->last_weights[proc->nlast] = weight;
	proc->last_sites[proc->nlast] = site;
	proc->last_threads[proc->nlast++] = thread;
}

/* What a thread did; with has_tasks the sites are found by logical_block(). */
static void add_group(struct profile *p, struct profile_process *proc,
		      const struct trace_block *b, const struct trace_group *g,
		      uint32_t lo, uint32_t hi, bool has_tasks)
{
	const uint64_t *sums = p->state->sums;
	uint32_t thread = p->state->threads.to[g->thread], tick = g->first;
	struct profile_counts unowned = { 0 };
	struct profile_counts *counts = thread ? &p->threads[thread - 1].counts
					       : &unowned;

	for (uint32_t i = 0; i < g->nruns; i++) {
		const struct trace_run *run = &g->runs[i];
		uint32_t end = tick + run->len;
		uint32_t from = tick > lo ? tick : lo, to = end < hi ? end : hi;
		uint32_t site = 0;

		count_run(p, counts, run, b->known);
		counts->ns += sums[end] - sums[tick];
		if (!has_tasks)
			site = profile_credit(p, &(struct profile_stretch){
				.thread = thread,
				.stack = p->symbols.stack_map.to[run->stack],
				.flags = run->flags, .known = b->known,
				.ticks = from < to ? to - from : 0,
				.ns = from < to ? sums[to] - sums[from] : 0,
				.all_ns = sums[end] - sums[tick],
				.weight = LOGICAL_WHOLE,
			});
		if (end == b->nticks)
			remember_last(proc, to == end ? site : 0, thread, LOGICAL_WHOLE);
		tick = end;
	}
	if (!thread) {
		p->counts.samples += unowned.samples;
		p->counts.failed += unowned.failed;
	}
}

static void count_ticks(struct profile *p, const struct trace_block *b)
{
	for (uint32_t i = 0; i < b->nskips; i++) {
		if (__builtin_add_overflow(p->missed, b->skips[i].slots, &p->missed))
			p->missed = UINT64_MAX;
		if (b->skips[i].slots > p->missed_most)
			p->missed_most = b->skips[i].slots;
	}
	p->late += b->nskips;
	p->ticks += b->nticks;
	if (!p->interval_ns)
		p->interval_ns = b->interval_ns;
	p->mixed_intervals |= p->interval_ns != b->interval_ns;
}

/* The last tick stands for some time too. */
static void extend_coverage(struct profile_state *st, const struct trace_samples *s)
{
	uint64_t from = s->at_ns[0], to = s->at_ns[s->block.nticks - 1];

	coverage_add(&st->coverage, from + (uint64_t)st->to_wall_ns,
		     to + s->block.interval_ns + (uint64_t)st->to_wall_ns);
}

static void remember_site(void *proc, uint32_t site, uint64_t weight)
{
	remember_last(proc, site, 0, weight);
}

static void add_samples(struct profile *p, const struct trace_samples *s)
{
	struct profile_state *st = p->state;
	const struct trace_block *b = &s->block;
	struct profile_process *proc = &p->processes[st->processes.to[b->process] - 1];
	const bool has_tasks = logical_waits_for(st->logical, b->process);
	uint32_t lo, hi;

	st->sums = mem_grow(st->sums, &st->sums_cap, (size_t)b->nticks + 1,
			    sizeof(*st->sums));
	credit_last_tick(p, proc,
			 clock_block(&proc->chain, s, proc->recording != p->recordings,
				     st->sums));
	proc->recording = p->recordings;
	clip_block(p, s, &lo, &hi);
	for (uint32_t i = 0; i < b->ngroups; i++)
		add_group(p, proc, b, &b->groups[i], lo, hi, has_tasks);
	if (has_tasks) {
		const struct logical_view view = { b, st->sums, lo, hi,
						   st->async == FILTER_ASYNC_ALL };

		logical_block(st->logical, p, &view, remember_site, proc);
	}
	count_ticks(p, b);
	extend_coverage(st, s);
	proc->ticks += b->nticks;
	proc->tick_ns += st->sums[b->nticks];
}

/* --- the rest --------------------------------------------------------------- */

static int add_tasks(struct profile *p, const struct trace_tasks *t)
{
	const struct profile_state *st = p->state;

	p->tasks.tasks += t->n;
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t name = p->symbols.string_map.to[t->items[i].name];

		logical_add_task(st->logical, t->items[i].thread,
				 st->threads.to[t->items[i].thread], name);
	}
	return 0;
}

static void add_logical(struct profile *p, const struct trace_logical *t)
{
	struct profile_tasks *sum = &p->tasks;

	for (uint32_t i = 0; i < t->ngroups; i++)
		for (uint32_t k = 0; k < t->groups[i].nruns; k++) {
			const struct trace_task_run *run = &t->groups[i].runs[k];

			sum->samples += run->len;
			sum->running += run->flags & TRACE_TASK_RUNNING ? run->len : 0;
			sum->inexact += run->flags & TRACE_TASK_INEXACT ? run->len : 0;
			sum->failed += run->flags & TRACE_TASK_FAILED ? run->len : 0;
		}
	if (p->state->async != FILTER_ASYNC_OFF)
		logical_keep(p->state->logical, t);
}

static void add_lost(struct profile *p, const struct trace_lost *l)
{
	uint64_t *count = l->reason == TRACE_LOST_PAUSED ? &p->paused : &p->lost;

	if (__builtin_add_overflow(*count, l->ticks, count))
		*count = UINT64_MAX;
}

static void add_stats(struct profile *p, const struct trace_stats *s)
{
	/* Counters are cumulative within a recording: the last ones hold. */
	p->has_counters = true;
	for (int i = 0; i < PROFILE_NCOUNTERS; i++) {
		int64_t n = trace_info_num(s->info, profile_counter_keys[i], 0);

		p->state->counters[i] = n > 0 ? (uint64_t)n : 0;
	}
}

static void add_end(struct profile *p, const struct trace_end *e)
{
	if (p->state->in_recording)
		p->unfinished--;
	p->state->in_recording = false;
	p->end_reason = e->reason;
	p->end_text = keep_text(p, e->text);
}

int profile_add(struct profile *p, const struct trace_object *o, struct err *err)
{
	int rc = 0;

	switch (o->type) {
	case TRACE_HEADER:
		add_header(p, &o->u.header);
		break;
	case TRACE_STRINGS:
		rc = symbols_add_strings(&p->symbols, &o->u.strings);
		break;
	case TRACE_OPCODES:
		rc = symbols_add_opcodes(&p->symbols, &o->u.opcodes);
		break;
	case TRACE_FUNCTIONS:
		rc = symbols_add_functions(&p->symbols, &o->u.functions);
		break;
	case TRACE_LOCATIONS:
		rc = symbols_add_locations(&p->symbols, &o->u.locations);
		break;
	case TRACE_STACKS:
		rc = symbols_add_stacks(&p->symbols, &o->u.stacks);
		break;
	case TRACE_PROCESS:
		rc = add_process(p, &o->u.process);
		break;
	case TRACE_THREAD:
		rc = add_thread(p, &o->u.thread);
		break;
	case TRACE_SAMPLES:
		add_samples(p, &o->u.samples);
		break;
	case TRACE_CPU:
		add_cpu(p, &o->u.cpu);
		break;
	case TRACE_TASKS:
		rc = add_tasks(p, &o->u.tasks);
		break;
	case TRACE_LOGICAL:
		add_logical(p, &o->u.logical);
		break;
	case TRACE_LOST:
		add_lost(p, &o->u.lost);
		break;
	case TRACE_STATS:
		add_stats(p, &o->u.stats);
		break;
	case TRACE_END:
		add_end(p, &o->u.end);
		break;
	default:
		break;
	}
	if (rc < 0)
		err_set(err, -rc,
			"the traces hold more distinct names or stacks than one "
			"report can; report on fewer traces at once");
	return rc;
}

/* --- at the end --------------------------------------------------------------- */

static bool keeps_thread(const struct profile *p, uint32_t id)
{
	const struct profile_thread *t = &p->threads[id - 1];

	/* A task of a thread that is not recorded. */
	if (!id)
		return !p->filter->nthreads && !p->filter->npids;
	return filter_has_process(p->filter, p->processes[t->process - 1].pid) &&
	       filter_has_thread(p->filter, t->tid,
				 symbols_string(&p->symbols, t->name));
}

static void add_counts(struct profile_counts *sum, const struct profile_counts *c)
{
	sum->samples += c->samples;
	sum->failed += c->failed;
	sum->inexact += c->inexact;
	sum->empty += c->empty;
	sum->unknown += c->unknown;
	sum->omitted += c->omitted;
	sum->idle += c->idle;
	sum->idle_known += c->idle_known;
	sum->ns += c->ns;
	for (int i = 0; i < PROFILE_NSTATES; i++) {
		sum->state[i] += c->state[i];
		sum->state_known[i] += c->state_known[i];
	}
}

void profile_finish(struct profile *p)
{
	size_t kept = 0;

	for (uint32_t i = 0; i < p->process_keys.count; i++) {
		struct profile_process *proc = &p->processes[i];

		credit_last_tick(p, proc, clock_finish(&proc->chain));
	}
	for (uint32_t i = 0; i < p->thread_keys.count; i++)
		cpu_time_finish(&p->state->cpu_times[i], profile_give_time, p);
	coverage_close_segment(&p->state->coverage);
	p->duration_ns = p->state->coverage.total_ns;
	close_recording(p);
	for (uint32_t i = 0; i < p->thread_keys.count; i++)
		add_counts(&p->counts, &p->threads[i].counts);

	profile_round_parts(p);

	/* Only here: the name of a thread may come after its first samples. */
	for (size_t i = 0; i < p->nsites; i++)
		if (p->sites[i].samples && keeps_thread(p, p->sites[i].thread))
			p->sites[kept++] = p->sites[i];
	p->nsites = kept;
}

double profile_requested_hz(const struct profile *p)
{
	return p->interval_ns ? 1e9 / (double)p->interval_ns : 0;
}

uint64_t profile_unobserved_ns(const struct profile *p)
{
	uint64_t ns = 0;

	for (uint32_t i = 0; i < p->process_keys.count; i++)
		ns += p->processes[i].chain.unobserved_ns;
	return ns;
}

double profile_achieved_hz(const struct profile *p)
{
	uint64_t ns = profile_unobserved_ns(p);

	for (uint32_t i = 0; i < p->process_keys.count; i++)
		ns += p->processes[i].tick_ns;
	return ns ? (double)p->ticks * 1e9 / (double)ns : 0;
}

const char *profile_mode_name(const struct profile *p)
{
	if (p->filter->mode_given || !p->modes)
		return p->filter->mode->name;
	for (unsigned i = 0; trace_modes[i].name; i++)
		if (p->modes == 1u << i)
			return trace_modes[i].name;
	return "as recorded";
}

const char *profile_other_mode(const struct profile *p)
{
	for (unsigned i = 0; p->filter->mode_given && trace_modes[i].name; i++)
		if ((p->modes & 1u << i) && trace_modes[i].flag &&
		    &trace_modes[i] != p->filter->mode)
			return trace_modes[i].name;
	return NULL;
}
