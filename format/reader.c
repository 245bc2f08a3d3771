/* SPDX-License-Identifier: MIT */
/*
 * reader.c - bytes from a descriptor, through zstd, to whole objects.
 *
 * raw holds decompressed bytes from the first one of the object that is next;
 * it never grows beyond the largest object and one step of the decompressor.
 */
#include "format/reader.h"

#include <errno.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/cursor.h"
#include "format/decode.h"
#include "format/foreign.h"

enum { INPUT_BYTES = 128 << 10 };       /* zstd's own choice, ZSTD_DStreamInSize() */

struct trace_reader {
	int fd;
	const char *name;
	ZSTD_DCtx *zstd;
	struct decoder *decoder;

	unsigned char input[INPUT_BYTES];
	size_t input_at, input_len;
	struct buf raw;
	size_t raw_at;                  /* where the next object begins in raw */
	struct measure measure;         /* of that object */
	bool in_frame;                  /* begun and not ended */
	bool output_waits;              /* zstd holds more than the last step took */

	uint64_t bytes, raw_bytes, frames, objects;
	int status;                     /* 0, or the damage that every call returns */
	struct err why;
};

struct trace_reader *trace_reader_new(int fd, const char *name, struct err *err)
{
	struct trace_reader *r = mem_alloc(1, sizeof(*r));

	r->fd = fd;
	r->name = name;
	r->zstd = ZSTD_createDCtx();
	r->decoder = decoder_new();
	if (!r->zstd || !r->decoder) {
		err_set(err, ENOMEM, "%s: out of memory", name);
		trace_reader_free(r);
		return NULL;
	}
	ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, TRACE_MAX_WINDOW_LOG);
	return r;
}

void trace_reader_free(struct trace_reader *r)
{
	if (!r)
		return;
	ZSTD_freeDCtx(r->zstd);
	decoder_free(r->decoder);
	buf_release(&r->raw);
	free(r);
}

/* Damage is final: what follows it cannot be told from more damage. */
static int damaged(struct trace_reader *r, int code, const char *what)
{
	if (code == EBADMSG)
		r->status = err_set(&r->why, code,
				    "%s: damaged in frame %llu, object %llu: %s",
				    r->name, (unsigned long long)r->frames + 1,
				    (unsigned long long)r->objects + 1, what);
	else
		r->status = err_set(&r->why, code, "%s: %s", r->name, what);
	return r->status;
}

/* Reads from the descriptor.  Returns 1, 0 at its end, or -errno. */
static int fill_input(struct trace_reader *r, struct err *err)
{
	/* What is kept are first bytes that do not tell yet whether this is zstd. */
	size_t keep = r->input_len - r->input_at;
	ssize_t n;

	memmove(r->input, r->input + r->input_at, keep);
	r->input_at = 0;
	r->input_len = keep;
	do
		n = read(r->fd, r->input + keep, sizeof(r->input) - keep);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		int code = errno;

		if (code == EAGAIN || code == EWOULDBLOCK)
			return -EAGAIN;
		return err_set(err, code, "%s: cannot read: %s", r->name,
			       strerror(code));
	}
	r->input_len += (size_t)n;
	r->bytes += (uint64_t)n;
	return n > 0;
}

/* Is what begins the input zstd?  Looked at once, as soon as it can be told. */
static int check_foreign(struct trace_reader *r, bool at_end)
{
	struct err why;
	int rc = foreign_check(r->input, r->input_len, at_end, &why);

	return rc < 0 ? damaged(r, -rc, why.text) : rc;
}

/*
 * Decompresses one step into raw.  Returns 1, or -errno when damaged.  A step
 * may yield nothing when zstd waits for more input.
 */
static int decompress(struct trace_reader *r)
{
	/* What was handed out goes before anything is added. */
	if (r->raw_at) {
		memmove(r->raw.data, r->raw.data + r->raw_at, r->raw.len - r->raw_at);
		r->raw.len -= r->raw_at;
		r->raw_at = 0;
	}

	size_t step = ZSTD_DStreamOutSize();
	ZSTD_outBuffer out = { buf_reserve(&r->raw, step), step, 0 };
	ZSTD_inBuffer in = { r->input, r->input_len, r->input_at };
	size_t rc = ZSTD_decompressStream(r->zstd, &out, &in);

	if (in.pos > r->input_at)
		r->in_frame = true;
	r->input_at = in.pos;
	r->raw.len += out.pos;
	r->raw_bytes += out.pos;
	r->output_waits = out.pos == step;
	if (ZSTD_isError(rc))
		return damaged(r, EBADMSG, ZSTD_getErrorName(rc));
	if (rc == 0 && r->in_frame) {
		r->in_frame = false;
		r->frames++;
	}
	return 1;
}

/* Is the next object complete in raw?  Returns 1, 0 for not yet, or -errno. */
static int measure_next(struct trace_reader *r)
{
	static const char *const why[] = {
		[MEASURE_TOO_LARGE] =
			"a count or length is above the limit of the format",
		[MEASURE_TOO_DEEP] = "arrays are nested too deeply",
		[MEASURE_INVALID] = "a byte that msgpack does not define",
	};
	enum measure_result rc;

	if (r->raw_at == r->raw.len)
		return 0;
	rc = measure_object(&r->measure, r->raw.data + r->raw_at,
			    r->raw.len - r->raw_at);
	if (rc == MEASURE_DONE)
		return 1;
	if (rc != MEASURE_MORE)
		return damaged(r, EBADMSG, why[rc]);
	if (!r->in_frame)
		return damaged(r, EBADMSG, "an object does not end with its frame");
	return 0;
}

/* Decodes the measured object.  Returns 1, 0 if it is of no known type, -errno. */
static int take_object(struct trace_reader *r, struct trace_object *o)
{
	struct err why;
	size_t len = r->measure.at;
	int rc = decoder_object(r->decoder, r->raw.data + r->raw_at, len, o, &why);

	if (rc < 0)
		return damaged(r, -rc, why.text);
	r->raw_at += len;
	r->measure = (struct measure){ 0 };
	r->objects++;
	return rc;
}

static int at_end(struct trace_reader *r, struct err *err)
{
	if (!r->in_frame && r->objects)
		return 0;
	if (!r->in_frame && !r->frames && check_foreign(r, true) < 0)
		return r->status;
	if (!r->in_frame)
		return err_set(err, EINVAL, "%s: holds no trace", r->name);
	return err_set(err, ENODATA,
		       "%s: ends in the middle of a frame; the recorder was "
		       "killed or the file was cut, up to a second is missing",
		       r->name);
}

/* Gets more raw bytes, or input for them.  Returns 1, 0 at the end, or -errno. */
static int advance(struct trace_reader *r, struct err *err)
{
	int rc;

	if (r->output_waits)
		return decompress(r);
	if (r->input_at < r->input_len) {
		rc = r->in_frame || r->objects ? 1 : check_foreign(r, false);
		if (rc)
			return rc < 0 ? rc : decompress(r);
	}
	rc = fill_input(r, err);
	return rc ? rc : at_end(r, err);
}

int trace_reader_next(struct trace_reader *r, struct trace_object *o, struct err *err)
{
	while (r->status == 0) {
		int rc = measure_next(r);

		if (rc > 0) {
			if (take_object(r, o) > 0)
				return 1;
		} else if (rc == 0) {
			rc = advance(r, err);
			if (rc <= 0 && r->status == 0)
				return rc;
		}
	}
	*err = r->why;
	return r->status;
}

uint64_t trace_reader_bytes(const struct trace_reader *r)
{
	return r->bytes;
}

uint64_t trace_reader_raw_bytes(const struct trace_reader *r)
{
	return r->raw_bytes;
}

uint64_t trace_reader_frames(const struct trace_reader *r)
{
	return r->frames;
}

/* --- info maps ------------------------------------------------------------ */

static const msgpack_object *find_key(const msgpack_object *info, const char *key)
{
	if (!info || info->type != MSGPACK_OBJECT_MAP)
		return NULL;
	for (uint32_t i = 0; i < info->via.map.size; i++) {
		const msgpack_object_kv *kv = &info->via.map.ptr[i];

		if (kv->key.type == MSGPACK_OBJECT_STR &&
		    kv->key.via.str.size == strlen(key) &&
		    memcmp(kv->key.via.str.ptr, key, kv->key.via.str.size) == 0)
			return &kv->val;
	}
	return NULL;
}

static bool as_text(const msgpack_object *o, struct trace_text *text)
{
	*text = (struct trace_text){ "", 0 };
	if (!o || (o->type != MSGPACK_OBJECT_STR && o->type != MSGPACK_OBJECT_BIN))
		return false;
	/* Both members are a length and a pointer, of the same types. */
	text->bytes = o->type == MSGPACK_OBJECT_STR ? o->via.str.ptr : o->via.bin.ptr;
	text->len = o->type == MSGPACK_OBJECT_STR ? o->via.str.size : o->via.bin.size;
	return true;
}

int64_t trace_info_num(const struct msgpack_object *info, const char *key,
		       int64_t otherwise)
{
	const msgpack_object *o = find_key(info, key);

	if (o && o->type == MSGPACK_OBJECT_POSITIVE_INTEGER && o->via.u64 <= INT64_MAX)
		return (int64_t)o->via.u64;
	if (o && o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
		return o->via.i64;
	return otherwise;
}

bool trace_info_text(const struct msgpack_object *info, const char *key,
		     struct trace_text *text)
{
	return as_text(find_key(info, key), text);
}

bool trace_info_item(const struct msgpack_object *info, const char *key, size_t i,
		     struct trace_text *text)
{
	const msgpack_object *list = find_key(info, key);

	*text = (struct trace_text){ "", 0 };
	return list && list->type == MSGPACK_OBJECT_ARRAY && i < list->via.array.size &&
	       as_text(&list->via.array.ptr[i], text);
}
