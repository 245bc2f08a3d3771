/* SPDX-License-Identifier: MIT */
#include "tachyon-record/asyncio/task_running.h"

/* Frames of Python code from the outermost one to v[i]. */
static uint32_t depth_from(const struct frames *f, size_t i)
{
	uint32_t depth = 0;

	for (size_t k = f->n; k-- > i; )
		depth += f->v[k].number != 0;
	return depth;
}

static bool is_coroutine(struct tasks *t, const struct frame *f)
{
	return f->owner == OWNED_BY_GENERATOR &&
	       task_kind(&t->reader, f->address - (raddr)OFF(&t->target->layout, gen_frame)) ==
		       TASK_KIND_COROUTINE;
}

/*
 * How many coroutines await one another from the task's own one, v[i], on.
 * Frames with which C enters the interpreter may stand between them.
 */
static uint32_t chain_from(struct tasks *t, struct task_owner *o, const struct frames *f,
			   size_t i)
{
	size_t inner = i;
	uint32_t chain = 1;

	while (inner > 0 && (f->v[inner - 1].owner == OWNED_BY_GENERATOR ||
			     !f->v[inner - 1].number))
		inner--;
	if (o->outermost == f->v[i].address && o->innermost == f->v[inner].address)
		return o->chain;
	o->outermost = f->v[i].address;
	o->innermost = f->v[inner].address;
	for (size_t k = i; k-- > inner; ) {
		if (!f->v[k].number)
			continue;
		if (!is_coroutine(t, &f->v[k]))
			break;
		chain++;
	}
	return chain;
}

/*
 * A task that has been seen running only: its coroutines as they are called
 * now are the best that is known of where it was suspended.
 */
static void learn_frames(struct task *task, const struct frames *f, size_t i)
{
	struct task_facts *facts = &task->facts;

	if (facts->nframes)
		return;
	for (size_t k = i + 1; k-- > 0; ) {
		const struct frame *at = &f->v[k];

		if (!at->number)
			continue;
		if (at->owner != OWNED_BY_GENERATOR || facts->nframes == TASK_MAX_CHAIN)
			break;
		task_add_frame(facts, &(struct task_frame){ at->address, at->code, at->instr,
							    at->copy });
	}
	task->resolved = false;
}

/* The innermost task of a stack whose frames are known; NULL: there is none. */
static struct task *match_frames(struct tasks *t, struct task_owner *o, const struct frames *f)
{
	const raddr iframe = (raddr)OFF(&t->target->layout, gen_frame);

	for (size_t i = 0; i < f->n; i++) {
		uint32_t index;

		if (f->v[i].owner != OWNED_BY_GENERATOR)
			continue;
		index = address_map_get(&t->by_coro, f->v[i].address - iframe);
		/* Since the stack was read its memory may have gone to another one. */
		if (!index || !t->v[index - 1]->known || t->v[index - 1]->state != o->state ||
		    t->v[index - 1]->facts.code != f->v[i].code)
			continue;
		o->base_node = i + 1 < f->n ? f->v[i + 1].node : NODE_ROOT;
		o->base = depth_from(f, i + 1);
		o->chain = chain_from(t, o, f, i);
		learn_frames(t->v[index - 1], f, i);
		return t->v[index - 1];
	}
	return NULL;
}

/* Does the task's own coroutine run in a stack's frame that has this node? */
static bool has_code_of(const struct task *task, const struct unwind_context *c, uint32_t node)
{
	const struct code *code;

	return code_table_get(c->codes, c->remote, c->layout, c->ring, task->facts.code, c->clock,
			      &code) == CODE_OK &&
	       code->number == node_table_at(c->nodes, node)->code;
}

/*
 * A stack that was put together from memory of its leaf: does it stand on the
 * frames on which the thread's loop runs tasks, and is it that task's?  The
 * loop may have gone on to the next one since the stack was read.
 */
static struct task *match_base(struct tasks *t, const struct task_owner *o,
			       const struct unwind_context *c, uint32_t node, raddr running)
{
	uint32_t index = address_map_get(&t->by_address, running), above = NODE_ROOT;

	if (!index || !t->v[index - 1]->known || !o->base || node == o->base_node)
		return NULL;
	for (; node && node != o->base_node; node = node_table_parent(c->nodes, node))
		above = node;
	return node && has_code_of(t->v[index - 1], c, above) ? t->v[index - 1] : NULL;
}

/* Is the last chain of frames that of the thread's sample? */
static bool is_of_this_tick(const struct frames *f, const struct thread *th)
{
	const struct frame *leaf = &th->unwinder.leaf;

	if (!f->n)
		return false;
	/* The sample's node may have an opcode, which that of the frame has not. */
	if (leaf->number)
		return f->v[0].address == leaf->address && f->v[0].node == leaf->node;
	return f->v[0].node == th->node;
}

struct task *task_running(struct tasks *t, struct task_owner *o, const struct thread *th,
			  const struct unwind_context *c, raddr named)
{
	const struct frames *f = &th->unwinder.last;

	return is_of_this_tick(f, th) ? match_frames(t, o, f)
				      : match_base(t, o, c, th->node, named);
}
