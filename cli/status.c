#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/status_source.h"
#include "cli/terminal.h"
#include "lib/text.h"

#define DEFAULT_RUN "/run/swornlog"
/* The programs write each second. */
#define STALE_US (10u * 1000 * 1000)

static const char *const processes[] = { "collector", "sealer", "shipper", "sink" };

struct request {
	const char *run;
	const char *sink;
	bool json, watch, colour;
};

struct document {
	const char *process;
	json_t *json; /* NULL: `error` says why */
	uint64_t age_us;
	int error;
};

static volatile sig_atomic_t stopped;

static void stop(int signal maybe_unused)
{
	stopped = 1;
}

static void parse(struct document *d, const struct buf *bytes)
{
	json_error_t error;
	d->json = json_loadb((const char *)bytes->data, bytes->len,
	                     JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
	if (!json_is_object(d->json)) {
		json_decref(d->json);
		d->json = NULL;
		d->error = -EBADMSG;
	}
}

static struct document fetch(const struct request *q, const char *process)
{
	struct document d = { .process = process, .error = -ENOENT };
	cleanup_buf struct buf bytes = { 0 };
	if (strcmp(process, "sink") != 0)
		d.error = status_read_file(q->run, process, &bytes, &d.age_us);
	else if (q->sink)
		d.error = status_ask_sink(q->sink, &bytes);
	if (d.error == 0)
		parse(&d, &bytes);
	return d;
}

static bool has_alarm(const struct document *d)
{
	const char *alarm = json_string_value(json_object_get(d->json, "alarm"));
	return alarm && *alarm;
}

static bool is_stale(const struct document *d)
{
	return d->age_us > STALE_US;
}

static void put_scalar(struct buf *b, const json_t *v)
{
	if (json_is_string(v)) {
		text_put_escaped(
		        b, (struct span){ (const uint8_t *)json_string_value(v), json_string_length(v) });
	} else if (json_is_integer(v)) {
		buf_printf(b, "%lld", (long long)json_integer_value(v));
	} else if (json_is_real(v)) {
		buf_printf(b, "%g", json_real_value(v));
	} else {
		buf_put_str(b, json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "-");
	}
}

/* `{"a": {"b": 1}}` becomes "  a.b   1". */
static void put_value(struct buf *b, const char *name, json_t *v, int depth)
{
	char path[160];
	const char *key;
	json_t *item;
	size_t i;
	if (json_is_object(v) && depth < 4) {
		json_object_foreach(v, key, item)
		{
			snprintf(path, sizeof(path), "%s%s%s", name, *name ? "." : "", key);
			put_value(b, path, item, depth + 1);
		}
		return;
	}
	buf_put_str(b, "  ");
	size_t start = b->len;
	text_put_escaped(b, span_str(name));
	while (!b->err && b->len - start < 28)
		buf_put_u8(b, ' ');
	buf_put_u8(b, ' ');
	if (json_is_array(v)) {
		json_array_foreach(v, i, item)
		{
			buf_put_str(b, i ? ", " : "");
			put_scalar(b, item);
		}
	} else {
		put_scalar(b, v);
	}
	buf_put_u8(b, '\n');
}

/* A collector without a status file of its own: the sealer knows whether it is there. */
static void ask_sealer(struct document *collector, const struct document *sealer)
{
	const json_t *connected = json_object_get(sealer->json, "collector");
	if (collector->error != -ENOENT || !json_is_boolean(connected))
		return;
	collector->error = json_is_true(connected) ? 0 : -ENOTCONN;
	collector->age_us = sealer->age_us;
}

static bool is_well(const struct document *d)
{
	return d->error == 0 && !is_stale(d) && !has_alarm(d);
}

static const char *state_word(const struct document *d)
{
	if (d->error == -ENOTCONN)
		return "not connected to the sealer";
	if (d->error)
		return d->error == -ENOENT    ? "not here"
		       : d->error == -EBADMSG ? "wrote nothing that can be read"
		                              : strerror(-d->error);
	if (is_stale(d))
		return "does not answer: its status is old";
	return has_alarm(d) ? "ALARM" : "ok";
}

static void put_document(struct buf *b, const struct document *d, bool colour)
{
	bool good = is_well(d);
	buf_printf(b, "%s%s%s  %s%s%s\n", colour ? "\033[1m" : "", d->process, colour ? "\033[0m" : "",
	           !colour ? ""
	           : good  ? "\033[32m"
	                   : "\033[31m",
	           state_word(d), colour ? "\033[0m" : "");
	if (!d->json)
		return;
	put_value(b, "", d->json, 0);
	buf_put_u8(b, '\n');
}

static void put_json(struct buf *b, const struct document *d, size_t n)
{
	buf_put_u8(b, '{');
	for (size_t i = 0; i < n; i++) {
		char *text = d[i].json ? json_dumps(d[i].json, JSON_COMPACT) : NULL;
		buf_printf(b, "%s\"%s\":{\"state\":\"%s\",\"age_ms\":%llu,\"status\":%s}", i ? "," : "",
		           d[i].process, state_word(&d[i]), (unsigned long long)(d[i].age_us / 1000),
		           text ? text : "null");
		free(text);
	}
	buf_put_str(b, "}\n");
}

/* Exit status: whether everything that is here is well. */
static int show(const struct request *q)
{
	struct document d[ARRAY_SIZE(processes)];
	cleanup_buf struct buf out = { 0 };
	size_t n = 0, here = 0; /* the collector comes first, then the sealer */
	bool well = true;
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
		if (strcmp(processes[i], "sink") == 0 && !q->sink)
			continue;
		d[n] = fetch(q, processes[i]);
		here += d[n++].json ? 1 : 0;
	}
	ask_sealer(&d[0], &d[1]);
	for (size_t i = 0; i < n; i++)
		well = well && is_well(&d[i]);
	if (q->watch && q->colour)
		buf_put_str(&out, "\033[H\033[2J");
	for (size_t i = 0; i < n && !q->json; i++)
		put_document(&out, &d[i], q->colour);
	if (q->json)
		put_json(&out, d, n);
	fwrite(out.data, 1, out.len, stdout);
	for (size_t i = 0; i < n; i++)
		json_decref(d[i].json);
	if (buf_err(&out))
		return command_fail("%s", strerror(-buf_err(&out)));
	if (!well && !here)
		return command_fail("no program tells of itself in %s; --run names another folder", q->run);
	return well ? COMMAND_OK : COMMAND_FINDINGS;
}

int cmd_status(int argc, char **argv)
{
	struct request q = { .run = DEFAULT_RUN };
	const struct option_row rows[] = {
		{ .name = "run",
		  .type = OPTION_TEXT,
		  .into = &q.run,
		  .value = "DIR",
		  .help = "the agent's run folder (" DEFAULT_RUN ")" },
		{ .name = "sink",
		  .type = OPTION_TEXT,
		  .into = &q.sink,
		  .value = "SOCKET",
		  .help = "ask the sink with this control socket, too" },
		{ .name = "watch", .type = OPTION_FLAG, .into = &q.watch, .help = "again each second" },
		{ .name = "json", .type = OPTION_FLAG, .into = &q.json, .help = "one JSON object (a line)" },
	};
	const struct usage usage = {
		.command = "swornlog status",
		.arguments = "",
		.summary = "What the swornlog programs on this machine say of themselves: counts, spool, "
		           "receipts, alarms.\n\n"
		           "exit status: 0 all are well, 1 one is missing, silent or has an alarm, 2 wrong "
		           "usage, 3 none is here",
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, NULL, &count, &status))
		return status;
	q.colour = terminal_colour(STDOUT_FILENO) && !q.json;
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	status = show(&q);
	while (q.watch && !stopped && !ferror(stdout)) {
		fflush(stdout);
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		if (!stopped)
			status = show(&q);
	}
	return status;
}
