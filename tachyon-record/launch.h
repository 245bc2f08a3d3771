/* SPDX-License-Identifier: MIT */
/*
 * launch.h - start the program that is to be recorded.
 *
 * The program gets our environment, directory, terminal and signal mask as
 * they were; it does not begin before launch_release(), so that everything
 * that can fail on our side has failed before it has done anything.
 */
#ifndef RECORD_LAUNCH_H
#define RECORD_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct err;

/* What the recorder changes for itself and the program shall have as it was. */
struct launch_signals {
	sigset_t mask;
	void (*pipe)(int), (*xfsz)(int), (*child)(int);
};

struct launch {
	pid_t pid;
	int gate;               /* closed to let the program begin */
	int report;             /* says why exec failed */
};

/*
 * The words to execute for a TARGET: a module or script is given to python3,
 * anything else is a command.  NULL-terminated, to be freed with free();
 * words of argv are borrowed.
 */
char **launch_words(bool module, int argc, char **argv);

int launch_start(struct launch *l, char **words, bool stdout_to_stderr,
		 const struct launch_signals *signals, struct err *err);

/*
 * Lets the program begin.  0, or the -errno of execvp(3) with err filled and
 * the child reaped.
 */
int launch_release(struct launch *l, const char *name, struct err *err);

/* Gives up before the program has begun. */
void launch_abort(struct launch *l);

#endif
