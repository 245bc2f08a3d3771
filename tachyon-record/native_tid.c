/* SPDX-License-Identifier: MIT */
#include "tachyon-record/native_tid.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tachyon-record/procfs.h"

enum {
	/* The part of struct pthread in which the number is looked for. */
	SPAN = 1024,
	STEP = 4,
	/* Threads that have to agree. */
	MOST_THREADS = 16,
	/* A C library that keeps it elsewhere is not asked for ever. */
	MAX_TRIES = 64,
	/* Linux's limit of process numbers (PID_MAX_LIMIT). */
	MAX_TID = 1 << 22,
};

/*
 * Where it is in the libraries that we know, tried first: a small number may
 * stand in other places by chance.
 */
static const int32_t usual[] = {
	720,                    /* glibc on x86-64 */
	208,                    /* glibc on AArch64 */
	48, 32,                 /* musl, with the list of threads and before it */
};

void native_tid_init(struct native_tids *n, struct remote *remote, pid_t own_pid)
{
	*n = (struct native_tids){ .remote = remote, .pid = remote->pid, .own_pid = own_pid,
				   .offset = NATIVE_TID_UNKNOWN };
}

pid_t native_tid_host(const struct native_tids *n, uint64_t own_tid)
{
	char path[64];

	if (!own_tid || own_tid > MAX_TID)
		return 0;
	if (n->own_pid != n->pid)
		return procfs_host_tid(n->pid, (pid_t)own_tid);
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)n->pid, (int)own_tid);
	return access(path, F_OK) == 0 ? (pid_t)own_tid : 0;
}

/* The beginnings of the structures of some threads. */
struct structures {
	char bytes[MOST_THREADS][SPAN];
	size_t n;
	size_t main;            /* which of them; n: none */
};

static uint32_t number_at(const struct structures *s, size_t thread, int32_t offset)
{
	uint32_t number;

	memcpy(&number, s->bytes[thread] + offset, sizeof(number));
	return number;
}

/* Does each thread have a number of its own there, that of a thread? */
static bool is_place(const struct native_tids *n, const struct structures *s, int32_t offset)
{
	if (s->main < s->n && number_at(s, s->main, offset) != (uint32_t)n->own_pid)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t number = number_at(s, i, offset);

		for (size_t k = 0; k < i; k++)
			if (number_at(s, k, offset) == number)
				return false;
		if (!native_tid_host(n, number))
			return false;
	}
	return s->n != 0;
}

static void look_for_place(struct native_tids *n, const struct structures *s)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (is_place(n, s, usual[i])) {
			n->offset = usual[i];
			return;
		}
	for (int32_t offset = 0; offset < SPAN; offset += STEP)
		if (is_place(n, s, offset)) {
			n->offset = offset;
			return;
		}
}

void native_tid_learn(struct native_tids *n, const uint64_t *idents, size_t count,
		      uint64_t main_ident)
{
	struct structures s = { .main = MOST_THREADS };

	if (n->offset != NATIVE_TID_UNKNOWN || n->tries == MAX_TRIES)
		return;
	n->tries++;
	for (size_t i = 0; i < count && s.n < MOST_THREADS; i++) {
		/* The same thread has a state in each interpreter that it has entered. */
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= idents[k] == idents[i];
		if (again || remote_read(n->remote, idents[i], s.bytes[s.n], SPAN) != READ_OK)
			continue;
		if (idents[i] == main_ident)
			s.main = s.n;
		s.n++;
	}
	look_for_place(n, &s);
	/* The interpreter's main thread need not be the one that the process began with. */
	if (n->offset == NATIVE_TID_UNKNOWN && s.main < s.n) {
		s.main = MOST_THREADS;
		look_for_place(n, &s);
	}
}

uint64_t native_tid_get(const struct native_tids *n, uint64_t ident)
{
	uint32_t number;

	if (n->offset == NATIVE_TID_UNKNOWN ||
	    remote_read(n->remote, ident + (raddr)n->offset, &number,
			sizeof(number)) != READ_OK)
		return 0;
	return native_tid_host(n, number) ? number : 0;
}
