/* SPDX-License-Identifier: MIT */
#include "tachyon-record/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "tachyon-record/tick.h"

enum {
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
		tick_take(s, when);
		count(&s->counts.busy_ns, clock_now() - when->at_ns);
		if (s->gone)
			return SAMPLER_TARGET_ENDED;
		if (has_changed(s, when->at_ns))
			return SAMPLER_TARGET_CHANGED;
		if (when->at_ns - s->cpu_times_ns >= CPU_TIMES_NS)
			push_cpu_times(s, when->at_ns);
		/* If there is no room for it, the next tick tries again. */
		if (is_crowded(s))
			tick_start_segment(s);
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
