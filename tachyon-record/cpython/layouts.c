/* SPDX-License-Identifier: MIT */
/*
 * From 3.13 on a runtime begins with struct _Py_DebugOffsets
 * (Include/internal/pycore_debug_offsets.h): a cookie, the version, and the
 * offsets of this very build.  A row says where in that structure each field
 * stands; the fields that it lacks come from the row's own headers, and are
 * believed only while the described fields beside them agree with the row.
 */
#include "tachyon-record/cpython/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tachyon-record/cpython/fit.h"

enum {
	DESCRIPTION_COOKIE = 0,         /* char[8] */
	DESCRIPTION_VERSION = 8,        /* PY_VERSION_HEX */
	DESCRIPTION_FREE_THREADED = 16,
	DESCRIPTION_MAX = 4096,
	WORD = 8,
	/* No structure that we read is as large; guards against garbage. */
	MAX_OFFSET = 1 << 24,
};

const char layout_cookie[8] = "xdebugpy";

/* value = description[at] + description[plus] - description[minus]. */
struct described {
	uint16_t at, plus, minus;       /* bytes; 0: nothing */
};

struct layout_version {
	unsigned builds;                /* 1 << enum layout_build of each that it is of */
	struct layout layout;
	struct described described[NFIELDS];
	uint16_t description_size;      /* 0: does not describe itself */
};

static const struct layout_version versions[] = {
#include "tachyon-record/cpython/layout_rows.inc"
};

enum { NROWS = sizeof(versions) / sizeof(versions[0]) };

static const char *const field_names[NFIELDS] = {
#define FIELD(name, what) #name,
#include "tachyon-record/cpython/fields.def"
#undef FIELD
};

/* Of versions that have no Py_Version; the C-API manual says when each was added. */
static const struct layout_symbol symbols[] = {
	{ "PyInterpreterState_GetID", 0x0307 },
	{ "PyConfig_InitPythonConfig", 0x0308 },
	{ "PyFrame_GetBack", 0x0309 },
	{ "PyModule_AddObjectRef", 0x030a },
	{ "PyCode_GetCode", 0x030b },
};

const struct layout_symbol *layout_symbol(const char *name)
{
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (strcmp(symbols[i].name, name) == 0)
			return &symbols[i];
	return NULL;
}

struct layout_span layout_span(const struct layout *l, const enum layout_field *fields,
			       size_t n)
{
	int32_t from = INT32_MAX, to = 0;

	for (size_t i = 0; i < n; i++) {
		const int32_t off = l->off[fields[i]];

		if (off == ABSENT)
			continue;
		from = off < from ? off : from;
		to = off + WORD > to ? off + WORD : to;
	}
	return (struct layout_span){ from, to - from };
}

const char *layout_field_name(enum layout_field field)
{
	return field_names[field];
}

const char *layout_build_name(enum layout_build build)
{
	static const char *const names[] = {
		[BUILD_NOT_KNOWN] = "", [BUILD_RELEASE] = "release", [BUILD_DEBUG] = "debug",
	};

	return names[build];
}

/* Every row is of a build that is not known, too: the first one stands for it. */
static bool is_row_of(const struct layout_version *row, uint32_t version,
		      enum layout_build build)
{
	return row->layout.version == version &&
	       (build == BUILD_NOT_KNOWN || row->builds & 1U << build);
}

static const struct layout_version *find_row(uint32_t version, enum layout_build build)
{
	for (size_t i = 0; i < NROWS; i++)
		if (is_row_of(&versions[i], version, build))
			return &versions[i];
	return NULL;
}

const struct layout *layout_row(uint32_t version, enum layout_build build)
{
	const struct layout_version *row = find_row(version, build);

	return row && !row->description_size ? &row->layout : NULL;
}

static uint64_t description_word(const unsigned char *description, unsigned at)
{
	uint64_t word;

	memcpy(&word, description + at, sizeof(word));
	return word;
}

/* The structure that a field belongs to is its name up to the first '_'. */
static bool same_structure(enum layout_field a, enum layout_field b)
{
	size_t n = strcspn(field_names[a], "_") + 1;

	return strncmp(field_names[a], field_names[b], n) == 0;
}

static bool agrees_with_row(const struct layout_version *row, const struct layout *l,
			    enum layout_field field)
{
	for (int i = 0; i < NFIELDS; i++)
		if (row->described[i].at && same_structure(field, (enum layout_field)i) &&
		    l->off[i] != row->layout.off[i])
			return false;
	return true;
}

/* Fields that are copied with their structure have to be inside of it. */
static const struct {
	enum layout_field field, size_field;
	int32_t bytes;                  /* of the field */
	int32_t most;                   /* of the structure, in our buffers */
} bounds[] = {
	{ FIELD_frame_executable, FIELD_frame_size, 8, 1024 },
	{ FIELD_frame_previous, FIELD_frame_size, 8, 1024 },
	{ FIELD_frame_instr, FIELD_frame_size, 8, 1024 },
	{ FIELD_frame_owner, FIELD_frame_size, 1, 1024 },
	{ FIELD_frame_copy, FIELD_frame_size, 4, 1024 },
	{ FIELD_frame_stack, FIELD_frame_size, 8, 1024 },
	{ FIELD_gen_state, FIELD_gen_frame, 1, 512 },
	{ FIELD_object_type, FIELD_code_adaptive, 8, 256 },
	{ FIELD_code_nlocalsplus, FIELD_code_adaptive, 4, 256 },
	{ FIELD_code_units, FIELD_code_adaptive, 8, 256 },
	{ FIELD_code_filename, FIELD_code_adaptive, 8, 256 },
	{ FIELD_code_qualname, FIELD_code_adaptive, 8, 256 },
	{ FIELD_code_linetable, FIELD_code_adaptive, 8, 256 },
	{ FIELD_code_firstlineno, FIELD_code_adaptive, 4, 256 },
	{ FIELD_code_version, FIELD_code_adaptive, 4, 256 },
	{ FIELD_code_firsttraceable, FIELD_code_adaptive, 4, 256 },
	{ FIELD_unicode_length, FIELD_unicode_ascii_data, 8, 64 },
	{ FIELD_unicode_state, FIELD_unicode_ascii_data, 4, 64 },
	{ FIELD_keys_log2_index_bytes, FIELD_keys_indices, 1, 64 },
	{ FIELD_keys_kind, FIELD_keys_indices, 1, 64 },
	{ FIELD_keys_nentries, FIELD_keys_indices, 8, 64 },
};

/* Required: without them nothing is read at all. */
static const enum layout_field required[] = {
	FIELD_interp_gil, FIELD_gil_switch_number, FIELD_thread_current_frame,
	FIELD_code_units, FIELD_code_firsttraceable, FIELD_keys_indices,
};

/* Read in one range with the list of threads. */
static const enum layout_field spanned[] = {
	FIELD_interp_gc_collecting, FIELD_interp_gc_frame, FIELD_interp_code_generation,
	FIELD_interp_copy_generation, FIELD_interp_stw_requester,
};

static int check_bounds(const struct layout *l, struct err *err)
{
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (l->off[required[i]] == ABSENT)
			return err_set(err, ENOTSUP, "this build of CPython: %s is elsewhere "
				       "than in a release build", field_names[required[i]]);
	for (int i = 0; i < NFIELDS; i++)
		if (same_structure((enum layout_field)i, FIELD_thread_next) &&
		    l->off[i] > LAYOUT_MAX_THREAD - 8)
			return err_set(err, ENOTSUP, "the description of this CPython: %s is "
				       "too far away", field_names[i]);
	for (size_t i = 0; i < sizeof(spanned) / sizeof(spanned[0]); i++)
		if (l->off[spanned[i]] != ABSENT &&
		    abs(OFF(l, interp_threads_head) - l->off[spanned[i]]) >
		    LAYOUT_MAX_INTERP_SPAN)
			return err_set(err, ENOTSUP, "the description of this CPython: %s is "
				       "too far away", field_names[spanned[i]]);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		int32_t at = l->off[bounds[i].field], size = l->off[bounds[i].size_field];

		if (size > bounds[i].most ||
		    (at != ABSENT && at > size - bounds[i].bytes))
			return err_set(err, ENOTSUP, "the description of this CPython: %s is "
				       "outside its structure", field_names[bounds[i].field]);
	}
	return 0;
}

/* What the description says of a field; MAX_OFFSET or above: nothing sensible. */
static uint64_t described_value(const struct described *d, const unsigned char *description)
{
	uint64_t value = description_word(description, d->at);

	if (d->plus)
		value += description_word(description, d->plus);
	if (d->minus)
		value -= description_word(description, d->minus);
	return value;
}

/*
 * How many fields a description confirms of a row; 0 if it is not of the
 * build that the symbols tell.
 */
static unsigned agreement(const struct layout_version *row, const struct layout_hint *hint,
			  const unsigned char *description)
{
	const bool free_threaded = description_word(description, DESCRIPTION_FREE_THREADED);
	unsigned agree = 1;

	if (!is_row_of(row, hint->version, hint->build) ||
	    row->layout.free_threaded != free_threaded)
		return 0;
	for (int f = 0; f < NFIELDS; f++)
		agree += row->described[f].at &&
			 described_value(&row->described[f], description) ==
			 (uint64_t)row->layout.off[f];
	return agree;
}

/* The row that the description contradicts least. */
static const struct layout_version *described_row(const struct layout_hint *hint,
						  const unsigned char *description)
{
	const struct layout_version *best = NULL;
	unsigned best_agree = 0;

	for (size_t i = 0; i < NROWS; i++) {
		unsigned agree = agreement(&versions[i], hint, description);

		if (agree > best_agree) {
			best = &versions[i];
			best_agree = agree;
		}
	}
	return best;
}

/* Where rows that are confirmed alike differ, none of them is believed. */
static void doubt(const struct layout_version *row, const struct layout_hint *hint,
		  const unsigned char *description, struct layout *l)
{
	const unsigned agree = agreement(row, hint, description);

	for (size_t i = 0; i < NROWS; i++) {
		const struct layout_version *rival = &versions[i];

		if (rival == row || agreement(rival, hint, description) != agree)
			continue;
		l->build = BUILD_NOT_KNOWN;
		for (int f = 0; f < NFIELDS; f++)
			if (!row->described[f].at && rival->layout.off[f] != l->off[f])
				l->off[f] = ABSENT;
	}
}

/* Brings the row's layout in line with the description. */
static int follow_description(const struct layout_version *row,
			      const unsigned char *description, struct layout *l,
			      struct err *err)
{
	for (int i = 0; i < NFIELDS; i++) {
		uint64_t value;

		if (!row->described[i].at)
			continue;
		value = described_value(&row->described[i], description);
		if (value >= MAX_OFFSET)
			return err_set(err, ENOTSUP, "the description of this CPython: offset "
				       "of %s is out of range", field_names[i]);
		l->off[i] = (int32_t)value;
	}
	for (int i = 0; i < NFIELDS; i++)
		if (!row->described[i].at && !agrees_with_row(row, l, (enum layout_field)i))
			l->off[i] = ABSENT;
	/* Chunk, top and limit are neighbours in every build (cpython/pystate.h). */
	if (OFF(l, thread_datastack_top) == ABSENT)
		l->off[FIELD_thread_datastack_top] = OFF(l, thread_datastack_chunk) + 8;
	return check_bounds(l, err);
}

/* The build that symbols told, or the only one that the row is of. */
static enum layout_build build_of(const struct layout_version *row, enum layout_build told)
{
	if (told != BUILD_NOT_KNOWN)
		return told;
	return row->builds == 1U << BUILD_DEBUG ? BUILD_DEBUG :
	       row->builds == 1U << BUILD_RELEASE ? BUILD_RELEASE : BUILD_NOT_KNOWN;
}

static int unsupported(uint32_t version, struct err *err)
{
	return err_set(err, ENOTSUP, "CPython %u.%u: too %s for this tachyon-record, which "
		       "reads " LAYOUT_VERSIONS, version >> 8, version & 0xff,
		       version < versions[0].layout.version ? "old" : "new");
}

uint32_t layout_described_version(struct remote *r, raddr runtime)
{
	unsigned char description[DESCRIPTION_VERSION + 8];
	uint64_t version;

	if (remote_read(r, runtime, description, sizeof(description)) != READ_OK ||
	    memcmp(description + DESCRIPTION_COOKIE, layout_cookie, sizeof(layout_cookie)) != 0)
		return 0;
	version = description_word(description, DESCRIPTION_VERSION);
	return version >> 24 == 3 && version >= 0x030d0000 ? (uint32_t)version : 0;
}

/* Reads the version of a runtime that describes itself, else it is the one that was told. */
static int know_version(const unsigned char *description, struct layout_hint *told,
			struct err *err)
{
	if (memcmp(description + DESCRIPTION_COOKIE, layout_cookie, sizeof(layout_cookie)) == 0)
		told->version = (uint32_t)(description_word(description,
							    DESCRIPTION_VERSION) >> 16);
	else if (told->version >= 0x030d)
		return err_set(err, ENOENT, "the Python runtime does not describe itself");
	else
		return 0;
	told->guessed = false;
	return 0;
}

/*
 * The row that the target itself bears out, where its version is a guess or
 * not known.  Where it says nothing, the guess is all there is.
 */
static int find_fitting_row(struct remote *r, raddr runtime, const struct layout_hint *told,
			    const struct layout_version **found, struct err *err)
{
	bool undecided = false;

	*found = NULL;
	if (told->version && !find_row(told->version, BUILD_NOT_KNOWN))
		return unsupported(told->version, err);
	for (size_t i = NROWS; i-- > 0; ) {
		const struct layout_version *row = &versions[i];
		enum fit fit;

		if (row->description_size ||
		    !is_row_of(row, row->layout.version, told->build))
			continue;
		fit = layout_fit(r, runtime, &row->layout);
		undecided |= fit == FIT_NOT_YET;
		if (fit == FIT_YES || (fit == FIT_MAYBE && row->layout.version == told->version))
			*found = row;
		if (fit == FIT_YES)
			return 0;
	}
	if (*found)
		return 0;
	if (undecided)
		return err_set(err, EAGAIN, "a CPython that is starting: its version is not "
			       "known yet");
	return err_set(err, ENOTSUP, "a CPython that is not known: this tachyon-record reads "
		       LAYOUT_VERSIONS);
}

int layout_detect(struct remote *r, raddr runtime, const struct layout_hint *hint,
		  struct layout *l, struct err *err)
{
	unsigned char description[DESCRIPTION_MAX] = { 0 };
	const struct layout_version *row;
	struct layout_hint told = *hint;
	int ret;

	if (remote_read(r, runtime, description, 24) != READ_OK)
		return err_set(err, ENOENT, "the Python runtime at 0x%llx cannot be read",
			       (unsigned long long)runtime);
	ret = know_version(description, &told, err);
	if (ret)
		return ret;
	if (told.guessed || !told.version) {
		ret = find_fitting_row(r, runtime, &told, &row, err);
		if (ret || !row)
			return ret;
		*l = row->layout;
		l->build = build_of(row, told.build);
		return 0;
	}
	row = find_row(told.version, BUILD_NOT_KNOWN);
	if (!row)
		return unsupported(told.version, err);
	if (remote_read(r, runtime, description, row->description_size) != READ_OK)
		return err_set(err, ENOENT, "the description of CPython 3.%u cannot be read",
			       told.version & 0xff);
	row = row->description_size ? described_row(&told, description)
				    : find_row(told.version, told.build);
	if (!row)
		return unsupported(told.version, err);
	*l = row->layout;
	l->build = build_of(row, told.build);
	if (!row->description_size)
		return 0;
	doubt(row, &told, description, l);
	return follow_description(row, description, l, err);
}
