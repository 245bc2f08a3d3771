/* SPDX-License-Identifier: MIT */
/*
 * recording.h - one recording from the first look at the target to the end
 * of the trace: ring, sampling thread, writer thread, signals, progress.
 */
#ifndef RECORD_RECORDING_H
#define RECORD_RECORDING_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tachyon-record/selection.h"

struct err;
struct target;

struct recording_options {
	uint64_t interval_ns;
	uint64_t duration_ns;           /* 0: until the target ends */
	bool all_threads;
	struct selection selection;
	bool opcodes;
	bool native;                    /* reports show <native> unless told otherwise */
	bool async, async_all;
	bool blocking;                  /* pause_try() has succeeded */
	bool realtime_stats, quiet, verbose;
	const char *const *argv;        /* of the recorder, for the header */
	pid_t child;                    /* launched program, 0: attached */
	int signal_fd;                  /* signalfd(2) of the signals that end it */
	int output_fd;
	const char *output_name;        /* for messages */
};

struct recording_result {
	uint64_t ticks;
	int signal;                     /* that ended it, 0: none */
	bool child_reaped;
	int child_status;               /* wait status, when reaped */
};

/*
 * Records the open target.  0, or -errno with err filled when the trace could
 * not be written to its end; what was recorded up to then is in it.
 */
int recording_run(struct target *target, const struct recording_options *options,
		  struct recording_result *result, struct err *err);

/* Has the child ended?  Then it is reaped.  A stop of it is none of our business. */
bool recording_has_ended(pid_t child, int *status);

/* Waits for the child's end, passing signals on; its wait status. */
int recording_await(pid_t child, int signal_fd);

/*
 * Takes a signal from signal_fd, if there is one: returns its number or 0.
 * One that did not come from the terminal, which reaches every process of
 * the group, is passed on to the child.
 */
int recording_take_signal(int signal_fd, pid_t child);

#endif
