/* SPDX-License-Identifier: MIT */
#include "tachyon-record/call_site.h"

#include "base/mem.h"
#include "tachyon-record/cpython/call_sites.h"

enum {
	/* So often an instruction is believed to be what it was. */
	USES = 64,
	/* Of functions with more bytes of code nothing is said. */
	MAX_BYTECODE = 1 << 16,
};

/* The flags of the instruction to which the unit belongs, found from the first one on. */
static unsigned flags_of(const struct call_site *sites, const unsigned char *code, size_t unit)
{
	size_t at = 0, instruction;

	do {
		instruction = at;
		if (sites[code[at]].units == SITE_ANY_UNITS)
			return SITE_ANYTHING;
		at += SITE_UNIT * (1 + (size_t)sites[code[at]].units);
	} while (at <= unit);
	return sites[code[instruction]].flags;
}

/* Reads the flags of the instruction at which a frame stands. */
static unsigned read_flags(struct unwind_context *c, const struct frame *f)
{
	const int32_t lasti = node_table_at(c->nodes, f->node)->lasti;
	const size_t bytes = (size_t)lasti + SITE_UNIT;
	unsigned char opcode;

	if (!c->site_units)
		return remote_read(c->remote, f->instr, &opcode, 1) == READ_OK
			? c->sites[opcode].flags : SITE_ANYTHING;
	if (lasti < 0)
		return 0;
	if (bytes > MAX_BYTECODE)
		return SITE_ANYTHING;
	c->bytecode = mem_grow(c->bytecode, &c->bytecode_room, bytes, 1);
	if (remote_read(c->remote, f->instr - (raddr)lasti, c->bytecode, bytes) != READ_OK)
		return SITE_ANYTHING;
	return flags_of(c->sites, c->bytecode, (size_t)lasti);
}

unsigned call_site(struct unwind_context *c, const struct frame *f)
{
	struct node_site *memo = node_table_site(c->nodes, f->node);

	if (!c->sites)
		return SITE_ANYTHING;
	if (memo->uses) {
		memo->uses--;
		return memo->flags;
	}
	memo->flags = (uint8_t)read_flags(c, f);
	memo->uses = USES;
	return memo->flags;
}

bool call_site_is_inline(const struct unwind_context *c, const struct frame *caller,
			 const struct frame *callee)
{
	return c->sites && !callee->entry && !caller->is_shim &&
	       callee->owner < c->layout->first_shim_owner;
}

bool call_site_was_left(struct unwind_context *c, const struct frame *f)
{
	if (f->is_shim || f->runs)
		return false;
	if (f->is_empty && f->has_locals)
		return true;
	if (!c->layout->stack_is_index)
		return f->is_empty && call_site(c, f) & SITE_RETURNS;
	return f->has_begun && f->owner != OWNED_BY_GENERATOR &&
	       !(call_site(c, f) & (SITE_CALLS | SITE_RESUMES | SITE_ANYTHING));
}

bool call_site_holds(struct unwind_context *c, const struct frame *caller,
		     const struct frame *callee)
{
	bool resumed = callee->owner == OWNED_BY_GENERATOR;
	unsigned flags;

	if (!c->sites || caller->is_shim)
		return true;
	if (caller->number && !caller->instruction)
		return false;
	flags = call_site(c, caller);
	if (flags & SITE_ANYTHING)
		return !caller->runs || !call_site_is_inline(c, caller, callee);
	if (call_site_is_inline(c, caller, callee))
		return !caller->runs && flags & (resumed ? SITE_RESUMES : SITE_CALLS);
	return !(flags & SITE_QUIET) && !(resumed && flags & SITE_NOT_RESUMES);
}

bool call_site_is_rare(struct unwind_context *c, const struct frame *caller,
		       const struct frame *callee)
{
	return c->sites && callee->owner == OWNED_BY_GENERATOR && !caller->is_shim &&
	       !call_site_is_inline(c, caller, callee) &&
	       !(call_site(c, caller) & (SITE_ITERATES | SITE_ANYTHING));
}

bool call_site_is_proved(const struct unwind_context *c, const struct frame *caller)
{
	return node_table_site(c->nodes, caller->node)->resumes;
}

void call_site_proved(struct unwind_context *c, uint32_t node)
{
	node_table_site(c->nodes, node)->resumes = true;
}
