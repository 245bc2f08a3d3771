/* SPDX-License-Identifier: MIT */
/*
 * commands.h - the commands of tachyon-record, from options to exit status.
 *
 * Messages go to standard error as they arise, because a program that run
 * has started may go on for long after something has failed.
 */
#ifndef RECORD_COMMANDS_H
#define RECORD_COMMANDS_H

#include <sys/types.h>

struct cJSON;
struct err;
struct options;
struct target;

/* tachyon-record(1), EXIT STATUS. */
enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DENIED = 3,
	EXIT_NOT_PYTHON = 4,
	EXIT_NO_PROCESS = 5,
	EXIT_OWN_FAILURE = 125,         /* run: ours, not the program's */
};

/* Of a -errno that target_open() gave. */
int exit_status(int ret);

/* argv as the user gave it, for the trace's header.  All return the status. */
int command_run(const struct options *o, char **argv);
int command_attach(const struct options *o, char **argv);
int command_check(const struct options *o);
int command_list(const struct options *o);
int command_dump(const struct options *o, char **argv);

/* Opens the process of attach or dump, which may be just starting; as target_open(). */
int open_target(struct target *t, const struct options *o, struct err *err);

/* Says what failed.  If it was a permission: which gate is closed, and what opens it. */
void explain(pid_t pid, int ret, const struct err *err);

/* Prints JSON to standard output and frees it. */
void print_tree(struct cJSON *root);

/* Prints the sentence as this program's. */
void complain(const struct err *err);

#endif
