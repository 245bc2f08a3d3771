/* SPDX-License-Identifier: MIT */
/*
 * output.h - the writer thread: records from the ring become a trace.
 *
 * Everything that may wait or allocate happens here and not in the sampling
 * thread: line tables, names of threads, compression, the file.  When
 * writing fails the thread goes on emptying the ring and remembers why.
 */
#ifndef RECORD_OUTPUT_H
#define RECORD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/ring.h"

struct err;
struct output;

struct output_options {
	int fd;                         /* stays the caller's */
	const char *const *argv;        /* of the recorder, NULL-terminated */
	uint64_t interval_ns, duration_ns;
	bool all_threads, no_gc, native, opcodes, blocking;
	const char *mode;
	const char *async;              /* mode of async-aware recording, NULL: none */
	uint32_t known;                 /* flags that the sampler determines */
};

/* Starts the thread.  NULL: err. */
struct output *output_start(struct ring *ring, const struct output_options *options,
			    struct err *err);

/* True once writing has failed. */
bool output_failed(const struct output *o);

/* True once each time the writer's tables are so large that a new segment is due. */
bool output_wants_segment(struct output *o);

/*
 * Waits until RECORD_END has been written, and frees.  0, or the -errno of
 * the first failure with err filled.  total: bytes written.
 */
int output_finish(struct output *o, uint64_t *total, struct err *err);

#endif
