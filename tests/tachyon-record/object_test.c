/* SPDX-License-Identifier: MIT */
/*
 * object_test - str, bytes, int, dict and code objects, hand-made in the
 * test's own memory by the layout of a row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/cpython/code.h"
#include "tachyon-record/cpython/object.h"

/* Bits of PyASCIIObject.state above its kind. */
enum { COMPACT = 1 << 3, ASCII = 1 << 4 };

enum { WORD = 8, OBJECT = 4096 };

static const uint32_t versions[] = { 0x0308, 0x0309, 0x030a, 0x030b, 0x030c };
static const struct layout *l;
static struct remote self;

#define FOR_EACH_ROW                                                                   \
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++)            \
		if ((l = layout_row(versions[v], BUILD_RELEASE)))

static int open_self(void **state)
{
	struct err err;

	(void)state;
	return remote_open(&self, getpid(), (raddr)(uintptr_t)&self, &err);
}

static int close_self(void **state)
{
	(void)state;
	remote_close(&self);
	return 0;
}

static raddr address(const void *p)
{
	return (raddr)(uintptr_t)p;
}

static void put(char *object, int32_t off, uint64_t value, size_t size)
{
	memcpy(object + off, &value, size);
}

/* Makes a str of n characters of kind bytes each; returns its address. */
static raddr make_str(char *object, unsigned kind, unsigned flags, const void *text,
		      size_t n)
{
	const int32_t at = flags & ASCII ? OFF(l, unicode_ascii_data)
					 : OFF(l, unicode_compact_data);

	memset(object, 0, OBJECT);
	put(object, OFF(l, unicode_length), n, WORD);
	put(object, OFF(l, unicode_state),
	    (uint64_t)(kind | flags) << l->unicode_kind_shift, 4);
	if (flags & COMPACT)
		memcpy(object + at, text, n * kind);
	else
		put(object, OFF(l, unicode_compact_data), address(text), WORD);
	return address(object);
}

static void assert_str(raddr str, const char *expected)
{
	char out[OBJECT];
	ptrdiff_t len = object_str(&self, l, str, out, sizeof(out));

	assert_int_equal(len, strlen(expected));
	assert_memory_equal(out, expected, strlen(expected));
}

static void all_kinds_of_str(void **state)
{
	static const uint16_t two[] = { 'a', 0x3b1, 0x20ac, 0xffff };
	static const uint32_t four[] = { 'a', 0xe4, 0x20ac, 0x1f600, 0x10ffff };
	char object[OBJECT];

	(void)state;
	FOR_EACH_ROW {
		assert_str(make_str(object, 1, COMPACT | ASCII, "hello", 5), "hello");
		assert_str(make_str(object, 1, COMPACT | ASCII, "", 0), "");
		assert_str(make_str(object, 1, COMPACT, "gr\xfc\xdf" "e\x80\xff", 7),
			   "gr\xc3\xbc\xc3\x9f" "e\xc2\x80\xc3\xbf");
		assert_str(make_str(object, 2, COMPACT, two, 4),
			   "a\xce\xb1\xe2\x82\xac\xef\xbf\xbf");
		assert_str(make_str(object, 4, COMPACT, four, 5),
			   "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
		/* An instance of a subclass keeps its text elsewhere. */
		assert_str(make_str(object, 1, ASCII, "elsewhere", 9), "elsewhere");
		assert_str(make_str(object, 2, 0, two, 2), "a\xce\xb1");
	}
}

/* os.fsdecode() makes lone surrogates of bytes that are not UTF-8. */
static void surrogates(void **state)
{
	static const uint16_t bytes[] = { 'a', 0xdc80, 0xdcff, 'b' };
	static const uint16_t others[] = {
		0xd800, 0xdbff, 0xdc00, 0xdc7f, 0xdd00, 0xdfff,
	};
	static const uint32_t wide[] = { 0x1f600, 0xdcfe };
	char object[OBJECT];

	(void)state;
	FOR_EACH_ROW {
		assert_str(make_str(object, 2, COMPACT, bytes, 4), "a\x80\xff" "b");
		assert_str(make_str(object, 2, COMPACT, others, 6),
			   "\xed\xa0\x80\xed\xaf\xbf\xed\xb0\x80\xed\xb1\xbf"
			   "\xed\xb4\x80\xed\xbf\xbf");
		assert_str(make_str(object, 4, COMPACT, wide, 2),
			   "\xf0\x9f\x98\x80\xfe");
	}
}

static void long_str_are_cut(void **state)
{
	enum { LONG = 10000 };
	static uint32_t text[LONG];
	static char object[OBJECT], short_object[OBJECT], out[5 * LONG];

	(void)state;
	for (size_t i = 0; i < LONG; i++)
		text[i] = 0x20ac;
	FOR_EACH_ROW {
		raddr str = make_str(object, 4, 0, text, LONG);
		raddr hello = make_str(short_object, 1, COMPACT | ASCII, "hello", 5);

		/* More than is read at a time, and within a character. */
		assert_int_equal(object_str(&self, l, str, out, sizeof(out)), 3 * LONG);
		assert_memory_equal(out + 3 * LONG - 3, "\xe2\x82\xac", 3);
		assert_int_equal(object_str(&self, l, str, out, 10), 9);
		assert_int_equal(object_str(&self, l, str, out, 0), 0);
		assert_int_equal(object_str(&self, l, hello, out, 3), 3);
		assert_int_equal(object_str(&self, l, hello, out, 5), 5);
		/* A length that is not true is believed as far as out goes. */
		put(object, OFF(l, unicode_length), UINT64_MAX, WORD);
		assert_int_equal(object_str(&self, l, str, out, 3 * LONG - 1),
				 3 * LONG - 3);
	}
}

static void assert_no_str(raddr str)
{
	char out[64];

	assert_int_equal(object_str(&self, l, str, out, sizeof(out)), -1);
}

static void what_is_no_str(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char object[OBJECT], out[64];

	(void)state;
	FOR_EACH_ROW {
		char *end = mmap(NULL, page, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		raddr str;

		assert_no_str(0);
		assert_no_str(8);
		for (unsigned kind = 0; kind < 8; kind++) {
			str = make_str(object, kind, COMPACT | ASCII, "", 0);
			assert_int_equal(object_str(&self, l, str, out, sizeof(out)),
					 kind == 1 || kind == 2 || kind == 4 ? 0 : -1);
		}
		/* No text behind it, or none that is mapped. */
		make_str(object, 1, 0, NULL, 5);
		assert_no_str(address(object));
		make_str(object, 1, 0, (void *)8, 5);
		assert_no_str(address(object));
		/* The object begins on the last bytes of what is mapped. */
		memset(end, 0xff, page);
		str = address(end + page - 16);
		munmap(end, page);
		assert_no_str(str);
	}
}

static void bytes_and_their_limits(void **state)
{
	char object[OBJECT] = { 0 }, out[64];

	(void)state;
	FOR_EACH_ROW {
		raddr bytes = address(object);

		put(object, OFF(l, bytes_size), 5, WORD);
		memcpy(object + OFF(l, bytes_data), "a\0b\xff" "c", 5);
		assert_int_equal(object_bytes(&self, l, bytes, out, sizeof(out)), 5);
		assert_memory_equal(out, "a\0b\xff" "c", 5);
		assert_int_equal(object_bytes(&self, l, bytes, out, 2), 2);
		put(object, OFF(l, bytes_size), UINT64_MAX, WORD);
		assert_int_equal(object_bytes(&self, l, bytes, out, sizeof(out)),
				 sizeof(out));
		assert_int_equal(object_bytes(&self, l, 0, out, sizeof(out)), -1);
		assert_int_equal(object_bytes(&self, l, 8, out, sizeof(out)), -1);
	}
}

/* --- int ---------------------------------------------------------------------- */

static raddr make_int(char *object, int64_t count, uint32_t d0, uint32_t d1,
		      uint32_t d2)
{
	uint64_t tag = (uint64_t)count;

	memset(object, 0, OBJECT);
	if (l->long_form == LONG_TAGGED)
		tag = count > 0 ? (uint64_t)count << 3 : count < 0
			? (uint64_t)-count << 3 | 2 : 1;
	put(object, OFF(l, long_tag), tag, WORD);
	put(object, OFF(l, long_digits), d0, 4);
	put(object, OFF(l, long_digits) + 4, d1, 4);
	put(object, OFF(l, long_digits) + 8, d2, 4);
	return address(object);
}

static bool read_int(int64_t count, uint32_t d0, uint32_t d1, uint32_t d2,
		     uint64_t *value)
{
	char object[OBJECT];

	return object_uint(&self, l, make_int(object, count, d0, d1, d2), value);
}

static void ints_up_to_64_bits(void **state)
{
	const uint32_t full = (1 << 30) - 1;
	uint64_t value;

	(void)state;
	FOR_EACH_ROW {
		assert_true(read_int(0, 99, 99, 99, &value));
		assert_int_equal(value, 0);
		assert_true(read_int(1, 7, 99, 99, &value));
		assert_int_equal(value, 7);
		assert_true(read_int(2, 7, 1, 99, &value));
		assert_true(value == (UINT64_C(1) << 30 | 7));
		assert_true(read_int(3, full, full, 15, &value));
		assert_true(value == UINT64_MAX);
		assert_false(read_int(3, 0, 0, 16, &value));
		assert_false(read_int(-1, 7, 0, 0, &value));
		assert_false(read_int(4, 1, 1, 1, &value));
		assert_false(read_int(INT64_MAX / 16, 1, 1, 1, &value));
		assert_false(object_uint(&self, l, 0, &value));
		assert_false(object_uint(&self, l, 8, &value));
	}
}

/* --- dict --------------------------------------------------------------------- */

static char keys[OBJECT], dict[OBJECT], names[4][OBJECT];

/* A dict of three names whose values are 101, nothing and 103. */
static raddr make_dict(unsigned kind, uint64_t n)
{
	static const char *const texts[] = { "one", "two", "three", "four" };
	const size_t width = kind ? 2 * WORD : 3 * WORD;
	const bool sized = OFF(l, keys_size) != ABSENT;
	char *entry = keys + OFF(l, keys_indices) + 8;

	memset(keys, 0, sizeof(keys));
	memset(dict, 0, sizeof(dict));
	if (sized) {
		keys[OFF(l, keys_size)] = 8;
	} else {
		keys[OFF(l, keys_log2_size)] = 3;
		keys[OFF(l, keys_log2_index_bytes)] = 3;
		keys[OFF(l, keys_kind)] = (char)kind;
	}
	put(keys, OFF(l, keys_nentries), n, WORD);
	for (int i = 0; i < 3; i++, entry += width) {
		raddr name = make_str(names[i], 1, COMPACT | ASCII, texts[i],
				      strlen(texts[i]));
		char *pair = kind ? entry : entry + WORD;

		put(pair, 0, name, WORD);
		put(pair, WORD, i == 1 ? 0 : 101 + (uint64_t)i, WORD);
	}
	put(dict, OFF(l, dict_keys), address(keys), WORD);
	return address(dict);
}

/* Keys without hashes came with 3.11. */
static unsigned last_kind(void)
{
	return OFF(l, keys_size) != ABSENT ? 0 : 1;
}

static bool count_items(void *arg, raddr key, raddr value)
{
	(void)key;
	(void)value;
	return --*(int *)arg == 0;
}

static void dicts_of_both_kinds(void **state)
{
	(void)state;
	FOR_EACH_ROW
		for (unsigned kind = 0; kind <= last_kind(); kind++) {
			raddr d = make_dict(kind, 3);
			int limit = 99;

			assert_true(object_dict_get(&self, l, d, "one") == 101);
			assert_true(object_dict_get(&self, l, d, "two") == 0);
			assert_true(object_dict_get(&self, l, d, "three") == 103);
			assert_true(object_dict_get(&self, l, d, "thre") == 0);
			assert_true(object_dict_get(&self, l, d, "") == 0);
			assert_false(object_dict_each(&self, l, d, count_items,
						      &limit));
			assert_int_equal(limit, 97);
			limit = 1;
			assert_true(object_dict_each(&self, l, d, count_items, &limit));
		}
}

static void dicts_that_are_none(void **state)
{
	(void)state;
	FOR_EACH_ROW {
		static const uint64_t counts[] = {
			0, 1 << 17, UINT64_MAX, UINT64_MAX / 16,
		};
		raddr d;

		assert_true(object_dict_get(&self, l, 0, "one") == 0);
		assert_true(object_dict_get(&self, l, 8, "one") == 0);
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			assert_true(object_dict_get(&self, l,
						    make_dict(last_kind(), counts[i]),
						    "one") == 0);
		d = make_dict(last_kind(), 3);
		if (OFF(l, keys_size) != ABSENT) {
			put(keys, OFF(l, keys_size), UINT64_MAX, WORD);
			assert_true(object_dict_get(&self, l, d, "one") == 0);
			continue;
		}
		keys[OFF(l, keys_kind)] = 77;
		assert_true(object_dict_get(&self, l, d, "one") == 0);
		d = make_dict(1, 3);
		keys[OFF(l, keys_log2_index_bytes)] = (char)255;
		assert_true(object_dict_get(&self, l, d, "one") == 0);
		d = make_dict(1, 3);
		put(dict, OFF(l, dict_keys), 8, WORD);
		assert_true(object_dict_get(&self, l, d, "one") == 0);
		/* Values of a split table stand elsewhere. */
		d = make_dict(2, 3);
		put(dict, OFF(l, dict_values), address(names), WORD);
		assert_true(object_dict_get(&self, l, d, "one") == 0);
		/* A key that is no str at all. */
		d = make_dict(1, 3);
		put(keys, OFF(l, keys_indices) + 8, 8, WORD);
		assert_true(object_dict_get(&self, l, d, "one") == 0);
		assert_true(object_dict_get(&self, l, d, "three") == 103);
	}
}

/* Up to 3.10 an instance has a dict, whose keys it may share with others. */
static void attributes_in_dicts(void **state)
{
	static char type[OBJECT], object[OBJECT];
	raddr values[3] = { 201, 0, 203 };
	struct object_slot slot = { 0 };

	(void)state;
	FOR_EACH_ROW {
		if (l->instance_dict != INSTANCE_DICT_AT_OFFSET)
			continue;
		memset(object, 0, sizeof(object));
		put(type, OFF(l, type_dictoffset), 16, WORD);
		put(object, OFF(l, object_type), address(type), WORD);
		assert_true(object_attribute(&self, l, address(object), "one", &slot) == 0);
		put(object, 16, make_dict(0, 3), WORD);
		assert_true(object_attribute(&self, l, address(object), "one", &slot) == 101);
		assert_true(object_attribute(&self, l, address(object), "two", &slot) == 0);
		put(dict, OFF(l, dict_values), address(values), WORD);
		assert_true(object_attribute(&self, l, address(object), "one", &slot) == 201);
		assert_true(object_attribute(&self, l, address(object), "two", &slot) == 0);
		assert_true(object_attribute(&self, l, address(object), "three", &slot) == 203);
		/* Negative: counted from the end of an object of variable size. */
		put(type, OFF(l, type_dictoffset), (uint64_t)-8, WORD);
		assert_true(object_attribute(&self, l, address(object), "one", &slot) == 0);
	}
}

/* --- code --------------------------------------------------------------------- */

static char code[OBJECT], name[OBJECT], file[OBJECT], table[OBJECT], bytecode[OBJECT];

static void make_code(void)
{
	memset(code, 0, sizeof(code));
	put(code, OFF(l, code_filename),
	    make_str(file, 1, COMPACT | ASCII, "/a.py", 5), WORD);
	put(code, OFF(l, code_qualname), make_str(name, 1, COMPACT, "f\xfc", 2), WORD);
	memset(table, 0, sizeof(table));
	put(table, OFF(l, bytes_size), 3, WORD);
	memcpy(table + OFF(l, bytes_data), "\x80\0\1", 3);
	put(code, OFF(l, code_linetable), address(table), WORD);
	put(code, OFF(l, code_firstlineno), 42, 4);
	if (OFF(l, code_units) != ABSENT) {
		put(code, OFF(l, code_units), 10, WORD);
	} else {
		memset(bytecode, 0, sizeof(bytecode));
		put(bytecode, OFF(l, bytes_size), 20, WORD);
		put(code, OFF(l, code_bytecode), address(bytecode), WORD);
	}
	if (OFF(l, code_version) != ABSENT)
		put(code, OFF(l, code_version), 77, 4);
}

static void code_objects(void **state)
{
	static struct code_text text;
	char type[OBJECT] = { 0 };
	struct code_head head;

	(void)state;
	FOR_EACH_ROW {
		make_code();
		code_head_decode(l, code, &head);
		assert_int_equal(code_bytes(&self, l, &head), 20);
		assert_int_equal(head.first_line, 42);
		assert_int_equal(head.version, OFF(l, code_version) == ABSENT ? 0 : 77);
		assert_false(head.shim);
		assert_int_equal(code_read_text(&self, l, &head, &text), READ_OK);
		assert_int_equal(text.name_len, 3);
		assert_int_equal(text.file_len, 5);
		assert_int_equal(text.table_len, 3);
		assert_memory_equal(text.text, "f\xc3\xbc/a.py\x80\0\1", 11);

		/* One without a traceable instruction is the interpreter's own. */
		if (OFF(l, code_units) != ABSENT) {
			put(code, OFF(l, code_firsttraceable), 10, 4);
			code_head_decode(l, code, &head);
			assert_true(head.shim);
			put(code, OFF(l, code_units), UINT64_MAX, WORD);
		} else {
			put(bytecode, OFF(l, bytes_size), UINT64_MAX, WORD);
		}
		code_head_decode(l, code, &head);
		assert_int_equal(code_bytes(&self, l, &head), 0);

		put(type, OFF(l, type_name), address("code"), WORD);
		put(code, OFF(l, object_type), address(type), WORD);
		assert_true(code_is_code(&self, l, address(code)));
		put(type, OFF(l, type_name), address("codec"), WORD);
		assert_false(code_is_code(&self, l, address(code)));
		put(type, OFF(l, type_name), 0, WORD);
		assert_false(code_is_code(&self, l, address(code)));
		assert_false(code_is_code(&self, l, 8));
	}
}

static void torn_code_objects(void **state)
{
	static struct code_text text;
	struct code_head head;

	(void)state;
	FOR_EACH_ROW {
		static const enum layout_field parts[] = {
			FIELD_code_filename, FIELD_code_qualname, FIELD_code_linetable,
		};

		for (size_t i = 0; i < 3; i++) {
			make_code();
			put(code, l->off[parts[i]], i, WORD);
			code_head_decode(l, code, &head);
			assert_int_equal(code_read_text(&self, l, &head, &text),
					 READ_FAULT);
		}
		/* All lengths as wrong as can be: cut to what there is room for. */
		make_code();
		put(table, OFF(l, bytes_size), UINT64_MAX, WORD);
		code_head_decode(l, code, &head);
		if (code_read_text(&self, l, &head, &text) == READ_OK)
			assert_true(text.table_len <= CODE_MAX_TABLE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_of_str),
		cmocka_unit_test(surrogates),
		cmocka_unit_test(long_str_are_cut),
		cmocka_unit_test(what_is_no_str),
		cmocka_unit_test(bytes_and_their_limits),
		cmocka_unit_test(ints_up_to_64_bits),
		cmocka_unit_test(dicts_of_both_kinds),
		cmocka_unit_test(dicts_that_are_none),
		cmocka_unit_test(attributes_in_dicts),
		cmocka_unit_test(code_objects),
		cmocka_unit_test(torn_code_objects),
	};

	return cmocka_run_group_tests_name("object", tests, open_self, close_self);
}
