/* SPDX-License-Identifier: MIT */
#include "tachyon-record/tick.h"

#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tachyon-record/thread_flags.h"

enum {
	/* The lists of threads are compared at least so often. */
	REFRESH_NS = 10000000,
	/* A refresh may take so much of the time: its period grows with its cost. */
	REFRESH_SHARE = 20,
};

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

void tick_start_segment(struct sampler *s)
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
			tick_start_segment(s);
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
		tick_start_segment(s);
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

void tick_take(struct sampler *s, const struct moment *when)
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
