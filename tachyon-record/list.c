/* SPDX-License-Identifier: MIT */
/* list: the Python processes that there are. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "tachyon-record/commands.h"
#include "tachyon-record/options.h"
#include "tachyon-record/procfs.h"
#include "tachyon-record/target.h"

struct row {
	pid_t pid;
	char python[32];                /* "" for one that is not read */
	unsigned threads;
	char *command;                  /* printable */
};

struct list {
	struct row *v;
	size_t n, room;
	unsigned denied;                /* processes that could not be looked at */
};

/* In one line, with spaces between the words. */
static char *command_line(char **argv, const char *exe)
{
	struct buf text = { 0 };

	for (; argv && *argv; argv++) {
		if (text.len)
			buf_add_char(&text, ' ');
		text_escape(&text, *argv, strlen(*argv));
	}
	if (!text.len)
		text_escape(&text, exe, strlen(exe));
	return buf_str(&text);
}

static void look_at(struct list *l, pid_t pid)
{
	struct target t;
	struct err err;
	int ret = target_open(&t, pid, &err);
	struct row *row;
	char exe[PATH_MAX];

	l->denied += ret == -EPERM;
	if (ret != 0 && ret != -ENOTSUP)
		return;
	l->v = mem_grow(l->v, &l->room, l->n + 1, sizeof(*l->v));
	row = &l->v[l->n++];
	*row = (struct row){ .pid = pid, .threads = procfs_threads(pid) };
	if (ret == 0) {
		target_python(&t, row->python, sizeof(row->python));
		row->command = command_line(t.argv, t.exe);
		target_close(&t);
		return;
	}
	procfs_exe(pid, exe, sizeof(exe));
	row->command = command_line(NULL, exe);
}

static int by_pid(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void print_rows(const struct list *l)
{
	printf("%7s  %-9s %7s  %s\n", "PID", "PYTHON", "THREADS", "COMMAND");
	for (size_t i = 0; i < l->n; i++)
		printf("%7d  %-9s %7u  %s\n", (int)l->v[i].pid,
		       l->v[i].python[0] ? l->v[i].python : "not read", l->v[i].threads,
		       l->v[i].command);
}

static void print_json(const struct list *l)
{
	cJSON *root = cJSON_CreateArray();

	for (size_t i = 0; i < l->n; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddNumberToObject(row, "pid", l->v[i].pid);
		if (l->v[i].python[0])
			cJSON_AddStringToObject(row, "python", l->v[i].python);
		cJSON_AddNumberToObject(row, "threads", l->v[i].threads);
		cJSON_AddStringToObject(row, "command", l->v[i].command);
		cJSON_AddItemToArray(root, row);
	}
	print_tree(root);
}

int command_list(const struct options *o)
{
	struct list l = { 0 };
	struct dirent *entry;
	struct err err;
	DIR *dir = opendir("/proc");

	if (!dir) {
		err_set(&err, errno, "/proc: %s; is it mounted?", strerror(errno));
		complain(&err);
		return EXIT_FAILED;
	}
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid())
			look_at(&l, (pid_t)atoi(entry->d_name));
	closedir(dir);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_pid);
	if (o->json)
		print_json(&l);
	else
		print_rows(&l);
	for (size_t i = 0; i < l.n; i++)
		free(l.v[i].command);
	free(l.v);
	if (l.denied && !o->json) {
		err_set(&err, EPERM, "%u other process%s: no permission to look at %s; "
			"tachyon-record check PID says why", l.denied, l.denied == 1 ? "" : "es",
			l.denied == 1 ? "it" : "them");
		complain(&err);
	}
	return fflush(stdout) ? EXIT_FAILED : EXIT_SUCCESS;
}
