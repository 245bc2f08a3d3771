/* SPDX-License-Identifier: MIT */
#include "tachyon-record/code_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/slots.h"
#include "tachyon-record/records.h"

struct code_table {
	struct code *codes;             /* [CODE_CAPACITY + 1], 0 unused */
	struct slots slots;
	struct code_text *text;         /* of the object being read */
	char *file;                     /* of the last one, as the writer knows it */
	uint32_t file_len;
	uint32_t n;                     /* entries: distinct addresses */
	uint32_t number;                /* given so far */
	uint64_t reused_ns;             /* when an address was another object's, 0: never */
	uint64_t alert_ns;              /* how long after that nothing is trusted */
	raddr type;                     /* of code objects, once one was seen */
};

static const size_t codes_size = (CODE_CAPACITY + 1) * sizeof(struct code);

struct code_table *code_table_new(void)
{
	struct code_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->codes = mem_reserve(codes_size);
	t->text = mem_reserve(sizeof(*t->text));
	t->file = mem_reserve(CODE_MAX_FILE);
	if (!slots_init(&t->slots) || !t->codes || !t->text || !t->file) {
		code_table_free(t);
		return NULL;
	}
	return t;
}

void code_table_free(struct code_table *t)
{
	if (!t)
		return;
	mem_unreserve(t->codes, codes_size);
	slots_release(&t->slots);
	mem_unreserve(t->text, sizeof(*t->text));
	mem_unreserve(t->file, CODE_MAX_FILE);
	free(t);
}

void code_table_clear(struct code_table *t)
{
	slots_clear(&t->slots);
	t->n = 0;
	t->number = 0;
	t->file_len = 0;
}

static bool same_head(const struct code_head *a, const struct code_head *b)
{
	return a->filename == b->filename && a->qualname == b->qualname &&
	       a->linetable == b->linetable && a->bytecode == b->bytecode &&
	       a->bytes == b->bytes &&
	       a->first_line == b->first_line && a->version == b->version;
}

/* FNV-1a: tells two texts apart where a code object has no version. */
static uint64_t text_hash(const struct code_text *text)
{
	size_t len = (size_t)text->name_len + text->file_len + text->table_len;
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ text->name_len;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text->text[i]) * UINT64_C(0x100000001b3);
	return h;
}

static enum code_status read_head(struct code_table *t, struct remote *r,
				  const struct layout *l, raddr address,
				  struct code_head *head)
{
	char bytes[CODE_HEAD];
	raddr type;

	if (remote_read(r, address, bytes, code_head_size(l)) != READ_OK)
		return CODE_UNREADABLE;
	memcpy(&type, bytes + OFF(l, object_type), sizeof(type));
	if (!t->type && code_is_code(r, l, address))
		t->type = type;
	if (!type || type != t->type)
		return CODE_NOT_CODE;
	code_head_decode(l, bytes, head);
	return CODE_OK;
}

/* Gives a text to the writer.  Neighbours are mostly of one file. */
static bool send(struct code_table *t, struct ring *ring, const struct code_text *text,
		 int32_t first_line, enum line_form line_form)
{
	const char *file = text->text + text->name_len;
	const bool same = t->file_len && t->file_len == text->file_len &&
			  memcmp(file, t->file, t->file_len) == 0;
	const uint32_t file_len = same ? 0 : text->file_len;
	struct record_code *record;
	struct ring_record *slot;

	slot = ring_reserve(ring, RECORD_CODE, sizeof(*record) + text->name_len + file_len +
			    text->table_len);
	if (!slot)
		return false;
	record = (struct record_code *)slot->data;
	*record = (struct record_code){
		.first_line = first_line,
		.line_form = line_form,
		.name_len = text->name_len,
		.file_len = file_len,
		.table_len = text->table_len,
		.same_file = same,
	};
	memcpy(record->text, text->text, (size_t)text->name_len + file_len);
	memcpy(record->text + text->name_len + file_len, file + text->file_len,
	       text->table_len);
	ring_commit(ring, slot);
	if (!same)
		memcpy(t->file, file, text->file_len);
	t->file_len = text->file_len;
	return true;
}

/* Reads the object's text and gives it to the writer under a new number. */
static enum code_status define(struct code_table *t, struct remote *r, const struct layout *l,
			       struct ring *ring, struct code *code)
{
	struct code_text *text = t->text;
	struct code_head again;

	if (code_read_text(r, l, &code->head, text) != READ_OK)
		return CODE_UNREADABLE;
	code->bytes = code_bytes(r, l, &code->head);
	/* Freed while it was read?  Then the text may be another's. */
	if (read_head(t, r, l, code->address, &again) != CODE_OK ||
	    !same_head(&again, &code->head))
		return CODE_UNREADABLE;
	code->text_hash = text_hash(text);
	if (!send(t, ring, text, code->head.first_line, l->line_form))
		return CODE_NO_ROOM;
	code->number = ++t->number;
	return CODE_OK;
}

static uint64_t hash(raddr address)
{
	return (address * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

static uint64_t hash_of(const void *arg, uint32_t i)
{
	const struct code_table *t = arg;

	return hash(t->codes[i].address);
}

static uint32_t *find_slot(struct code_table *t, raddr address)
{
	size_t slot = slots_first(&t->slots, hash(address));

	while (t->slots.v[slot] && t->codes[t->slots.v[slot]].address != address)
		slot = slots_next(&t->slots, slot);
	return &t->slots.v[slot];
}

bool code_table_is_alert(const struct code_table *t, struct code_clock clock)
{
	return !clock.generation && t->reused_ns &&
	       clock.now_ns - t->reused_ns < t->alert_ns;
}

static uint64_t clamp(uint64_t n, uint64_t low, uint64_t high)
{
	return n < low ? low : n > high ? high : n;
}

/* Several in one tick count once; one that comes soon does not end the watch. */
static void note_reuse(struct code_table *t, uint64_t now_ns)
{
	const uint64_t ms = 1000000, gap = t->reused_ns ? now_ns - t->reused_ns : 0;
	const uint64_t wanted = gap * CODE_ALERT_GAPS, kept = t->alert_ns / 2;

	if (t->reused_ns == now_ns)
		return;
	t->alert_ns = clamp(wanted > kept ? wanted : kept, CODE_ALERT_MIN_MS * ms,
			    CODE_ALERT_MAX_MS * ms);
	t->reused_ns = now_ns;
}

static bool is_trusted(const struct code_table *t, const struct code *code,
		       struct code_clock clock)
{
	if (clock.generation)
		return code->generation == clock.generation;
	if (code_table_is_alert(t, clock))
		return code->checked_ns == clock.now_ns;
	return clock.now_ns - code->checked_ns < CODE_TRUST_NS;
}

/*
 * Is the object that has just been looked at the one that is known?  Every
 * pointer of a head can recur by chance of allocation; the version cannot.
 */
static bool same_object(struct code_table *t, struct remote *r, const struct layout *l,
			const struct code *now, const struct code *known)
{
	if (!same_head(&now->head, &known->head))
		return false;
	if (now->head.version)
		return true;
	return code_read_text(r, l, &now->head, t->text) == READ_OK &&
	       text_hash(t->text) == known->text_hash;
}

enum code_status code_table_get(struct code_table *t, struct remote *r,
				const struct layout *l, struct ring *ring, raddr address,
				struct code_clock clock, const struct code **code)
{
	uint32_t *slot;
	struct code *c;
	struct code fresh = {
		.address = address,
		.first_instr = l->lasti_unit ? 0 : address + (raddr)OFF(l, code_adaptive),
		.generation = clock.generation,
		.checked_ns = clock.now_ns,
	};
	enum code_status st;

	if (!slots_make_room(&t->slots, t->n + 1, hash_of, t))
		return CODE_FULL;
	slot = find_slot(t, address);
	c = &t->codes[*slot];
	if (*slot && is_trusted(t, c, clock)) {
		*code = c;
		return CODE_OK;
	}
	st = read_head(t, r, l, address, &fresh.head);
	if (st != CODE_OK)
		return st;
	if (*slot && same_object(t, r, l, &fresh, c)) {
		c->generation = clock.generation;
		c->checked_ns = clock.now_ns;
		*code = c;
		return CODE_OK;
	}
	if (!*slot && t->n == CODE_CAPACITY)
		return CODE_FULL;
	st = define(t, r, l, ring, &fresh);
	if (st != CODE_OK)
		return st;
	if (*slot)
		note_reuse(t, clock.now_ns);
	else
		*slot = ++t->n;
	c = &t->codes[*slot];
	*c = fresh;
	*code = c;
	return CODE_OK;
}

uint32_t code_table_count(const struct code_table *t)
{
	return t->number;
}
