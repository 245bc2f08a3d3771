/* SPDX-License-Identifier: MIT */
/* check: which gate stops us, and what opens it. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "tachyon-record/access.h"
#include "tachyon-record/commands.h"
#include "tachyon-record/options.h"
#include "tachyon-record/target.h"

static const char *const states[] = {
	[GATE_OPEN] = "open",
	[GATE_CLOSED] = "closed",
	[GATE_UNKNOWN] = "unknown",
};

static void print_gates(const struct access *a)
{
	for (int i = 0; i < a->n; i++) {
		const struct gate *g = &a->gates[i];
		struct buf text = { 0 };

		text_escape(&text, g->text, strlen(g->text));
		printf("%-8s %-13s %s\n", states[g->state], g->name, buf_str(&text));
		if (g->remedy && !a->readable && a->has_memory)
			printf("%-22s to open it: %s\n", "", g->remedy);
		buf_release(&text);
	}
}

static void print_json(const struct access *a, const char *python, const char *verdict)
{
	cJSON *root = cJSON_CreateObject(), *gates;

	cJSON_AddNumberToObject(root, "pid", a->pid);
	cJSON_AddBoolToObject(root, "readable", a->readable);
	if (python[0])
		cJSON_AddStringToObject(root, "python", python);
	if (a->closed)
		cJSON_AddStringToObject(root, "closed", a->closed->name);
	cJSON_AddStringToObject(root, "verdict", verdict);
	gates = cJSON_AddArrayToObject(root, "gates");
	for (int i = 0; i < a->n; i++) {
		cJSON *gate = cJSON_CreateObject();
		struct buf why = { 0 };

		text_escape(&why, a->gates[i].text, strlen(a->gates[i].text));
		cJSON_AddStringToObject(gate, "name", a->gates[i].name);
		cJSON_AddStringToObject(gate, "state", states[a->gates[i].state]);
		cJSON_AddStringToObject(gate, "text", buf_str(&why));
		if (a->gates[i].remedy)
			cJSON_AddStringToObject(gate, "remedy", a->gates[i].remedy);
		cJSON_AddItemToArray(gates, gate);
		buf_release(&why);
	}
	print_tree(root);
}

int command_check(const struct options *o)
{
	struct access a;
	struct target target;
	struct err err;
	char python[32] = "";
	int ret = access_look(&a, o->pid);

	if (ret) {
		err_set(&err, ESRCH, "process %d: no such process", (int)o->pid);
		complain(&err);
		return EXIT_NO_PROCESS;
	}
	if (!a.has_memory) {
		ret = err_set(&err, ENOEXEC, "process %d: not a Python: it has no memory (a kernel "
			      "thread, or ending)", (int)o->pid);
	} else if (!a.readable) {
		ret = access_denied(&a, &err);
	} else {
		ret = target_open(&target, o->pid, &err);
		if (ret == 0) {
			target_python(&target, python, sizeof(python));
			err_set(&err, 0, "process %d: Python %s: it can be recorded",
				(int)o->pid, python);
			target_close(&target);
		}
	}
	if (o->json) {
		print_json(&a, python, err.text);
	} else {
		print_gates(&a);
		puts(err.text);
	}
	return fflush(stdout) ? EXIT_FAILED : exit_status(ret);
}
