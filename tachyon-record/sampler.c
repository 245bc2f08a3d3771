/* SPDX-License-Identifier: MIT */
#include "tachyon-record/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "tachyon-record/instruction.h"
#include "tachyon-record/numbers.h"
#include "tachyon-record/pause.h"
#include "tachyon-record/records.h"
#include "tachyon-record/roster.h"
#include "tachyon-record/schedule.h"
#include "tachyon-record/thread_flags.h"
#include "tachyon-record/asyncio/tasks.h"
#include "tachyon-record/unwind.h"

enum {
	/* The lists of threads are compared at least so often. */
	REFRESH_NS = 10000000,
	/* A refresh may take so much of the time: its period grows with its cost. */
	REFRESH_SHARE = 20,
	/* Retries end after half an interval, within these bounds. */
	RETRY_MIN_NS = 50000,
	RETRY_MAX_NS = 500000,
	/* So often it is made sure that the process has not become another program. */
	IDENTIFY_NS = 50000000,
	/* So often the kernel is asked how long each thread has been on a CPU. */
	CPU_TIMES_NS = 250000000,
	/*
	 * So many nodes and codes call for a new segment, which has only those in
	 * use; or twice as many as it began with, if these are more.
	 */
	NODES_ENOUGH = 1 << 18,
	CODES_ENOUGH = 1 << 17,
	/* How long the opcode of an instruction is believed; the same to record it. */
	INSTRUCTION_NS = 256000000,
	OPCODE_NS = 1000000,
	/* Time without a readable runtime after which it is taken for one. */
	CHANGED_NS = 10000000,
};

struct sampler {
	struct target *target;
	struct ring *ring;
	struct sampler_options options;
	struct roster roster;
	struct snapshot snapshot;
	struct snapshot roster_copy;    /* of the roster's words alone */
	struct unwind_context unwind;
	struct instructions *instructions;
	enum opcode_native native[OPCODES];     /* of the target's instructions */
	struct tasks *tasks;            /* NULL: not asked for */
	struct pause pause;
	struct sampler_counts counts;
	atomic_bool stop, ended, want_segment;

	struct record_change *changes;  /* of this tick */
	size_t nchanges, change_room;
	struct schedule schedule;
	uint64_t unreadable_since_ns;   /* 0: readable */
	uint64_t identified_ns;         /* when the target was found to be the same */
	uint64_t cpu_times_ns;          /* when CPU times were asked for */
	uint64_t refresh_period_ns;
	uint64_t refresh_pause_ns;      /* the least time between two */
	uint64_t retry_ns;              /* how long one thread may be tried */
	struct record_lost lost;        /* ticks that did not fit, not yet reported */
	uint32_t first_nodes, first_codes;      /* of this segment's first tick; 0: not yet */
	uint32_t process_node;          /* of thread 0: failures of the whole */
	bool resend;                    /* the writer's picture is incomplete */
	bool gone;
	struct numbers numbers;         /* of threads */
};

static void count(atomic_uint_fast64_t *counter, uint64_t n)
{
	/* One writer: no read-modify-write is needed. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

uint32_t sampler_known_flags(void)
{
	return TRACE_ON_CPU | TRACE_HOLDS_GIL | TRACE_WAITS_GIL | TRACE_GC |
	       TRACE_NATIVE | TRACE_EXCEPTION;
}

static uint64_t retry_ns(uint64_t interval_ns)
{
	uint64_t half = interval_ns / 2;

	return half < RETRY_MIN_NS ? RETRY_MIN_NS : half > RETRY_MAX_NS ? RETRY_MAX_NS : half;
}

struct sampler *sampler_new(struct target *target, struct ring *ring,
			    const struct sampler_options *options, struct err *err)
{
	struct sampler *s = mem_alloc(1, sizeof(*s));

	s->target = target;
	s->ring = ring;
	s->options = *options;
	s->pause.tasks_fd = -1;
	s->schedule = (struct schedule){
		.interval_ns = options->interval_ns,
		.end_ns = options->end_ns,
		.stop = &s->stop,
	};
	s->refresh_period_ns = REFRESH_NS;
	s->retry_ns = retry_ns(options->interval_ns);
	s->unwind.exceptions.none = target->none;
	roster_init(&s->roster, target, options->all_threads);
	s->unwind.remote = &target->remote;
	s->unwind.layout = &target->layout;
	s->unwind.ring = ring;
	s->unwind.codes = code_table_new();
	s->unwind.nodes = node_table_new();
	s->unwind.copies = code_copies_new();
	s->instructions = instructions_new(options->opcodes ? OPCODE_NS : INSTRUCTION_NS);
	opcodes_native(target->layout.version, !target->layout.free_threaded, s->native);
	unwind_context_init(&s->unwind);
	if (options->async)
		s->tasks = tasks_new(target, ring, options->async_all);
	if (!s->unwind.codes || !s->unwind.nodes || !s->unwind.copies || !s->instructions) {
		err_set(err, ENOMEM, "the tables of stacks: %s", "out of memory");
		sampler_free(s);
		return NULL;
	}
	if (options->blocking && pause_open(&s->pause, target->pid, err) != 0) {
		sampler_free(s);
		return NULL;
	}
	return s;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	roster_release(&s->roster);
	snapshot_release(&s->snapshot);
	snapshot_release(&s->roster_copy);
	unwind_context_release(&s->unwind);
	code_table_free(s->unwind.codes);
	node_table_free(s->unwind.nodes);
	code_copies_free(s->unwind.copies);
	instructions_free(s->instructions);
	tasks_free(s->tasks);
	pause_close(&s->pause);
	free(s->changes);
	numbers_release(&s->numbers);
	free(s);
}

void sampler_continue(struct sampler *s, const struct sampler *earlier)
{
	s->numbers.highest = earlier->numbers.highest;
	s->schedule.slot = earlier->schedule.slot;
	s->lost = earlier->lost;
	s->resend = true;
	s->unwind.inexact = earlier->unwind.inexact;
	count(&s->counts.ticks, earlier->counts.ticks);
	count(&s->counts.failed, earlier->counts.failed);
	count(&s->counts.late, earlier->counts.late);
	count(&s->counts.skipped, earlier->counts.skipped);
	count(&s->counts.lost, earlier->counts.lost);
	count(&s->counts.busy_ns, earlier->counts.busy_ns);
}

void sampler_stop(struct sampler *s)
{
	atomic_store(&s->stop, true);
}

const struct record_lost *sampler_lost(const struct sampler *s)
{
	return s->lost.ticks ? &s->lost : NULL;
}

void sampler_found_asyncio(struct sampler *s, const struct asyncio_layout *layout)
{
	tasks_found(s->tasks, layout);
}

void sampler_want_segment(struct sampler *s)
{
	atomic_store(&s->want_segment, true);
}

void sampler_target_ended(struct sampler *s)
{
	atomic_store(&s->ended, true);
	atomic_store(&s->stop, true);
}

struct sampler_counts *sampler_counts(struct sampler *s)
{
	return &s->counts;
}

static void add_change(struct sampler *s, uint32_t thread, uint32_t node, uint32_t flags)
{
	s->changes = mem_grow(s->changes, &s->change_room, s->nchanges + 1,
			      sizeof(*s->changes));
	s->changes[s->nchanges++] = (struct record_change){ thread, node, flags };
}

/* Tells the writer of a thread before the first change that names it. */
static bool announce(struct sampler *s, struct thread *t)
{
	const struct interp *in = &s->roster.interps[t->interp];
	struct record_thread record = {
		.number = numbers_next(&s->numbers),
		.interp_state = in->address,
		.tid = t->own_tid,
		.ident = t->ident,
		.interpreter = in->id,
		.is_main = t->is_main,
	};

	if (t->announced)
		return true;
	if (ring_push(s->ring, RECORD_THREAD, &record, sizeof(record)) != 0)
		return false;
	t->announced = true;
	t->number = numbers_take(&s->numbers);
	count(&s->counts.threads, 1);
	return true;
}

static void thread_left(void *arg, struct thread *t)
{
	struct sampler *s = arg;

	if (t->sent)
		add_change(s, t->number, RECORD_ABSENT, 0);
	if (s->tasks)
		tasks_thread_left(s->tasks, t);
	if (!t->announced)
		return;
	numbers_leave(&s->numbers, t->number);
	count(&s->counts.threads, (uint64_t)-1);
}

static void refresh(struct sampler *s, uint64_t at_ns)
{
	enum read_status st = roster_refresh(&s->roster, at_ns, thread_left, s);
	uint64_t cost = clock_now() - at_ns;

	s->gone |= st == READ_GONE;
	s->refresh_pause_ns = cost * REFRESH_SHARE / 4;
	s->refresh_period_ns = cost * REFRESH_SHARE > REFRESH_NS ? cost * REFRESH_SHARE
								 : REFRESH_NS;
}

/* Numbers of codes and nodes start again, here and in the trace, if there is room. */
static void start_segment(struct sampler *s)
{
	if (ring_push(s->ring, RECORD_SEGMENT, NULL, 0) != 0)
		return;
	atomic_store(&s->want_segment, false);
	code_table_clear(s->unwind.codes);
	node_table_clear(s->unwind.nodes);
	s->first_nodes = s->first_codes = 0;
	for (size_t i = 0; i < s->roster.nthreads; i++) {
		struct thread *t = s->roster.threads[i];

		unwinder_forget(&t->unwinder);
		t->sent = t->read = false;
	}
	if (s->tasks)
		tasks_forget(s->tasks);
	s->resend = true;
}

/*
 * Which threads will this tick read at first?  Their innermost frames come
 * before all else, because what is read before them may hold the program up.
 */
static void plan(struct sampler *s)
{
	snapshot_reset(&s->snapshot);
	for (size_t i = 0; i < s->roster.nthreads; i++) {
		struct thread *t = s->roster.threads[i];
		const struct gil *g = &s->roster.gils[s->roster.interps[t->interp].gil];

		t->planned = t->selected && !t->replaced &&
			     (!t->read || t->state == g->holder || !g->governs);
		if (t->planned && unwind_is_new(&t->unwinder, &s->unwind))
			unwind_prime(&t->unwinder, &s->unwind);
		if (t->planned)
			unwind_plan(&t->unwinder, &s->unwind, &s->snapshot);
		if (t->planned && s->tasks)
			tasks_plan(s->tasks, t, &s->snapshot);
	}
	roster_plan(&s->roster, &s->snapshot);
}

static const enum trace_reason reasons[] = {
	[UNWIND_TORN] = TRACE_REASON_TORN,
	[UNWIND_UNREADABLE] = TRACE_REASON_UNREADABLE,
	[UNWIND_DEEP] = TRACE_REASON_DEEP,
	[UNWIND_CORRUPT] = TRACE_REASON_CORRUPT,
};

static uint32_t failed_flags(enum trace_reason reason)
{
	return TRACE_FAILED | (uint32_t)reason << TRACE_REASON_SHIFT;
}

static void take_attached(const struct sampler *s, struct thread *t,
			  const struct snapshot *copy)
{
	const struct layout *l = &s->target->layout;
	const char *state = unwind_state(&t->unwinder, &s->unwind, copy);

	t->attached_known = state && OFF(l, thread_state) != ABSENT;
	/* _Py_THREAD_ATTACHED, Include/internal/pycore_pystate.h */
	t->attached = t->attached_known && int_at(state, OFF(l, thread_state)) == 1;
}

/* Looks at the instruction of a leaf that was just found. */
static enum unwind_status look_at_instruction(struct sampler *s, struct thread *t)
{
	const struct frame *leaf = &t->unwinder.leaf;
	int opcode;

	t->native = leaf->number ? OPCODE_INTERPRETER : OPCODE_ANY;
	if (!leaf->number || !leaf->instruction)
		return UNWIND_EXACT;
	opcode = instructions_get(s->instructions, s->unwind.remote, leaf->instruction,
				  leaf->number, s->unwind.clock.now_ns);
	if (opcode == INSTRUCTION_UNKNOWN)
		t->native = OPCODE_ANY;
	else
		t->native = s->native[opcode];
	if (!s->options.opcodes || opcode == INSTRUCTION_UNKNOWN)
		return UNWIND_EXACT;
	return unwind_add_opcode(&s->unwind, (unsigned)opcode, &t->node);
}

/* Says which frame a collector interrupts, where the interpreter does not. */
static void learn_interrupted(struct sampler *s, struct interp *in, const struct thread *t)
{
	if (in->collecting && in->collector == t->state &&
	    OFF(&s->target->layout, interp_gc_frame) == ABSENT)
		in->interrupted = unwind_interrupted(&t->unwinder, in->interrupted);
}

/* Reads and unwinds one thread; the copy is the tick's if it was planned. */
static enum unwind_status look_at(struct sampler *s, struct thread *t)
{
	struct interp *in = &s->roster.interps[t->interp];
	struct snapshot *copy = &s->snapshot;
	enum unwind_status st;

	s->unwind.clock.generation = in->generation;
	s->unwind.copy_generation = in->copies;
	t->unwinder.interrupted = in->collecting && in->collector == t->state &&
				  !s->options.selection.no_gc ? in->interrupted : 0;
	s->unwind.retry_until_ns = clock_now() + s->retry_ns;
	if (!t->planned) {
		copy = &s->unwind.retry;
		snapshot_reset(copy);
		unwind_plan(&t->unwinder, &s->unwind, copy);
		if (snapshot_read(copy, s->unwind.remote) == READ_GONE)
			return UNWIND_GONE;
	}
	take_attached(s, t, copy);
	st = unwind(&t->unwinder, &s->unwind, copy, &t->node);
	if (st == UNWIND_EXACT || st == UNWIND_INEXACT) {
		enum unwind_status added = look_at_instruction(s, t);

		st = added == UNWIND_EXACT ? st : added;
	}
	learn_interrupted(s, in, t);
	t->flags = 0;
	t->looked = true;
	if (st == UNWIND_INEXACT)
		t->flags = TRACE_INEXACT;
	else if (st != UNWIND_EXACT && st < sizeof(reasons) / sizeof(reasons[0]))
		t->flags = failed_flags(reasons[st]);
	if (t->flags & TRACE_FAILED)
		t->node = NODE_ROOT;
	/* What is not certain is read again whoever holds the GIL. */
	t->read = st == UNWIND_EXACT;
	/* Memory of a thread that has ended fails in any way. */
	t->replaced = st == UNWIND_REPLACED ||
		      (t->flags & TRACE_FAILED && kernel_state_has_ended(&t->kernel));
	s->roster.stale |= t->replaced || t->flags & TRACE_FAILED;
	return st;
}

/* Looks at every thread that may have moved.  False: the tick is lost. */
static bool look_at_threads(struct sampler *s, bool *failed)
{
	for (size_t i = 0; i < s->roster.nthreads; i++) {
		struct thread *t = s->roster.threads[i];
		enum unwind_status st = UNWIND_EXACT;

		t->looked = false;
		if (!t->selected || t->replaced)
			continue;
		if (!announce(s, t))
			return false;
		if (t->planned || !t->read || roster_may_have_moved(&s->roster, t))
			st = look_at(s, t);
		else
			t->flags = 0;
		if (st == UNWIND_GONE) {
			s->gone = true;
			return false;
		}
		if (st == UNWIND_FULL)
			start_segment(s);
		if (st == UNWIND_FULL || st == UNWIND_NO_ROOM)
			return false;
		*failed |= !t->replaced && t->flags & TRACE_FAILED;
	}
	return true;
}

/* Looks at the tasks of those threads.  False: the tick is lost. */
static bool look_at_tasks(struct sampler *s)
{
	enum tasks_status st = TASKS_OK;

	if (s->tasks)
		st = tasks_tick(s->tasks, &s->roster, &s->unwind, &s->snapshot, s->resend);
	if (st == TASKS_FULL)
		start_segment(s);
	return st == TASKS_OK;
}

/* Collects what differs from what the writer knows. */
static void collect_changes(struct sampler *s, uint64_t as_of_ns)
{
	const uint32_t known = sampler_known_flags();

	for (size_t i = 0; i < s->roster.nthreads; i++) {
		struct thread *t = s->roster.threads[i];
		uint32_t node = t->node, flags;

		if (!t->selected || t->replaced) {
			if (t->sent)
				add_change(s, t->number, RECORD_ABSENT, 0);
			t->sent = false;
			continue;
		}
		flags = t->flags | thread_flags(&s->roster, t, as_of_ns);
		selection_apply(&s->options.selection, known, &node, &flags);
		if (!t->sent || s->resend || node != t->sent_node || flags != t->sent_flags)
			add_change(s, t->number, node, flags);
		t->sent_node = node;
		t->sent_flags = flags;
		t->sent = true;
	}
}

/* Ticks that the writer had no room for, as soon as it has some again. */
static bool report_lost(struct sampler *s)
{
	if (!s->lost.ticks)
		return true;
	if (ring_push(s->ring, RECORD_LOST, &s->lost, sizeof(s->lost)) != 0)
		return false;
	s->lost.ticks = 0;
	return true;
}

static void lose(struct sampler *s, uint64_t at_ns)
{
	if (!s->lost.ticks)
		s->lost.from_ns = at_ns;
	s->lost.to_ns = at_ns;
	s->lost.ticks++;
	s->resend = true;
	count(&s->counts.lost, 1);
}

static void push_tick(struct sampler *s, const struct moment *when)
{
	const size_t len = s->nchanges * sizeof(*s->changes);
	struct ring_record *slot;
	struct record_tick *tick;

	slot = report_lost(s) ? ring_reserve(s->ring, RECORD_TICK, sizeof(*tick) + len) : NULL;
	if (!slot) {
		lose(s, when->at_ns);
		return;
	}
	tick = (struct record_tick *)slot->data;
	tick->at_ns = when->at_ns;
	tick->slot_ns = when->slot_ns;
	tick->slot = s->schedule.slot;
	tick->complete = s->resend;
	tick->nchanges = (uint32_t)s->nchanges;
	for (size_t i = 0; i < s->nchanges; i++)
		tick->changes[i] = s->changes[i];
	ring_commit(s->ring, slot);
	s->resend = false;
	numbers_told(&s->numbers);
	if (s->tasks)
		tasks_commit(s->tasks);
	count(&s->counts.ticks, 1);
}

/* Who held the GIL meanwhile is not known: any thread may have moved. */
static void doubt_threads(struct sampler *s)
{
	for (size_t i = 0; i < s->roster.nthreads; i++)
		s->roster.threads[i]->read = s->roster.threads[i]->awaits_gil = false;
}

/* The process as a whole is thread 0: it shows up only while it fails. */
static void set_process_state(struct sampler *s, bool readable)
{
	uint32_t node = readable ? RECORD_ABSENT : NODE_ROOT;
	uint32_t flags = readable ? 0 : failed_flags(TRACE_REASON_UNREADABLE);

	if (node != s->process_node || (s->resend && !readable))
		add_change(s, 0, node, flags);
	s->process_node = node;
}

static void tick_unreadable(struct sampler *s, const struct moment *when)
{
	for (size_t i = 0; i < s->roster.nthreads; i++) {
		struct thread *t = s->roster.threads[i];

		if (t->sent)
			add_change(s, t->number, RECORD_ABSENT, 0);
		t->sent = false;
	}
	doubt_threads(s);
	s->roster.stale = true;
	set_process_state(s, false);
	push_tick(s, when);
	count(&s->counts.failed, 1);
	if (!s->unreadable_since_ns)
		s->unreadable_since_ns = when->at_ns;
}

static void finish_tick(struct sampler *s, const struct moment *when,
			bool failed)
{
	collect_changes(s, when->due_ns);
	set_process_state(s, true);
	push_tick(s, when);
	if (!s->first_nodes) {
		s->first_nodes = node_table_count(s->unwind.nodes);
		s->first_codes = code_table_count(s->unwind.codes);
	}
	count(&s->counts.failed, failed);
	s->unreadable_since_ns = 0;
	atomic_store_explicit(&s->counts.inexact, s->unwind.inexact, memory_order_relaxed);
}

/*
 * The tick is lost half-way.  Who held the GIL was taken over already, so the
 * threads that were not looked at may have moved without a sign of it.
 */
static void give_up(struct sampler *s, uint64_t at_ns)
{
	doubt_threads(s);
	lose(s, at_ns);
}

/* A stack that could not be read took what follows in the copy with it. */
static bool take_roster(struct sampler *s)
{
	if (roster_take(&s->roster, &s->snapshot))
		return true;
	doubt_threads(s);
	snapshot_reset(&s->roster_copy);
	roster_plan(&s->roster, &s->roster_copy);
	s->gone |= snapshot_read(&s->roster_copy, s->unwind.remote) == READ_GONE;
	return roster_take(&s->roster, &s->roster_copy);
}

/*
 * With --blocking the target stands still while it is read, and what runs is
 * asked for before.  Of one that is not there any more reading tells.
 */
static bool hold_target(struct sampler *s, const struct moment *when)
{
	int ret;

	if (!s->options.blocking)
		return true;
	for (size_t i = 0; i < s->roster.nthreads; i++)
		kernel_state_update(&s->roster.threads[i]->kernel, when->due_ns);
	ret = pause_begin(&s->pause);
	return ret == 0 || ret == -ESRCH;
}

static void release_target(struct sampler *s)
{
	if (s->options.blocking)
		pause_end(&s->pause);
}

enum tick_result { TICK_READ, TICK_UNREADABLE, TICK_LOST, TICK_GONE };

static enum tick_result read_target(struct sampler *s, bool *failed)
{
	plan(s);
	s->gone |= snapshot_read(&s->snapshot, s->unwind.remote) == READ_GONE;
	if (s->gone)
		return TICK_GONE;
	if (!s->roster.ninterps || !take_roster(s))
		return TICK_UNREADABLE;
	if (look_at_threads(s, failed) && look_at_tasks(s))
		return TICK_READ;
	return s->gone ? TICK_GONE : TICK_LOST;
}

static void tick(struct sampler *s, const struct moment *when)
{
	enum tick_result result = TICK_UNREADABLE;
	bool failed = false;

	s->nchanges = 0;
	s->unwind.tick++;
	s->unwind.clock.now_ns = when->at_ns;
	if (when->at_ns - s->roster.refreshed_ns >
	    (s->roster.stale ? s->refresh_pause_ns : s->refresh_period_ns))
		refresh(s, when->at_ns);
	if (hold_target(s, when))
		result = read_target(s, &failed);
	release_target(s);
	switch (result) {
	case TICK_READ:
		finish_tick(s, when, failed);
		break;
	case TICK_UNREADABLE:
		tick_unreadable(s, when);
		break;
	case TICK_LOST:
		give_up(s, when->at_ns);
		break;
	case TICK_GONE:
		break;
	}
}

static void note_gap(struct sampler *s, uint64_t gap_ns)
{
	struct sampler_counts *c = &s->counts;

	if (gap_ns > atomic_load_explicit(&c->longest_ns, memory_order_relaxed))
		atomic_store_explicit(&c->longest_ns, gap_ns, memory_order_relaxed);
	if (gap_ns < atomic_load_explicit(&c->shortest_ns, memory_order_relaxed))
		atomic_store_explicit(&c->shortest_ns, gap_ns, memory_order_relaxed);
}

static bool is_many(uint32_t n, uint32_t at_first, uint32_t enough)
{
	return n > enough && n / 2 > at_first;
}

static bool is_crowded(const struct sampler *s)
{
	return atomic_load_explicit(&s->want_segment, memory_order_relaxed) ||
	       is_many(node_table_count(s->unwind.nodes), s->first_nodes, NODES_ENOUGH) ||
	       is_many(code_table_count(s->unwind.codes), s->first_codes, CODES_ENOUGH);
}

/*
 * Is it another program by now?  Then its memory cannot be read as before for
 * a while, or, where nothing is at random addresses, is just different.
 */
static bool has_changed(struct sampler *s, uint64_t at_ns)
{
	if (s->unreadable_since_ns && at_ns - s->unreadable_since_ns > CHANGED_NS)
		return true;
	if (at_ns - s->identified_ns < IDENTIFY_NS)
		return false;
	s->identified_ns = at_ns;
	return !target_is_same(s->target);
}

/*
 * Samples tell where the time on a CPU was spent, the kernel how much it was:
 * no gap and no late tick distorts that.
 */
static void push_cpu_times(struct sampler *s, uint64_t at_ns)
{
	const size_t most = s->roster.nthreads * sizeof(struct record_cpu_time);
	struct ring_record *slot = ring_reserve(s->ring, RECORD_CPU,
						sizeof(struct record_cpu) + most);
	struct record_cpu *record;

	s->cpu_times_ns = at_ns;
	/* What is not asked for now is part of the next answer. */
	if (!slot)
		return;
	record = (struct record_cpu *)slot->data;
	*record = (struct record_cpu){ .at_ns = at_ns };
	for (size_t i = 0; i < s->roster.nthreads; i++) {
		struct thread *t = s->roster.threads[i];
		uint64_t ns;

		if (t->sent && kernel_state_cpu_time(&t->kernel, &ns))
			record->times[record->n++] = (struct record_cpu_time){ t->number, ns };
	}
	ring_commit(s->ring, slot);
}

static enum sampler_result run_loop(struct sampler *s)
{
	const struct moment *when = &s->schedule.now;
	uint64_t before = 0, skipped;

	schedule_begin(&s->schedule, s->schedule.slot);
	s->cpu_times_ns = when->slot_ns;
	while (schedule_next(&s->schedule, &skipped)) {
		count(&s->counts.late, skipped > 0);
		count(&s->counts.skipped, skipped);
		if (s->options.end_ns && when->at_ns >= s->options.end_ns)
			return SAMPLER_DURATION;
		if (before)
			note_gap(s, when->at_ns - before);
		before = when->at_ns;
		tick(s, when);
		count(&s->counts.busy_ns, clock_now() - when->at_ns);
		if (s->gone)
			return SAMPLER_TARGET_ENDED;
		if (has_changed(s, when->at_ns))
			return SAMPLER_TARGET_CHANGED;
		if (when->at_ns - s->cpu_times_ns >= CPU_TIMES_NS)
			push_cpu_times(s, when->at_ns);
		/* If there is no room for it, the next tick tries again. */
		if (is_crowded(s))
			start_segment(s);
	}
	return atomic_load(&s->ended) ? SAMPLER_TARGET_ENDED : SAMPLER_STOPPED;
}

enum sampler_result sampler_run(struct sampler *s)
{
	enum sampler_result result;

	prctl(PR_SET_NAME, "sampler");
	schedule_urgently();
	atomic_store(&s->counts.shortest_ns, UINT64_MAX);
	s->process_node = RECORD_ABSENT;
	result = run_loop(s);
	if (result == SAMPLER_DURATION || result == SAMPLER_STOPPED)
		push_cpu_times(s, clock_now());
	return result;
}
