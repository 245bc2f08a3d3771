/* SPDX-License-Identifier: MIT */
#include "tachyon-record/thread_flags.h"

#include "format/wire.h"
#include "tachyon-record/exception.h"
#include "tachyon-record/node_table.h"

/* Without a GIL a thread that is attached may run, as if it held one of its own. */
static uint32_t attached_flags(const struct thread *t)
{
	if (!t->attached_known)
		return TRACE_HOLDS_GIL << TRACE_UNKNOWN_SHIFT;
	return t->attached ? TRACE_HOLDS_GIL : 0;
}

/*
 * A thread without the GIL waits for it if it sleeps on the GIL's own condition
 * variables or mutexes; or if it is ready, without a CPU, and stands at an
 * instruction of the interpreter itself, where nothing else is done without it.
 */
static bool begins_to_wait(const struct roster *r, const struct thread *t,
			   const struct gil *g, uint64_t futex)
{
	if (futex)
		return futex - g->address < (uint64_t)OFF(&r->target->layout, gil_size);
	return t->native == OPCODE_INTERPRETER && t->node != NODE_ROOT &&
	       !(t->flags & TRACE_FAILED);
}

/*
 * A thread that has begun to wait for the GIL waits until it gets it, also
 * when it was woken and has no CPU yet, or looks how long it has waited.
 */
static uint32_t gil_flags(const struct roster *r, struct thread *t, const struct gil *g)
{
	const bool moved = roster_may_have_moved(r, t);
	uint64_t futex;
	bool waits;

	if (!g->governs)
		return attached_flags(t);
	t->awaits_gil &= !moved;
	if (g->locked && g->holder == t->state)
		return TRACE_HOLDS_GIL;
	if (t->awaits_gil)
		return TRACE_WAITS_GIL;
	if (!t->kernel.known)
		return TRACE_WAITS_GIL << TRACE_UNKNOWN_SHIFT;
	if (t->kernel.on_cpu)
		return 0;
	if (!kernel_state_futex(&t->kernel, &futex))
		return TRACE_WAITS_GIL << TRACE_UNKNOWN_SHIFT;
	waits = begins_to_wait(r, t, g, futex);
	/* The kernel's word is of a moment before the GIL's: it may have had it since. */
	t->awaits_gil = waits && !moved;
	return waits ? TRACE_WAITS_GIL : 0;
}

/* While it is not known who collects, any thread that runs may be the one. */
static uint32_t gc_flags(const struct thread *t, const struct interp *in, const struct gil *g)
{
	if (!in->collecting)
		return 0;
	if (in->collector == t->state)
		return TRACE_GC;
	if (!in->collector && !g->governs && (t->attached || !t->attached_known))
		return TRACE_GC << TRACE_UNKNOWN_SHIFT;
	return 0;
}

/*
 * A thread that has left the interpreter, but for the GIL, is in native code.
 * Else its instruction tells.
 */
static uint32_t native_flags(const struct thread *t, uint32_t flags)
{
	const uint32_t gil = TRACE_HOLDS_GIL | TRACE_WAITS_GIL;

	if (t->flags & TRACE_FAILED)
		return TRACE_NATIVE << TRACE_UNKNOWN_SHIFT;
	if (t->node == NODE_ROOT)
		return 0;
	if (t->native == OPCODE_NATIVE)
		return TRACE_NATIVE;
	if (flags & gil)
		return t->native == OPCODE_ANY ? TRACE_NATIVE << TRACE_UNKNOWN_SHIFT : 0;
	return flags & gil << TRACE_UNKNOWN_SHIFT ? TRACE_NATIVE << TRACE_UNKNOWN_SHIFT
						  : TRACE_NATIVE;
}

uint32_t thread_flags(const struct roster *r, struct thread *t, uint64_t as_of_ns)
{
	const struct interp *in = &r->interps[t->interp];
	const struct gil *g = &r->gils[in->gil];
	uint32_t flags = 0;

	kernel_state_update(&t->kernel, as_of_ns);
	if (!t->kernel.known)
		flags |= TRACE_ON_CPU << TRACE_UNKNOWN_SHIFT;
	else if (t->kernel.on_cpu)
		flags |= TRACE_ON_CPU;
	flags |= gil_flags(r, t, g) | gc_flags(t, in, g);
	return flags | native_flags(t, flags) | exception_flags(&t->unwinder.exception);
}
