/* SPDX-License-Identifier: MIT */
/*
 * Layouts: Include/cpython/unicodeobject.h, Include/internal/pycore_dict.h,
 * Objects/dictobject.c, Include/internal/pycore_object.h (managed dicts) and
 * Include/cpython/longintrepr.h of each version.
 */
#include "tachyon-record/cpython/object.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORD = 8,
	/* Larger ones are not the tables of threads and modules we look for. */
	MAX_DICT_ENTRIES = 1 << 16,
	MAX_INDEX_LOG2 = 20,
	CHUNK_CHARS = 4096,
	/* A negative one, of what has a variable size, is not looked for. */
	MAX_DICT_OFFSET = 1 << 16,

	/* enum DictKeysKind */
	KEYS_GENERAL = 0,
	KEYS_SPLIT = 2,

	/* Py_TPFLAGS, Include/object.h */
	TPFLAG_INLINE_VALUES = 1 << 2,
	TPFLAG_MANAGED_DICT = 1 << 4,
};

bool object_type_is(struct remote *r, const struct layout *l, raddr object, const char *name)
{
	raddr type = remote_ptr(r, object + (raddr)OFF(l, object_type));
	raddr at = type ? remote_ptr(r, type + (raddr)OFF(l, type_name)) : 0;
	const size_t size = strlen(name) + 1;
	char text[16];

	return at && size <= sizeof(text) && remote_read(r, at, text, size) == READ_OK &&
	       memcmp(text, name, size) == 0;
}

struct str_head {
	uint64_t length;
	unsigned kind;          /* bytes of a character: 1, 2 or 4 */
	raddr data;
};

static bool str_head(struct remote *r, const struct layout *l, raddr str, struct str_head *h)
{
	unsigned char head[64];
	uint32_t state;

	if (!str || remote_read(r, str, head, (size_t)OFF(l, unicode_ascii_data)) != READ_OK)
		return false;
	memcpy(&h->length, head + OFF(l, unicode_length), sizeof(h->length));
	memcpy(&state, head + OFF(l, unicode_state), sizeof(state));
	state >>= l->unicode_kind_shift;
	h->kind = state & 7;
	if (h->kind != 1 && h->kind != 2 && h->kind != 4)
		return false;
	/* An instance of a subclass is not compact: a pointer leads to its text. */
	if (!(state & 8))
		h->data = remote_ptr(r, str + (raddr)OFF(l, unicode_compact_data));
	else
		h->data = str + (raddr)(state & 16 ? OFF(l, unicode_ascii_data)
						   : OFF(l, unicode_compact_data));
	return h->data != 0;
}

/* Appends one code point and returns its bytes; 0 if they do not fit. */
static size_t put_utf8(char *out, size_t room, uint32_t code)
{
	unsigned char b[4];
	size_t n;

	if (code < 0x80) {
		b[0] = (unsigned char)code;
		n = 1;
	} else if (code >= 0xdc80 && code <= 0xdcff) {
		b[0] = (unsigned char)(code - 0xdc00);
		n = 1;
	} else if (code < 0x800) {
		b[0] = (unsigned char)(0xc0 | code >> 6);
		b[1] = (unsigned char)(0x80 | (code & 63));
		n = 2;
	} else if (code < 0x10000) {
		b[0] = (unsigned char)(0xe0 | code >> 12);
		b[1] = (unsigned char)(0x80 | (code >> 6 & 63));
		b[2] = (unsigned char)(0x80 | (code & 63));
		n = 3;
	} else {
		b[0] = (unsigned char)(0xf0 | (code >> 18 & 7));
		b[1] = (unsigned char)(0x80 | (code >> 12 & 63));
		b[2] = (unsigned char)(0x80 | (code >> 6 & 63));
		b[3] = (unsigned char)(0x80 | (code & 63));
		n = 4;
	}
	if (n > room)
		return 0;
	memcpy(out, b, n);
	return n;
}

static uint32_t character(const unsigned char *data, unsigned kind, size_t i)
{
	uint16_t two;
	uint32_t four;

	switch (kind) {
	case 1:
		return data[i];
	case 2:
		memcpy(&two, data + 2 * i, sizeof(two));
		return two;
	default:
		memcpy(&four, data + 4 * i, sizeof(four));
		return four;
	}
}

ptrdiff_t object_str(struct remote *r, const struct layout *l, raddr str, char *out,
		     size_t size)
{
	unsigned char data[CHUNK_CHARS];
	struct str_head h;
	size_t len = 0;

	if (!str_head(r, l, str, &h))
		return -1;
	for (uint64_t done = 0; done < h.length; ) {
		uint64_t n = h.length - done;

		if (n > sizeof(data) / h.kind)
			n = sizeof(data) / h.kind;
		if (remote_read(r, h.data + done * h.kind, data, n * h.kind) != READ_OK)
			return -1;
		for (size_t i = 0; i < n; i++) {
			size_t put = put_utf8(out + len, size - len,
					      character(data, h.kind, i));
			if (!put)
				return (ptrdiff_t)len;
			len += put;
		}
		done += n;
	}
	return (ptrdiff_t)len;
}

ptrdiff_t object_bytes(struct remote *r, const struct layout *l, raddr bytes, void *out,
		       size_t size)
{
	uint64_t len;

	if (!bytes || remote_read(r, bytes + (raddr)OFF(l, bytes_size), &len, WORD) != READ_OK)
		return -1;
	if (len > size)
		len = size;
	if (remote_read(r, bytes + (raddr)OFF(l, bytes_data), out, len) != READ_OK)
		return -1;
	return (ptrdiff_t)len;
}

bool object_uint(struct remote *r, const struct layout *l, raddr integer, uint64_t *value)
{
	uint32_t digits[3] = { 0 };
	int64_t tag;
	uint64_t n;

	if (!integer || remote_read(r, integer + (raddr)OFF(l, long_tag), &tag, WORD) != READ_OK)
		return false;
	if (l->long_form == LONG_SIGNED_SIZE) {
		if (tag < 0)
			return false;
		n = (uint64_t)tag;
	} else {
		if ((tag & 3) == 2)
			return false;
		n = (uint64_t)tag >> 3;
	}
	if (n > 3 || remote_read(r, integer + (raddr)OFF(l, long_digits), digits,
				 n * sizeof(digits[0])) != READ_OK)
		return false;
	/* Above 2**64 - 1? */
	if (digits[2] >> 4)
		return false;
	*value = digits[0] | (uint64_t)digits[1] << 30 | (uint64_t)digits[2] << 60;
	return true;
}

raddr object_set_key(const char entry[OBJECT_SET_ENTRY])
{
	uint64_t words[2];

	memcpy(words, entry, sizeof(words));
	/* -1 is the hash of no object, but that of a removed entry. */
	return words[1] != UINT64_MAX ? words[0] : 0;
}

/* A keys object: where its entries are and how wide they are. */
struct keys {
	raddr entries;
	uint64_t n;
	size_t width;           /* bytes of an entry */
	size_t key_at;          /* of the key in an entry; the value follows it */
};

/* Bytes of the index where only the number of its slots is kept; 0: too many. */
static uint64_t index_bytes(uint64_t slots)
{
	return slots <= UINT8_MAX ? slots : slots <= UINT16_MAX ? 2 * slots :
	       slots <= UINT64_C(1) << MAX_INDEX_LOG2 ? 4 * slots : 0;
}

static bool keys_head(struct remote *r, const struct layout *l, raddr at, struct keys *k)
{
	unsigned char head[64];
	unsigned index_log2, kind = KEYS_GENERAL;
	uint64_t index;

	if (!at || remote_read(r, at, head, (size_t)OFF(l, keys_indices)) != READ_OK)
		return false;
	if (OFF(l, keys_size) != ABSENT) {
		memcpy(&index, head + OFF(l, keys_size), sizeof(index));
		index = index_bytes(index);
	} else {
		index_log2 = head[OFF(l, keys_log2_index_bytes)];
		index = index_log2 <= MAX_INDEX_LOG2 ? UINT64_C(1) << index_log2 : 0;
		kind = head[OFF(l, keys_kind)];
	}
	memcpy(&k->n, head + OFF(l, keys_nentries), sizeof(k->n));
	if (!index || k->n > MAX_DICT_ENTRIES || kind > KEYS_SPLIT)
		return false;
	k->entries = at + (raddr)OFF(l, keys_indices) + index;
	/* PyDictKeyEntry has the hash in front, PyDictUnicodeEntry has none. */
	k->key_at = kind == KEYS_GENERAL ? WORD : 0;
	k->width = kind == KEYS_GENERAL ? 3 * WORD : 2 * WORD;
	return true;
}

/* The values of a split table, an array of pointers, follow the order of the keys. */
static bool split_each(struct remote *r, const struct keys *k, raddr values,
		       object_item_fn *fn, void *arg)
{
	for (uint64_t i = 0; i < k->n; i++) {
		raddr key = remote_ptr(r, k->entries + i * k->width + k->key_at);
		raddr value = remote_ptr(r, values + i * WORD);

		if (key && value && fn(arg, key, value))
			return true;
	}
	return false;
}

bool object_dict_each(struct remote *r, const struct layout *l, raddr dict,
		      object_item_fn *fn, void *arg)
{
	raddr keys_at = remote_ptr(r, dict + (raddr)OFF(l, dict_keys));
	raddr values = remote_ptr(r, dict + (raddr)OFF(l, dict_values));
	unsigned char *entries;
	bool found = false;
	struct keys k;

	if (!dict || !keys_head(r, l, keys_at, &k) || !k.n)
		return false;
	/* A split table keeps its values elsewhere; module dicts are combined. */
	if (values)
		return l->instance_dict == INSTANCE_DICT_AT_OFFSET &&
		       split_each(r, &k, values, fn, arg);
	entries = malloc(k.n * k.width);
	if (!entries)
		return false;
	if (remote_read(r, k.entries, entries, k.n * k.width) == READ_OK)
		for (uint64_t i = 0; i < k.n && !found; i++) {
			raddr pair[2];

			memcpy(pair, entries + i * k.width + k.key_at, sizeof(pair));
			if (pair[0] && pair[1])
				found = fn(arg, pair[0], pair[1]);
		}
	free(entries);
	return found;
}

static bool str_equals(struct remote *r, const struct layout *l, raddr str, const char *name)
{
	const size_t len = strlen(name);
	struct str_head h;
	char text[64];

	return len <= sizeof(text) && str_head(r, l, str, &h) && h.kind == 1 &&
	       h.length == len && remote_read(r, h.data, text, len) == READ_OK &&
	       memcmp(text, name, len) == 0;
}

struct lookup {
	struct remote *r;
	const struct layout *l;
	const char *name;
	raddr value;
};

static bool match_name(void *arg, raddr key, raddr value)
{
	struct lookup *look = arg;

	if (!str_equals(look->r, look->l, key, look->name))
		return false;
	look->value = value;
	return true;
}

raddr object_dict_get(struct remote *r, const struct layout *l, raddr dict, const char *name)
{
	struct lookup look = { r, l, name, 0 };

	return object_dict_each(r, l, dict, match_name, &look) ? look.value : 0;
}

/* The index of a name among the keys that a class caches, -1 if there is none. */
static int64_t key_index(struct remote *r, const struct layout *l, raddr type,
			 const char *name)
{
	raddr keys_at = remote_ptr(r, type + (raddr)OFF(l, heaptype_cached_keys));
	struct keys k;

	if (!keys_head(r, l, keys_at, &k))
		return -1;
	for (uint64_t i = 0; i < k.n; i++) {
		raddr key = remote_ptr(r, k.entries + i * k.width + k.key_at);

		if (key && str_equals(r, l, key, name))
			return (int64_t)i;
	}
	return -1;
}

/* The instance's own values stand in the order of the keys of its class. */
static raddr value_at(struct remote *r, const struct layout *l, raddr values,
		      const char *name, struct object_slot *slot, raddr type)
{
	if (slot->type != type || slot->index < 0) {
		slot->type = type;
		slot->index = key_index(r, l, type, name);
	}
	return slot->index < 0 ? 0 : remote_ptr(r, values + (raddr)slot->index * WORD);
}

/* The dict of an instance stands where its type says, behind its fixed part. */
static raddr dict_at_offset(struct remote *r, const struct layout *l, raddr object, raddr type)
{
	raddr offset = remote_ptr(r, type + (raddr)OFF(l, type_dictoffset));

	return offset && offset < MAX_DICT_OFFSET ? remote_ptr(r, object + offset) : 0;
}

/* The same where the dict, or what takes its place, stands before the object. */
static raddr managed_attribute(struct remote *r, const struct layout *l, raddr object,
			       raddr type, const char *name, struct object_slot *slot)
{
	raddr flags = remote_ptr(r, type + (raddr)OFF(l, type_flags));
	const raddr place = object + (raddr)(l->instance_dict_at * WORD);
	raddr values, dict;

	if (!(flags & TPFLAG_MANAGED_DICT) || OFF(l, heaptype_cached_keys) == ABSENT)
		return 0;
	dict = remote_ptr(r, place);
	switch (l->instance_dict) {
	case INSTANCE_DICT_AT_OFFSET:
		return 0;
	case INSTANCE_VALUES_BEFORE:
		values = remote_ptr(r, place - WORD);
		if (values)
			return value_at(r, l, values, name, slot, type);
		break;
	case INSTANCE_DICT_OR_VALUES:
		/* A pointer to values is stored less one, which sets the tag bit. */
		if (dict & 1)
			return value_at(r, l, dict + 1, name, slot, type);
		break;
	case INSTANCE_INLINE:
		/*
		 * struct _dictvalues stands behind the object: four bytes, of
		 * which the last says whether they are in use, then the values.
		 */
		if (!dict && flags & TPFLAG_INLINE_VALUES) {
			raddr size = remote_ptr(r, type + (raddr)OFF(l, type_basicsize));
			raddr head = remote_ptr(r, object + size);

			if (head >> 24 & 0xff)
				return value_at(r, l, object + size + WORD, name, slot,
						type);
		}
		break;
	}
	return dict ? object_dict_get(r, l, dict, name) : 0;
}

raddr object_attribute(struct remote *r, const struct layout *l, raddr object,
		       const char *name, struct object_slot *slot)
{
	raddr type = remote_ptr(r, object + (raddr)OFF(l, object_type)), dict;

	if (!type)
		return 0;
	if (l->instance_dict != INSTANCE_DICT_AT_OFFSET)
		return managed_attribute(r, l, object, type, name, slot);
	dict = dict_at_offset(r, l, object, type);
	return dict ? object_dict_get(r, l, dict, name) : 0;
}
