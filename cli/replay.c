#include <stdio.h>
#include <unistd.h>

#include "audit/feed.h"
#include "audit/log.h"
#include "cli/command.h"
#include "cli/event_text.h"
#include "cli/options.h"
#include "cli/redaction.h"
#include "cli/terminal.h"

#define FLUSH_BYTES (256u << 10)
/* How far the log's own clock goes between two looks at what has waited long enough. */
#define TICK_US   100000
#define FILES_MAX 64

struct replay {
	const char **paths;
	size_t count;
	const char *rules_path;
	bool json;
	unsigned style; /* enum event_style */
	struct origin origin;
	struct buf out;
	uint64_t index;
	uint64_t now_us, ticked_us; /* the newest stamp so far is the clock */
	uint64_t not_records, too_long, too_large;
	int err;
};

static void flush(struct replay *r)
{
	if (r->out.len > 0)
		fwrite(r->out.data, 1, r->out.len, stdout);
	buf_reset(&r->out);
}

/* The log tells wall time; nothing in it tells of boots. */
static void on_event(void *context, const struct intake_event *event)
{
	struct replay *r = context;
	struct entry entry = { .kind = event->kind,
		               .sensors = event->sensors,
		               .process = ENTRY_NO_PROCESS,
		               .fields = event->fields };
	struct event e = {
		.origin = &r->origin, .index = r->index++, .wall_us = event->boot_us, .entry = &entry
	};
	if (r->json)
		event_put_json(&r->out, &e);
	else
		event_put_line(&r->out, &e, r->style);
	if (buf_err(&r->out))
		r->err = buf_err(&r->out);
	if (r->out.len > FLUSH_BYTES)
		flush(r);
}

/* All but the events that could not be encoded are in the feed's counters. */
static void on_loss(void *context, const struct intake_loss *loss)
{
	struct replay *r = context;
	if (loss->exactness == EXACT)
		r->too_large += loss->count;
}

static void advance(struct replay *r, struct audit_feed *feed, struct span text)
{
	struct audit_stamp stamp;
	struct span body;
	if (audit_record_stamp(text, &stamp, &body) == 0)
		r->now_us = MAX(r->now_us, stamp.ms * 1000);
	if (r->now_us - r->ticked_us < TICK_US)
		return;
	r->ticked_us = r->now_us;
	audit_feed_tick(feed, r->now_us);
}

static int take_file(struct replay *r, struct audit_feed *feed, const char *path)
{
	cleanup_audit_log struct audit_log *log = NULL;
	uint16_t type;
	struct span text;
	int n = audit_log_open(path, &log);
	while (n >= 0 || n == -EBADMSG || n == -EMSGSIZE) {
		n = audit_log_next(log, &type, &text);
		if (n == 0)
			return r->err;
		r->not_records += n == -EBADMSG;
		r->too_long += n == -EMSGSIZE;
		if (n < 0)
			continue;
		advance(r, feed, text);
		audit_feed_push(feed, type, text, r->now_us);
	}
	return n;
}

/* True if something did not become an event as it should. */
static bool put_summary(const struct replay *r, const struct audit_assembler_stats *s)
{
	const struct {
		const char *name;
		const char *words;
		uint64_t count;
		bool fault;
	} rows[] = {
		{ "records", "records", s->records, false },
		{ "events", "events", s->events - r->too_large, false },
		{ "incomplete", "incomplete events (some of their records never came)", s->incomplete, true },
		{ "malformed", "records without a stamp", s->malformed, true },
		{ "not_records", "lines that are no record", r->not_records, true },
		{ "too_long", "lines or records too long to keep", r->too_long + s->oversize, true },
		{ "dropped_records", "records beyond an event's limits", s->dropped_records, true },
		{ "too_large", "events too large to keep", r->too_large + s->lost_events, true },
		{ "serial_gaps", "serial numbers that never came (not all of them were events)",
		  s->missing_serials, false },
	};
	bool faults = false;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		faults = faults || (rows[i].fault && rows[i].count > 0);
		if (r->json)
			fprintf(stderr, "%s\"%s\":%llu", i ? "," : "{", rows[i].name,
			        (unsigned long long)rows[i].count);
		else if (i < 2 || rows[i].count > 0)
			fprintf(stderr, "%8llu %s\n", (unsigned long long)rows[i].count, rows[i].words);
	}
	if (r->json)
		fputs("}\n", stderr);
	return faults;
}

static void free_feed(struct audit_feed **feed)
{
	audit_feed_free(*feed);
}

static void free_redaction(struct redact_config **c)
{
	redact_config_free(*c);
}

static int run(struct replay *r)
{
	struct redact_config *redaction cleanup(free_redaction) = NULL;
	if (!redaction_load(r->rules_path, &redaction))
		return COMMAND_FAILED;
	struct redact *redact = redact_config_engine(redaction);
	struct audit_feed_config config = {
		.redact = &redact, .recorded = true, .on_event = on_event, .on_loss = on_loss, .context = r
	};
	struct audit_feed *feed cleanup(free_feed) = NULL;
	int err = audit_feed_new(&config, &feed);
	if (err)
		return command_fail("%s", strerror(-err));
	for (size_t i = 0; i < r->count; i++) {
		err = take_file(r, feed, r->paths[i]);
		if (err) {
			flush(r);
			return command_fail("%s: %s", r->paths[i], strerror(-err));
		}
	}
	audit_feed_flush(feed, r->now_us);
	flush(r);
	if (r->err)
		return command_fail("%s", strerror(-r->err));
	struct audit_assembler_stats stats = audit_feed_stats(feed);
	return put_summary(r, &stats) ? COMMAND_FINDINGS : COMMAND_OK;
}

static void replay_done(struct replay *r)
{
	buf_done(&r->out);
}

int cmd_replay(int argc, char **argv)
{
	const char *paths[FILES_MAX];
	bool whole = false;
	cleanup(replay_done) struct replay r = { .paths = paths, .origin = { .host = "replay" } };
	const struct option_row rows[] = {
		{ .name = "long", .type = OPTION_FLAG, .into = &whole, .help = "every field: raw records" },
		{ .name = "json", .type = OPTION_FLAG, .into = &r.json, .help = "one JSON object a line" },
		{ .name = "rules",
		  .type = OPTION_TEXT,
		  .into = &r.rules_path,
		  .value = "FILE",
		  .help = "redact as another file than /etc/swornlog/collect.yaml says" },
	};
	const struct usage usage = {
		.command = "swornlog replay",
		.arguments = "FILE...",
		.summary =
		        "Put recorded audit logs of one host ('-' is standard input; the oldest first) "
		        "through the agent's parser and\n"
		        "print the events that it would store, as 'swornlog show' does. On standard error: "
		        "what it found, and what it\n"
		        "could not make sense of; the exit status is 1 if there was such.",
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.min_arguments = 1,
		.max_arguments = FILES_MAX,
	};
	int status;
	if (!options_parse(&usage, argc, argv, paths, &r.count, &status))
		return status;
	r.style = (terminal_colour(STDOUT_FILENO) ? EVENT_COLOUR : 0u) | (whole ? EVENT_WHOLE : 0u);
	return run(&r);
}
