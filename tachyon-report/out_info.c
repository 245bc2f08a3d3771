/* SPDX-License-Identifier: MIT */
/*
 * out_info.c - what is in a trace, and how good the recording is, as text or
 * as JSON.  tachyon-report(1) documents the keys.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/unit.h"
#include "profile/profile.h"
#include "tachyon-report/label.h"
#include "tachyon-report/output.h"
#include "tachyon-report/settings.h"

static const char *const state_names[PROFILE_NSTATES] = {
	"on_cpu", "holds_gil", "waits_gil", "gc", "native", "exception",
};

/* By enum trace_reason and enum trace_end_reason. */
static const char *const failed_names[] = { "other", "torn", "unreadable", "deep",
					    "corrupt" };
static const char *const end_names[] = { "", "duration", "target", "signal", "error" };

enum {
	NFAILED = sizeof(failed_names) / sizeof(*failed_names),
	NENDS = sizeof(end_names) / sizeof(*end_names),
};

/* Failed samples by name; reasons of later versions are others. */
static uint64_t failed_count(const struct profile *p, size_t reason)
{
	uint64_t n = p->failed_by[reason];

	for (size_t i = NFAILED;
	     reason == 0 && i < sizeof(p->failed_by) / sizeof(uint64_t); i++)
		n += p->failed_by[i];
	return n;
}

static void add_string(struct buf *out, const struct profile *p, uint32_t id)
{
	struct trace_text t = symbols_string(&p->symbols, id);

	text_escape(out, t.bytes, t.len);
}

/* PY_VERSION_HEX as people write it: 0x030d01f0 is 3.13.1, 0x030f00a2 3.15.0a2. */
static void add_python(struct buf *out, uint32_t hex)
{
	static const char *const levels[16] = {
		[0xa] = "a", [0xb] = "b", [0xc] = "rc"
	};
	const char *level = levels[hex >> 4 & 15];

	buf_printf(out, "%u.%u.%u", hex >> 24, hex >> 16 & 255, hex >> 8 & 255);
	if (level)
		buf_printf(out, "%s%u", level, hex & 15);
}

static void add_command(struct buf *out, const struct profile *p,
			const struct profile_process *proc)
{
	for (uint32_t i = 0; i < proc->argc; i++) {
		if (i)
			buf_add_char(out, ' ');
		add_string(out, p, proc->argv[i]);
	}
	if (!proc->argc)
		add_string(out, p, proc->exe);
}

static void add_date(struct buf *out, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;
	char text[40];

	/* UTC, so that the same trace reads the same everywhere. */
	if (gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf_add_str(out, text);
}

/* --- text --------------------------------------------------------------------- */

static void put_field(FILE *out, const char *name, struct buf *value)
{
	if (value->len)
		fprintf(out, "%-12s%s\n", name, buf_str(value));
	buf_release(value);
}

static void put_traces(const struct report *r, FILE *out)
{
	const struct profile *p = r->profile;
	struct buf b = { 0 };

	for (size_t i = 0; i < r->nnames; i++) {
		if (strcmp(r->names[i], "-") == 0)
			buf_add_str(&b, "standard input");
		else
			text_escape(&b, r->names[i], strlen(r->names[i]));
		put_field(out, "trace", &b);
	}
	buf_add_str(&b, unit_bytes(r->bytes).s);
	buf_printf(&b, ", %s uncompressed", unit_bytes(r->raw_bytes).s);
	buf_printf(&b, ", %" PRIu64 " frames%s", r->frames,
		   r->damaged ? ", damaged" : r->cut ? ", cut" : "");
	put_field(out, "size", &b);
	if (!p->recordings)
		return;
	add_date(&b, p->first_wall_ns);
	for (int i = 0; i < PROFILE_NFACTS; i++) {
		if (!p->facts[i])
			continue;
		buf_printf(&b, ", %s ", profile_fact_keys[i]);
		add_string(&b, p, p->facts[i]);
	}
	if (p->recordings > 1)
		buf_printf(&b, " (the first of %" PRIu64 " recordings)", p->recordings);
	put_field(out, "recorded", &b);
	if (p->end_reason) {
		buf_add_str(&b,
			    p->end_reason < NENDS ? end_names[p->end_reason] : "other");
		if (p->end_text) {
			buf_add_str(&b, ": ");
			add_string(&b, p, p->end_text);
		}
	}
	if (p->unfinished)
		buf_printf(&b, "%s%" PRIu64 " of %" PRIu64 " recordings without an end",
			   b.len ? ", " : "", p->unfinished, p->recordings);
	put_field(out, "ended", &b);
}

static void put_processes(const struct profile *p, FILE *out)
{
	for (uint32_t i = 0; i < p->process_keys.count; i++) {
		const struct profile_process *proc = &p->processes[i];
		struct buf b = { 0 };

		buf_printf(&b, "%u, Python ", proc->pid);
		add_python(&b, proc->python);
		if (proc->build) {
			buf_add_char(&b, ' ');
			add_string(&b, p, proc->build);
		}
		buf_printf(&b, "%s: ", proc->free_threaded ? " free-threaded" : "");
		add_command(&b, p, proc);
		put_field(out, "process", &b);
	}
}

static void put_quality(const struct profile *p, FILE *out)
{
	const struct profile_counts *c = &p->counts;
	double ticks = (double)p->ticks, samples = (double)c->samples;

	fprintf(out, "%-12s%s", "duration", unit_duration(p->duration_ns).s);
	if (profile_unobserved_ns(p))
		fprintf(out, ", %s of it unobserved",
			unit_duration(profile_unobserved_ns(p)).s);
	fprintf(out, "\n%-12s%s asked%s", "rate", unit_rate(profile_requested_hz(p)).s,
		p->mixed_intervals ? " at first" : "");
	fprintf(out, ", %s achieved\n", unit_rate(profile_achieved_hz(p)).s);
	fprintf(out, "%-12s%" PRIu64 "\n", "ticks", p->ticks);
	fprintf(out, "%-12s%" PRIu64 " (%s), at most %" PRIu64 " slots\n", "late", p->late,
		unit_percent((double)p->late, ticks).s, p->missed_most);
	fprintf(out, "%-12s%" PRIu64 " (%s)\n", "missed", p->missed,
		unit_percent((double)p->missed, ticks + (double)p->missed).s);
	fprintf(out, "%-12s%" PRIu64 " output too slow, %" PRIu64 " recorder stopped\n",
		"lost", p->lost, p->paused);
	fprintf(out, "%-12s%" PRIu64 "\n", "samples", c->samples);
	fprintf(out, "%-12s%" PRIu64 " (%s)", "failed", c->failed,
		unit_percent((double)c->failed, samples).s);
	for (size_t i = 0; i < NFAILED; i++)
		if (failed_count(p, i))
			fprintf(out, ", %" PRIu64 " %s", failed_count(p, i),
				failed_names[i]);
	fprintf(out, "\n%-12s%" PRIu64 " (%s)\n", "inexact", c->inexact,
		unit_percent((double)c->inexact, samples).s);
	if (c->omitted)
		fprintf(out, "%-12s%" PRIu64 " (%s)\n", "left out", c->omitted,
			unit_percent((double)c->omitted, samples).s);
	fprintf(out,
		"%-12s%" PRIu64 " functions, %" PRIu64 " locations, %" PRIu64
		" stacks",
		"contents", (uint64_t)p->symbols.functions.count,
		(uint64_t)p->symbols.locations.count,
		(uint64_t)p->symbols.stacks.count);
	if (p->symbols.opcodes.count)
		fprintf(out, ", %" PRIu64 " opcodes", (uint64_t)p->symbols.opcodes.count);
	putc('\n', out);
}

static void put_tasks(const struct profile *p, FILE *out)
{
	const struct profile_tasks *t = &p->tasks;
	const double samples = (double)t->samples;

	if (!t->recorded)
		return;
	fprintf(out, "%-12s%" PRIu64 " in %" PRIu64 " samples", "tasks", t->tasks, t->samples);
	fprintf(out, ", %s running", unit_percent((double)t->running, samples).s);
	fprintf(out, ", %s inexact", unit_percent((double)t->inexact, samples).s);
	fprintf(out, ", %s failed\n", unit_percent((double)t->failed, samples).s);
}

static void put_counters(const struct profile *p, FILE *out)
{
	const uint64_t *c = p->counters;

	if (!p->has_counters)
		return;
	fprintf(out, "%-12s%s of CPU", "recorder", unit_duration(c[PROFILE_CPU_NS]).s);
	fprintf(out, " (%s of the duration)",
		unit_percent((double)c[PROFILE_CPU_NS], (double)p->duration_ns).s);
	fprintf(out, ", %s of memory", unit_bytes(c[PROFILE_MEMORY_BYTES]).s);
	fprintf(out, ", %" PRIu64 " reads of %s\n", c[PROFILE_READS],
		unit_bytes(c[PROFILE_BYTES_READ]).s);
}

static struct unit_text idle_share(const struct profile_counts *c)
{
	return c->idle_known ? unit_percent((double)c->idle, (double)c->idle_known)
			     : (struct unit_text){ "?" };
}

static struct unit_text state_share(const struct profile_counts *c, int state)
{
	if (!c->state_known[state])
		return (struct unit_text){ "?" };
	return unit_percent((double)c->state[state], (double)c->state_known[state]);
}

static void put_threads(const struct profile *p, FILE *out)
{
	if (!p->thread_keys.count)
		return;
	fprintf(out, "\n%10s %12s %12s %9s", "samples", "time", "cpu time", "failed");
	for (int i = 0; i < PROFILE_NSTATES; i++)
		fprintf(out, " %9s", state_names[i]);
	fprintf(out, " %9s  thread\n", "idle");
	for (uint32_t i = 0; i < p->thread_keys.count; i++) {
		const struct profile_thread *t = &p->threads[i];
		const struct profile_counts *c = &t->counts;
		struct buf name = { 0 };

		fprintf(out, "%10" PRIu64 " %12s %12s %9" PRIu64, c->samples,
			unit_duration(c->ns).s,
			t->cpu_ns ? unit_duration(t->cpu_ns).s : "?", c->failed);
		for (int k = 0; k < PROFILE_NSTATES; k++)
			fprintf(out, " %9s", state_share(c, k).s);
		fprintf(out, " %9s", idle_share(c).s);
		label_thread(&name, p, i + 1);
		fprintf(out, "  %s%s\n", buf_str(&name), t->is_main ? " (main)" : "");
		buf_release(&name);
	}
}

/* --- JSON --------------------------------------------------------------------- */

/* Hands the buffer's text to a key of the object. */
static void json_text(cJSON *object, const char *key, struct buf *value)
{
	cJSON_AddStringToObject(object, key, buf_str(value));
	buf_release(value);
}

static void json_string(cJSON *object, const char *key, const struct profile *p,
			uint32_t id)
{
	struct buf b = { 0 };

	add_string(&b, p, id);
	json_text(object, key, &b);
}

static void json_number(cJSON *object, const char *key, double n)
{
	cJSON_AddNumberToObject(object, key, n);
}

static void json_counts(cJSON *object, const struct profile_counts *c)
{
	cJSON *states = cJSON_AddObjectToObject(object, "states");

	json_number(object, "samples", (double)c->samples);
	json_number(object, "failed", (double)c->failed);
	json_number(object, "inexact", (double)c->inexact);
	json_number(object, "empty", (double)c->empty);
	json_number(object, "omitted", (double)c->omitted);
	json_number(object, "time_s", (double)c->ns / 1e9);
	for (int i = 0; i < PROFILE_NSTATES; i++) {
		cJSON *state = cJSON_AddObjectToObject(states, state_names[i]);

		json_number(state, "yes", (double)c->state[i]);
		json_number(state, "known", (double)c->state_known[i]);
	}
	states = cJSON_AddObjectToObject(states, "idle");
	json_number(states, "yes", (double)c->idle);
	json_number(states, "known", (double)c->idle_known);
}

static void json_processes(cJSON *root, const struct profile *p)
{
	cJSON *list = cJSON_AddArrayToObject(root, "processes");

	for (uint32_t i = 0; i < p->process_keys.count; i++) {
		const struct profile_process *proc = &p->processes[i];
		cJSON *o = cJSON_CreateObject(), *argv;
		struct buf b = { 0 };

		cJSON_AddItemToArray(list, o);
		json_number(o, "pid", proc->pid);
		json_number(o, "ppid", proc->ppid);
		add_python(&b, proc->python);
		json_text(o, "python", &b);
		json_string(o, "build", p, proc->build);
		cJSON_AddBoolToObject(o, "free_threaded", proc->free_threaded);
		json_string(o, "exe", p, proc->exe);
		argv = cJSON_AddArrayToObject(o, "argv");
		for (uint32_t k = 0; k < proc->argc; k++) {
			add_string(&b, p, proc->argv[k]);
			cJSON_AddItemToArray(argv, cJSON_CreateString(buf_str(&b)));
			buf_release(&b);
		}
		json_number(o, "ticks", (double)proc->ticks);
	}
}

static void json_threads(cJSON *root, const struct profile *p)
{
	cJSON *list = cJSON_AddArrayToObject(root, "threads");

	for (uint32_t i = 0; i < p->thread_keys.count; i++) {
		const struct profile_thread *t = &p->threads[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddItemToArray(list, o);
		json_number(o, "pid", p->processes[t->process - 1].pid);
		json_number(o, "tid", (double)t->tid);
		json_string(o, "name", p, t->name);
		cJSON_AddBoolToObject(o, "main", t->is_main);
		json_number(o, "interpreter", (double)t->interpreter);
		if (t->cpu_ns)
			json_number(o, "cpu_s", (double)t->cpu_ns / 1e9);
		json_counts(o, &t->counts);
	}
}

static void json_recording(cJSON *root, const struct report *r)
{
	const struct profile *p = r->profile;
	struct buf b = { 0 };

	json_number(root, "bytes", (double)r->bytes);
	json_number(root, "raw_bytes", (double)r->raw_bytes);
	json_number(root, "frames", (double)r->frames);
	cJSON_AddBoolToObject(root, "cut", r->cut);
	cJSON_AddBoolToObject(root, "damaged", r->damaged);
	json_number(root, "recordings", (double)p->recordings);
	json_number(root, "unfinished", (double)p->unfinished);
	if (p->recordings)
		add_date(&b, p->first_wall_ns);
	json_text(root, "start", &b);
	for (int i = 0; i < PROFILE_NFACTS; i++)
		json_string(root, profile_fact_keys[i], p, p->facts[i]);
	cJSON_AddStringToObject(root, "end",
				p->end_reason < NENDS ? end_names[p->end_reason]
						      : "other");
	json_string(root, "end_text", p, p->end_text);
}

static void json_quality(cJSON *root, const struct profile *p)
{
	cJSON *reasons, *counters;

	json_number(root, "ticks", (double)p->ticks);
	json_number(root, "late", (double)p->late);
	json_number(root, "missed_most", (double)p->missed_most);
	json_number(root, "missed", (double)p->missed);
	json_number(root, "lost", (double)p->lost);
	json_number(root, "paused", (double)p->paused);
	json_number(root, "duration_s", (double)p->duration_ns / 1e9);
	json_number(root, "unobserved_s", (double)profile_unobserved_ns(p) / 1e9);
	json_number(root, "interval_us", (double)p->interval_ns / 1e3);
	cJSON_AddBoolToObject(root, "mixed_intervals", p->mixed_intervals);
	json_number(root, "requested_hz", profile_requested_hz(p));
	json_number(root, "achieved_hz", profile_achieved_hz(p));
	json_counts(root, &p->counts);
	reasons = cJSON_AddObjectToObject(root, "failed_by");
	for (size_t i = 0; i < NFAILED; i++)
		json_number(reasons, failed_names[i], (double)failed_count(p, i));
	json_number(root, "functions", (double)p->symbols.functions.count);
	json_number(root, "locations", (double)p->symbols.locations.count);
	json_number(root, "stacks", (double)p->symbols.stacks.count);
	json_number(root, "opcodes", (double)p->symbols.opcodes.count);
	counters = cJSON_AddObjectToObject(root, "recorder_counters");
	for (int i = 0; p->has_counters && i < PROFILE_NCOUNTERS; i++)
		json_number(counters, profile_counter_keys[i], (double)p->counters[i]);
}

static void json_tasks(cJSON *root, const struct profile *p)
{
	const struct profile_tasks *t = &p->tasks;
	cJSON *o = cJSON_AddObjectToObject(root, "tasks");

	cJSON_AddBoolToObject(o, "recorded", t->recorded);
	json_number(o, "tasks", (double)t->tasks);
	json_number(o, "samples", (double)t->samples);
	json_number(o, "running", (double)t->running);
	json_number(o, "inexact", (double)t->inexact);
	json_number(o, "failed", (double)t->failed);
}

static void put_json(const struct report *r, FILE *out)
{
	cJSON *root = cJSON_CreateObject();
	char *text;

	json_recording(root, r);
	json_quality(root, r->profile);
	json_tasks(root, r->profile);
	json_processes(root, r->profile);
	json_threads(root, r->profile);
	text = cJSON_Print(root);
	if (text)
		fprintf(out, "%s\n", text);
	cJSON_free(text);
	cJSON_Delete(root);
}

static void write_info(const struct report *r, FILE *out)
{
	if (r->settings->json) {
		put_json(r, out);
		return;
	}
	put_traces(r, out);
	put_processes(r->profile, out);
	put_quality(r->profile, out);
	put_tasks(r->profile, out);
	put_counters(r->profile, out);
	put_threads(r->profile, out);
}

const struct output output_info = {
	.name = "info",
	.help = "what is in the trace and how far to trust it; --json for programs",
	.bit = OUTPUT_INFO,
	.shows_hidden = true,
	.write = write_info,
};
