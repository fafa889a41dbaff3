#include <stdio.h>
#include <unistd.h>

#include "cli/auditd_text.h"
#include "cli/command.h"
#include "cli/decode.h"
#include "cli/feed.h"
#include "cli/filter.h"
#include "cli/filter_options.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "lib/env.h"
#include "lib/text.h"

#define FLUSH_BYTES (256u << 10)

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_AUDITD };

static const char *const format_names[] = { "text", "json", "auditd" };

struct show {
	struct filter filter;
	uint64_t limit, shown;
	enum format format;
	enum machine machine;
	bool whole;
	uint64_t formless;        /* entries that auditd has no record for */
	unsigned style;           /* enum event_style */
	struct session *session;  /* NULL: all that the filter lets through */
	struct filter unnumbered; /* the same, of any session */
	struct buf out;
};

static void show_done(struct show *s)
{
	buf_done(&s->out);
	session_free(s->session);
}

static void flush(struct show *s)
{
	if (s->out.len > 0)
		fwrite(s->out.data, 1, s->out.len, stdout);
	buf_reset(&s->out);
}

/* False if the format has no form for it. */
static bool put_event(struct show *s, struct buf *b, const struct event *e)
{
	switch (s->format) {
	case FORMAT_TEXT:
		event_put_line(b, e, s->style);
		return true;
	case FORMAT_JSON:
		event_put_json(b, e);
		return true;
	case FORMAT_AUDITD:
		return event_put_auditd(b, e, s->machine);
	}
	return false;
}

/* Of a login that has no number yet: kept aside. */
static void hold_early(struct show *s, const struct event *e)
{
	cleanup_buf struct buf text = { 0 };
	if (filter_match(&s->unnumbered, e) && put_event(s, &text, e) && buf_err(&text) == 0)
		session_hold(s->session, e, (struct span){ text.data, text.len });
}

/* False if it is not to be shown. */
static bool wanted(struct show *s, const struct event *e)
{
	if (s->session && session_is_early(e))
		hold_early(s, e);
	if (!filter_match(&s->filter, e))
		return false;
	if (!s->session)
		return true;
	if (!session_tells(e))
		return false;
	s->shown += session_take(s->session, e, &s->out);
	return true;
}

/* 1: enough. */
static int show_event(void *ctx, const struct event *e)
{
	struct show *s = ctx;
	if (!wanted(s, e))
		return 0;
	if (!put_event(s, &s->out, e)) {
		s->formless++;
		return 0;
	}
	if (buf_err(&s->out))
		return buf_err(&s->out);
	if (s->out.len > FLUSH_BYTES)
		flush(s);
	return ++s->shown >= s->limit && s->limit ? 1 : 0;
}

static void complain(const struct feed_item *item)
{
	cleanup_buf struct buf name = { 0 };
	text_put_escaped(&name, span_str(item->file));
	fprintf(stderr, "swornlog: %.*s at %llu can't be read; 'swornlog verify' says more\n", (int)name.len,
	        (const char *)name.data, (unsigned long long)item->offset);
}

/* 1: enough. */
static int show_item(struct show *s, struct decoder *d, const struct feed_item *item)
{
	struct batch b;
	if (item->type == FEED_FLEET)
		return 0;
	if (item->type == FEED_BAD || batch_parse(item->payload, &b) < 0) {
		complain(item);
		return 0;
	}
	if (!filter_wants_host(&s->filter, b.origin.host))
		return 0;
	int r = decode_batch(d, &b, show_event, s, NULL);
	if (r == -EBADMSG)
		complain(item);
	return r == -EBADMSG ? 0 : r;
}

static int run(struct show *s, const char *path)
{
	cleanup_feed struct feed *feed = NULL;
	cleanup_decoder struct decoder *decoder = NULL;
	struct feed_item item;
	int r = feed_open(path, &feed);
	if (r == -EINVAL)
		return command_fail("%s: neither a sink's store nor a host's spool", path);
	if (r == 0)
		r = decoder_new(&decoder);
	while (r == 0) {
		r = feed_next(feed, &item);
		if (r <= 0)
			break;
		r = show_item(s, decoder, &item);
	}
	if (s->session && s->format != FORMAT_AUDITD)
		session_put_accounts(s->session, &s->out, s->format == FORMAT_JSON);
	flush(s);
	if (s->formless)
		fprintf(stderr, "swornlog: %llu entries have no form in auditd's records and are left out\n",
		        (unsigned long long)s->formless);
	return r < 0 ? command_fail("%s: %s", path, strerror(-r)) : COMMAND_OK;
}

static bool take_format(struct show *s, const char *format, bool json, const char *machine)
{
	s->format = json ? FORMAT_JSON : FORMAT_TEXT;
	s->machine = machine_here();
	if (machine && machine_parse(machine, &s->machine) < 0) {
		command_fail("'%s' is no architecture: x86_64 or aarch64", machine);
		return false;
	}
	if (!format)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(format_names); i++) {
		if (strcmp(format, format_names[i]) != 0)
			continue;
		if (!json || i == FORMAT_JSON) {
			s->format = (enum format)i;
			return true;
		}
	}
	command_fail("--format takes text, json or auditd, and not --json beside it");
	return false;
}

/* What is asked for by kind, or wholly, is shown as it is. */
static int begin_session(struct show *s)
{
	if (s->filter.session == FILTER_NONE || s->filter.kinds.count || s->filter.own)
		return 0;
	s->unnumbered = s->filter;
	s->unnumbered.session = FILTER_NONE;
	return session_new(s->filter.session, &s->session);
}

static const char summary[] =
        "Print the entries of a sink's store or a host's spool, host log by host log in their order (files "
        "of\n"
        "the store one after the other). Nothing is verified here: 'swornlog verify' does that.\n\n"
        "--session without --kind and --all: its logins, commands, labelled reads and end, and an account of "
        "it.\n\n" FILTER_HELP;

int cmd_show(int argc, char **argv)
{
	cleanup(show_done) struct show s = { .filter = FILTER_ALL };
	const char *format = NULL, *machine = NULL;
	bool json = false;
	const struct option_row rows[] = {
		FILTER_OPTIONS(s.filter),
		{ .name = "limit",
		  .type = OPTION_UINT,
		  .into = &s.limit,
		  .value = "N",
		  .help = "stop after N entries",
		  .min = 1,
		  .max = UINT64_MAX },
		{ .name = "long",
		  .type = OPTION_FLAG,
		  .into = &s.whole,
		  .help = "every field: inodes, namespaces, ..." },
		{ .name = "json", .type = OPTION_FLAG, .into = &json, .help = "one JSON object a line" },
		{ .name = "format",
		  .type = OPTION_TEXT,
		  .into = &format,
		  .value = "FORMAT",
		  .help = "text, json, or auditd: records for 'ausearch -if' and 'aureport -if'" },
		{ .name = "arch",
		  .type = OPTION_TEXT,
		  .into = &machine,
		  .value = "ARCH",
		  .help = "with auditd: the hosts', x86_64 or aarch64 (default: this machine's)" },
	};
	const struct usage usage = {
		.command = "swornlog show",
		.arguments = "PATH",
		.summary = summary,
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.min_arguments = 1,
		.max_arguments = 1,
	};
	const char *path;
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &path, &count, &status) || !filter_ready(&s.filter, &status))
		return status;
	if (!take_format(&s, format, json, machine))
		return COMMAND_USAGE;
	if (begin_session(&s) < 0)
		return command_fail("out of memory");
	s.style = (terminal_colour(STDOUT_FILENO) ? EVENT_COLOUR : 0u) | (s.whole ? EVENT_WHOLE : 0u);
	return run(&s, path);
}
