/* SPDX-License-Identifier: MIT */
#include "tachyon-record/access.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/procfs.h"
#include "tachyon-record/remote.h"

enum {
	STATUS_BYTES = 8192,
	/* Nobody has memory there: what is refused is refused before it is missed. */
	NOWHERE = 4096,
};

/* What /proc/PID/status says of one of the two processes. */
struct side {
	bool known, has_memory;
	unsigned uids[3], gids[3];      /* real, effective, saved */
	uint64_t permitted, effective;  /* capabilities */
	unsigned seccomp;               /* 2: a filter */
	ino_t user_namespace;           /* 0: cannot be asked */
};

struct look {
	struct access *a;
	pid_t pid;
	struct side target, own;
	bool trusted;                   /* CAP_SYS_PTRACE, which counts for the target */
};

static const char *field(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? line + strlen(key) : "";
}

static void read_side(struct side *s, pid_t pid)
{
	char status[STATUS_BYTES], path[64];
	struct stat ns;

	*s = (struct side){ 0 };
	if (procfs_status(pid, status, sizeof(status)) < 0)
		return;
	s->known = sscanf(field(status, "\nUid:"), "%u %u %u", &s->uids[0], &s->uids[1],
			  &s->uids[2]) == 3 &&
		   sscanf(field(status, "\nGid:"), "%u %u %u", &s->gids[0], &s->gids[1],
			  &s->gids[2]) == 3;
	s->has_memory = field(status, "\nVmSize:")[0] != '\0';
	s->permitted = strtoull(field(status, "\nCapPrm:"), NULL, 16);
	s->effective = strtoull(field(status, "\nCapEff:"), NULL, 16);
	s->seccomp = (unsigned)strtoul(field(status, "\nSeccomp:"), NULL, 10);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	if (stat(path, &ns) == 0)
		s->user_namespace = ns.st_ino;
}

static struct gate *add_gate(struct look *l, const char *name)
{
	struct gate *g = &l->a->gates[l->a->n++];

	*g = (struct gate){ .name = name };
	return g;
}

static void close_gate(struct gate *g, bool closed, const char *remedy)
{
	g->state = closed ? GATE_CLOSED : GATE_OPEN;
	g->remedy = closed ? remedy : NULL;
}

#define AS_ROOT "run tachyon-record as root, or give it the capability: " \
	"setcap cap_sys_ptrace+ep tachyon-record"

static bool same_ids(const unsigned theirs[3], unsigned own)
{
	return theirs[0] == own && theirs[1] == own && theirs[2] == own;
}

static void look_at_proc(struct look *l)
{
	struct gate *g = add_gate(l, "proc");

	snprintf(g->text, sizeof(g->text), "/proc/%d %s", (int)l->pid, l->target.known
		 ? "can be looked at" : "is hidden: /proc is mounted with hidepid");
	close_gate(g, !l->target.known, "run tachyon-record as root, or as a member of the group "
		   "that the gid= option of that mount names");
}

static void look_at_user(struct look *l)
{
	struct gate *g = add_gate(l, "user");
	bool same = same_ids(l->target.uids, l->own.uids[0]) &&
		    same_ids(l->target.gids, l->own.gids[0]);

	if (same)
		snprintf(g->text, sizeof(g->text), "both are of user %u, group %u",
			 l->own.uids[0], l->own.gids[0]);
	else
		snprintf(g->text, sizeof(g->text),
			 "the process is of user %u, group %u, tachyon-record of %u, %u%s",
			 l->target.uids[1], l->target.gids[1], l->own.uids[0], l->own.gids[0],
			 l->trusted ? ", which may trace all" : "");
	close_gate(g, !same && !l->trusted,
		   "run tachyon-record as the same user and group, or as root");
}

static void look_at_capabilities(struct look *l)
{
	struct gate *g = add_gate(l, "capabilities");
	uint64_t more = l->target.permitted & ~l->own.permitted;

	if (more)
		snprintf(g->text, sizeof(g->text), "the process has more than tachyon-record: 0x%"
			 PRIx64, more);
	else
		snprintf(g->text, sizeof(g->text), "the process has no more than tachyon-record");
	close_gate(g, more && !l->trusted, AS_ROOT);
}

/* The files of a process that must not be read are root's. */
static void look_at_dumpable(struct look *l)
{
	struct gate *g = add_gate(l, "dumpable");
	char path[64];
	struct stat dir;
	bool hidden;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)l->pid);
	hidden = stat(path, &dir) == 0 && dir.st_uid != l->target.uids[1];
	snprintf(g->text, sizeof(g->text), hidden
		 ? "the process has forbidden it (PR_SET_DUMPABLE), or was set-uid"
		 : "the process does not forbid it");
	close_gate(g, hidden && !l->trusted, AS_ROOT);
}

static bool is_descendant(pid_t pid, pid_t of)
{
	struct proc_stat stat;

	for (int i = 0; pid > 1 && pid != of && i < 1000; i++)
		pid = procfs_stat(pid, 0, &stat) == 0 ? stat.ppid : 0;
	return pid == of;
}

static void look_at_yama(struct look *l)
{
	static const char *const scopes[] = {
		"0: it forbids nothing", "1: only descendants may be traced",
		"2: only CAP_SYS_PTRACE may trace", "3: nobody may trace, until the next boot",
	};
	struct gate *g = add_gate(l, "yama");
	char text[16] = "";
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (file && fgets(text, sizeof(text), file))
		scope = atoi(text);
	if (file)
		fclose(file);
	if (scope < 0 || scope > 3)
		scope = 3;
	snprintf(g->text, sizeof(g->text), "%s%s", text[0] ? "kernel.yama.ptrace_scope is " : "",
		 text[0] ? scopes[scope] : "the kernel is without it");
	close_gate(g, scope == 3 || (scope && !l->trusted &&
				     (scope == 2 || !is_descendant(l->pid, getpid()))),
		   scope == 3 ? "start the machine with another kernel.yama.ptrace_scope"
			      : "sysctl kernel.yama.ptrace_scope=0, run tachyon-record as root, "
				"or start the program with tachyon-record run");
}

static void look_at_namespace(struct look *l)
{
	struct gate *g = add_gate(l, "namespace");
	const ino_t theirs = l->target.user_namespace, own = l->own.user_namespace;

	snprintf(g->text, sizeof(g->text), !theirs || !own
		 ? "which user namespace the process is in cannot be asked"
		 : theirs == own ? "both are in one user namespace"
				 : "the process is in another user namespace");
	if (theirs == own && own)
		return;
	/* Root of the namespace that made the other one may read it, root of another not. */
	g->state = GATE_UNKNOWN;
	g->remedy = "run tachyon-record as root outside of all containers, or in the process's "
		    "own: nsenter -U -t PID";
}

static void look_at_seccomp(struct look *l)
{
	struct gate *g = add_gate(l, "seccomp");

	snprintf(g->text, sizeof(g->text), l->own.seccomp
		 ? "tachyon-record runs under a filter of system calls"
		 : "no filter of system calls");
	if (!l->own.seccomp)
		return;
	g->state = GATE_UNKNOWN;
	g->remedy = "docker run --cap-add SYS_PTRACE; in Kubernetes securityContext.capabilities."
		    "add: [SYS_PTRACE]";
}

/* Profiles of AppArmor and contexts of SELinux. */
static void look_at_lsm(struct look *l)
{
	struct gate *g = add_gate(l, "lsm");
	char label[96], path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/attr/current", (int)l->pid);
	file = fopen(path, "re");
	if (!file || !fgets(label, sizeof(label), file))
		label[0] = '\0';
	if (file)
		fclose(file);
	label[strcspn(label, "\n")] = '\0';
	if (!label[0] || strcmp(label, "unconfined") == 0) {
		snprintf(g->text, sizeof(g->text), "no security module confines the process");
		return;
	}
	snprintf(g->text, sizeof(g->text), "a security module has labelled the process: %s",
		 label);
	g->state = GATE_UNKNOWN;
	g->remedy = "see the denial in dmesg or the audit log, and allow ptrace for that label";
}

static void try_memory(struct look *l)
{
	struct gate *g = add_gate(l, "memory");
	struct remote r;
	struct err err;
	int ret = remote_open(&r, l->pid, NOWHERE, &err);

	if (ret == 0)
		remote_close(&r);
	l->a->has_memory = l->target.has_memory || !l->target.known;
	l->a->readable = l->a->has_memory && (ret == 0 || ret == -EFAULT);
	if (!l->a->has_memory) {
		snprintf(g->text, sizeof(g->text), "it has none: a kernel thread, or ending");
		g->state = GATE_CLOSED;
		return;
	}
	snprintf(g->text, sizeof(g->text), l->a->readable ? "its memory can be read"
							  : "its memory cannot be read");
	close_gate(g, !l->a->readable, AS_ROOT);
}

static const struct gate *find_closed(const struct access *a)
{
	for (int state = GATE_CLOSED; state <= GATE_UNKNOWN; state++)
		for (int i = 0; i < a->n - 1; i++)
			if ((int)a->gates[i].state == state)
				return &a->gates[i];
	return &a->gates[a->n - 1];
}

int access_look(struct access *a, pid_t pid)
{
	struct look l = { .a = a, .pid = pid };

	*a = (struct access){ .pid = pid };
	if (kill(pid, 0) != 0 && errno == ESRCH)
		return -ESRCH;
	read_side(&l.target, pid);
	read_side(&l.own, getpid());
	l.trusted = l.own.effective >> CAP_SYS_PTRACE & 1;
	look_at_proc(&l);
	if (l.target.known) {
		look_at_user(&l);
		look_at_capabilities(&l);
		look_at_dumpable(&l);
		look_at_yama(&l);
		look_at_namespace(&l);
		look_at_seccomp(&l);
		look_at_lsm(&l);
	}
	try_memory(&l);
	a->closed = a->readable ? NULL : find_closed(a);
	return 0;
}

int access_denied(const struct access *a, struct err *err)
{
	return err_set(err, EPERM, "process %d: it cannot be read: %s: %s", (int)a->pid,
		       a->closed->name, a->closed->text);
}
