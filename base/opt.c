/* SPDX-License-Identifier: MIT */
/* opt.c - one table of options: parsing, suggestions, help. */
#include "base/opt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum {
	HELP_COLUMN = 26,       /* where the sentences of the help text begin */
	HELP_WIDTH = 80,
	WORD_MAX = 63,          /* longer words are not compared */
};

static bool is_end(const struct opt *o)
{
	return !o->name && !o->help;
}

static bool is_known(const struct opt_scan *s, const struct opt *o)
{
	return !s->command || !o->commands || (o->commands & s->command);
}

void opt_init(struct opt_scan *s, const struct opt *table, int argc, char **argv,
	      enum opt_order order, unsigned command)
{
	*s = (struct opt_scan){
		.operands = argv, .table = table, .order = order, .command = command,
		.argv = argv, .argc = argc,
	};
}

/* Puts what is left behind the operands seen so far, and ends the pass. */
static int finish(struct opt_scan *s)
{
	/* Without any they can stay where they are: argv is then left alone. */
	if (s->noperands == 0)
		s->operands = s->argv + s->next;
	while (s->next < s->argc)
		s->operands[s->noperands++] = s->argv[s->next++];
	return 0;
}

static int take_value(struct opt_scan *s, const struct opt *o, const char *joined,
		      struct err *err)
{
	s->opt = o;
	s->value = NULL;
	if (!o->arg) {
		if (joined)
			return err_set(err, EINVAL, "--%s: takes no value", o->name);
		return o->id;
	}
	if (!joined) {
		if (s->next >= s->argc)
			return err_set(err, EINVAL, "--%s: needs a value; give %s",
				       o->name, o->arg);
		joined = s->argv[s->next++];
	}
	s->value = joined;
	return o->id;
}

static int unknown_long(const struct opt_scan *s, const char *name, int len,
			struct err *err)
{
	char word[WORD_MAX + 1];
	const struct opt *best = NULL;
	unsigned best_distance = 0;

	snprintf(word, sizeof(word), "%.*s", len, name);
	for (const struct opt *o = s->table; !is_end(o); o++) {
		if (!o->name || !is_known(s, o))
			continue;
		unsigned d = opt_distance(word, o->name);

		if (d <= 1 + strlen(o->name) / 4 && (!best || d < best_distance)) {
			best = o;
			best_distance = d;
		}
	}
	if (best)
		return err_set(err, EINVAL,
			       "--%.*s: unknown option; did you mean --%s?", len, name,
			       best->name);
	return err_set(err, EINVAL, "--%.*s: unknown option; see --help", len, name);
}

static int next_long(struct opt_scan *s, const char *word, struct err *err)
{
	const struct opt *found = NULL, *other = NULL, *elsewhere = NULL;
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	int shown = len > WORD_MAX ? WORD_MAX : (int)len;

	for (const struct opt *o = s->table; !is_end(o); o++) {
		if (!o->name || strncmp(o->name, word, len) != 0)
			continue;
		if (!is_known(s, o)) {
			elsewhere = o;
			continue;
		}
		if (strlen(o->name) == len) {
			found = o;
			other = NULL;
			break;
		}
		if (found && found->id != o->id)
			other = o;
		else
			found = o;
	}
	if (other)
		return err_set(err, EINVAL, "--%.*s: could be --%s or --%s", shown,
			       word, found->name, other->name);
	if (found)
		return take_value(s, found, equals ? equals + 1 : NULL, err);
	if (elsewhere)
		return err_set(err, EINVAL,
			       "--%s: not an option of this command; see --help",
			       elsewhere->name);
	return unknown_long(s, word, shown, err);
}

static int next_short(struct opt_scan *s, struct err *err)
{
	char letter = *s->cluster++;

	for (const struct opt *o = s->table; !is_end(o); o++) {
		if (!o->name || o->letter != letter)
			continue;
		if (!is_known(s, o))
			return err_set(err, EINVAL,
				       "-%c: not an option of this command; see --help",
				       letter);
		const char *joined = NULL;

		if (o->arg && *s->cluster) {
			joined = s->cluster;
			s->cluster = NULL;
		}
		return take_value(s, o, joined, err);
	}
	return err_set(err, EINVAL, "-%c: unknown option; see --help", letter);
}

int opt_next(struct opt_scan *s, struct err *err)
{
	if (s->cluster && *s->cluster)
		return next_short(s, err);
	s->cluster = NULL;
	while (s->next < s->argc) {
		char *word = s->argv[s->next];

		/* A single dash is an operand: standard input or output. */
		if (word[0] != '-' || word[1] == '\0') {
			if (s->order == OPT_STOP)
				return finish(s);
			s->operands[s->noperands++] = word;
			s->next++;
			continue;
		}
		s->next++;
		if (strcmp(word, "--") == 0)
			return finish(s);
		if (word[1] == '-')
			return next_long(s, word + 2, err);
		s->cluster = word + 1;
		return next_short(s, err);
	}
	return finish(s);
}

/* Appends a sentence from HELP_COLUMN on, broken between words. */
static void add_wrapped(struct buf *out, const char *text)
{
	size_t column = HELP_COLUMN;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			buf_printf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		text += len + (text[len] == ' ');
	}
	buf_add_char(out, '\n');
}

void opt_help(struct buf *out, const struct opt *table, unsigned command)
{
	const struct opt_scan scan = { .command = command };
	const char *separator = "";

	for (const struct opt *o = table; !is_end(o); o++) {
		char left[WORD_MAX + 1];

		if (!o->help || !is_known(&scan, o))
			continue;
		if (!o->name) {
			buf_printf(out, "%s%s:\n", separator, o->help);
			separator = "\n";
			continue;
		}
		separator = "\n";
		int len = snprintf(left, sizeof(left), "  %c%c%s--%s%s%s",
				   o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
				   o->letter ? ", " : "  ", o->name, o->arg ? " " : "",
				   o->arg ? o->arg : "");

		buf_add_str(out, left);
		if (len + 2 > HELP_COLUMN)
			buf_printf(out, "\n%*s", HELP_COLUMN, "");
		else
			buf_printf(out, "%*s", HELP_COLUMN - len, "");
		add_wrapped(out, o->help);
	}
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance, with two rows of its table. */
unsigned opt_distance(const char *a, const char *b)
{
	size_t alen = strlen(a), blen = strlen(b);
	unsigned rows[2][WORD_MAX + 1];

	if (alen > WORD_MAX || blen > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= blen; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned *above = rows[(i - 1) & 1], *row = rows[i & 1];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++)
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
	}
	return rows[alen & 1][blen];
}

const char *opt_closest(const char *word, const char *const *words)
{
	const char *best = NULL;
	unsigned best_distance = 0;

	for (; *words; words++) {
		unsigned d = opt_distance(word, *words);

		if (d <= 1 + strlen(*words) / 4 && (!best || d < best_distance)) {
			best = *words;
			best_distance = d;
		}
	}
	return best;
}
