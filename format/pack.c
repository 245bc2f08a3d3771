/* SPDX-License-Identifier: MIT */
/* pack.c - values of a trace as msgpack. */
#include "format/pack.h"

#include <string.h>

#include "base/text.h"

static int append(void *frame, const char *bytes, size_t len)
{
	buf_add(frame, bytes, len);
	return 0;
}

void pack_init(struct pack *p)
{
	*p = (struct pack){ 0 };
	msgpack_packer_init(&p->packer, &p->frame, append);
}

void pack_release(struct pack *p)
{
	buf_release(&p->frame);
}

void pack_open(struct pack *p, enum trace_type type, size_t nfields)
{
	p->object = p->frame.len;
	p->refused = false;
	pack_array(p, 1 + nfields);
	pack_uint(p, type);
}

size_t pack_close(struct pack *p)
{
	size_t len = p->frame.len - p->object;

	if (!p->refused && len <= TRACE_MAX_OBJECT)
		return len;
	p->frame.len = p->object;
	return 0;
}

void pack_uint(struct pack *p, uint64_t n)
{
	msgpack_pack_uint64(&p->packer, n);
}

void pack_int(struct pack *p, int64_t n)
{
	msgpack_pack_int64(&p->packer, n);
}

void pack_array(struct pack *p, size_t n)
{
	msgpack_pack_array(&p->packer, n);
}

/* Text as str, other bytes as bin, so that no reader trips over bad UTF-8. */
void pack_bytes(struct pack *p, const char *bytes, size_t len)
{
	if (len > TRACE_MAX_STRING)
		len = text_cut(bytes, len, TRACE_MAX_STRING);
	if (text_is_utf8(bytes, len))
		msgpack_pack_str_with_body(&p->packer, bytes, len);
	else
		msgpack_pack_bin_with_body(&p->packer, bytes, len);
}

void pack_text(struct pack *p, const char *text)
{
	pack_bytes(p, text ? text : "", text ? strlen(text) : 0);
}

void pack_list(struct pack *p, const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	pack_array(p, n);
	for (size_t i = 0; i < n; i++)
		pack_text(p, list[i]);
}

void pack_info(struct pack *p, const struct trace_info *info, size_t n)
{
	size_t start = p->frame.len;

	msgpack_pack_map(&p->packer, n);
	for (size_t i = 0; i < n; i++) {
		pack_text(p, info[i].key);
		if (info[i].str)
			pack_text(p, info[i].str);
		else if (info[i].list)
			pack_list(p, info[i].list);
		else
			pack_int(p, info[i].num);
	}
	p->refused |= p->frame.len - start > TRACE_MAX_INFO;
}
