/* SPDX-License-Identifier: MIT */
/*
 * commands.h - tachyon-record run and attach, from options to exit status.
 *
 * Messages go to standard error as they arise, because a program that run
 * has started may go on for long after something has failed.
 */
#ifndef RECORD_COMMANDS_H
#define RECORD_COMMANDS_H

struct err;
struct options;

/* tachyon-record(1), EXIT STATUS. */
enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DENIED = 3,
	EXIT_NOT_PYTHON = 4,
	EXIT_NO_PROCESS = 5,
	EXIT_OWN_FAILURE = 125,         /* run: ours, not the program's */
};

/* argv as the user gave it, for the trace's header.  Both return the status. */
int command_run(const struct options *o, char **argv);
int command_attach(const struct options *o, char **argv);

/* Prints the sentence as this program's. */
void complain(const struct err *err);

#endif
