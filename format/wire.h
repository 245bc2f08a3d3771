/* SPDX-License-Identifier: MIT */
/*
 * wire.h - the numbers of a trace: object types, flags, limits.
 *
 * tachyon-trace(5) is the authority; this header repeats it for the writer
 * and the reader.  A number once given is never given another meaning.
 */
#ifndef FORMAT_WIRE_H
#define FORMAT_WIRE_H

#define TRACE_MAGIC "tachyon"

enum {
	TRACE_MAJOR = 1,        /* a reader refuses any other */
	TRACE_MINOR = 1,        /* additions only: new types, trailing fields */
};

/* The first element of every object. */
enum trace_type {
	TRACE_HEADER    = 0,
	TRACE_STRINGS   = 1,
	TRACE_FUNCTIONS = 2,
	TRACE_LOCATIONS = 3,
	TRACE_STACKS    = 4,
	TRACE_PROCESS   = 5,
	TRACE_THREAD    = 6,
	TRACE_SAMPLES   = 7,
	TRACE_LOST      = 8,
	TRACE_EVENT     = 9,
	TRACE_MARK      = 10,
	TRACE_SOURCE    = 11,
	TRACE_STATS     = 12,
	TRACE_END       = 13,
	TRACE_TASKS     = 14,
	TRACE_LOGICAL   = 15,
	TRACE_OPCODES   = 16,
	TRACE_CPU       = 17,
};

/*
 * Flags of a sample.  A state flag that is clear means "no" only if its bit
 * is set in the block's mask of known flags and clear in the sample's own
 * unknown bits (the state flag shifted left by TRACE_UNKNOWN_SHIFT).
 */
enum trace_flag {
	TRACE_ON_CPU    = 1 << 0,       /* the thread was running on a CPU */
	TRACE_HOLDS_GIL = 1 << 1,
	TRACE_WAITS_GIL = 1 << 2,       /* blocked until it gets the GIL */
	TRACE_GC        = 1 << 3,       /* it was collecting garbage */
	TRACE_NATIVE    = 1 << 4,       /* the leaf was in native code */
	TRACE_EXCEPTION = 1 << 5,       /* raising or handling an exception */
	TRACE_INEXACT   = 1 << 6,       /* callers, line or a leaf gone too soon: unproven */
	TRACE_FAILED    = 1 << 7,       /* no stack; the reason is in bits 8-11 */
	TRACE_OMITTED   = 1 << 12,      /* no stack: not in the mode that was recorded */
	TRACE_STATE_FLAGS = 0x3f,       /* those that can be unknown */
};

enum {
	TRACE_REASON_SHIFT  = 8,
	TRACE_REASON_MASK   = 0xf00,
	TRACE_UNKNOWN_SHIFT = 16,
	TRACE_UNKNOWN_MASK  = 0x3f0000,
};

/* Flags of a task at a tick; two are those of samples. */
enum trace_task_flag {
	TRACE_TASK_RUNNING = 1 << 0,    /* its thread's sample is in it */
	TRACE_TASK_INEXACT = TRACE_INEXACT,     /* frames or awaiters are unproven */
	TRACE_TASK_FAILED  = TRACE_FAILED,      /* its frames could not be read */
};

/* Why a sample has no stack. */
enum trace_reason {
	TRACE_REASON_TORN       = 1,    /* changed faster than it could be read */
	TRACE_REASON_UNREADABLE = 2,    /* memory that could not be read */
	TRACE_REASON_DEEP       = 3,    /* deeper than the format's limit */
	TRACE_REASON_CORRUPT    = 4,    /* the chain of frames makes no sense */
};

/* What a TRACE_LOST object counts. */
enum trace_lost_reason {
	TRACE_LOST_OUTPUT = 1,          /* the output did not keep up */
	TRACE_LOST_PAUSED = 2,          /* the recorder itself did not run */
};

enum trace_event_kind {
	TRACE_EVENT_ATTACH = 1,
	TRACE_EVENT_EXEC   = 2,
	TRACE_EVENT_FORK   = 3,         /* value: the child's process id */
	TRACE_EVENT_EXIT   = 4,         /* value: wait status, -1 if not known */
	TRACE_EVENT_STOP   = 5,
	TRACE_EVENT_CONT   = 6,
	TRACE_EVENT_FAULT  = 7,         /* the process could not be read for a while */
};

enum trace_end_reason {
	TRACE_END_DURATION = 1,         /* the time asked for is over */
	TRACE_END_TARGET   = 2,         /* the target ended */
	TRACE_END_SIGNAL   = 3,         /* the recorder was told to stop */
	TRACE_END_ERROR    = 4,         /* the recorder failed; text says why */
};

enum trace_source_flag {
	TRACE_SOURCE_CHANGED = 1 << 0,  /* since the process started */
	TRACE_SOURCE_CUT     = 1 << 1,  /* the text is not whole */
};

/* Functions of the file ~ and line 0: what stands between Python frames. */
#define TRACE_MARKER_FILE "~"
#define TRACE_MARKER_GC "<GC>"
#define TRACE_MARKER_NATIVE "<native>"

/* Limits.  A writer never exceeds them and a reader refuses what does. */
enum {
	TRACE_MAX_OBJECT  = 16 << 20,   /* bytes of msgpack in one object */
	TRACE_MAX_INFO    = 4 << 20,    /* bytes of msgpack in one info map */
	TRACE_MAX_STRING  = 1 << 20,    /* bytes in one string */
	TRACE_MAX_TEXT    = 1 << 28,    /* bytes in all strings of one segment */
	TRACE_MAX_DEPTH   = 1 << 20,    /* frames in one stack */
	TRACE_MAX_STRINGS = 1 << 24,    /* definitions in one segment ... */
	TRACE_MAX_FUNCTIONS = 1 << 24,
	TRACE_MAX_LOCATIONS = 1 << 24,
	TRACE_MAX_STACKS  = 1 << 24,
	TRACE_MAX_OPCODES = 1 << 12,
	TRACE_MAX_THREADS = 1 << 20,
	TRACE_MAX_PROCESSES = 1 << 20,
	TRACE_MAX_TASKS   = 1 << 20,
	TRACE_MAX_TICKS   = 1 << 20,    /* ticks in one block */
	TRACE_MAX_NESTING = 16,         /* arrays and maps inside one another */
	TRACE_MAX_WINDOW_LOG = 24,      /* zstd window, log2 of bytes */
};

#endif
