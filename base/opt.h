/* SPDX-License-Identifier: MIT */
/*
 * opt.h - command-line options from a const table.
 *
 * The rows of one table give the parser, the "did you mean" and the --help
 * text.  What is accepted is what getopt_long(3) accepts: --name=value,
 * --name value, unambiguous beginnings of long names, -n value, -nvalue,
 * switches in one word (-qv), and -- for "no more options".
 *
 *	struct opt_scan scan;
 *	int id;
 *
 *	opt_init(&scan, rows, argc - 1, argv + 1, OPT_PERMUTE, 0);
 *	while ((id = opt_next(&scan, &err)) > 0)
 *		switch (id) { ... scan.value ... }
 *	if (id < 0)
 *		usage error: err.text is "--colapsed: unknown option; did you ..."
 *	the rest is scan.operands[0 .. scan.noperands - 1]
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include "base/buf.h"

struct err;

/*
 * One option.  A row without a name is a heading of the help text; a row
 * without help is accepted and not shown; a row of zeros ends the table.
 */
struct opt {
	const char *name;       /* long name without the dashes */
	char letter;            /* short name, 0: none */
	const char *arg;        /* what the help calls the value, NULL: a switch */
	const char *help;       /* a sentence without capital and full stop */
	int id;                 /* what opt_next() returns, above 0 */
	unsigned commands;      /* bits of the commands that know it; 0: all */
};

enum opt_order {
	OPT_PERMUTE,            /* options may come behind operands */
	OPT_STOP,               /* the first operand ends the options */
};

/*
 * The state of one pass.  Where options stand between operands, words of argv
 * are overwritten so that the operands come together.
 */
struct opt_scan {
	const struct opt *opt;  /* the row just returned */
	const char *value;      /* its value; NULL for a switch */
	char **operands;        /* valid when opt_next() has returned 0 */
	int noperands;

	/* The rest is opt.c's. */
	const struct opt *table;
	enum opt_order order;
	unsigned command;       /* one bit, 0: rows of any command */
	char **argv;
	int argc, next;         /* words, the first one not looked at */
	const char *cluster;    /* rest of a word such as -qv */
};

/* argv[0] is the first word to look at, not the program's name. */
void opt_init(struct opt_scan *s, const struct opt *table, int argc, char **argv,
	      enum opt_order order, unsigned command);

/* Returns the id of the next option, 0 when there are no more, or -EINVAL. */
int opt_next(struct opt_scan *s, struct err *err);

/* Appends the rows of a command (0: all rows) as text of 80 columns. */
void opt_help(struct buf *out, const struct opt *table, unsigned command);

/*
 * The word in the NULL-terminated list that was probably meant, or NULL if
 * none is near.  For messages about any closed set of words.
 */
const char *opt_closest(const char *word, const char *const *words);

/* Two words that differ in so many letters are not mistaken for each other. */
unsigned opt_distance(const char *a, const char *b);

#endif
