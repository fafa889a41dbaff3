#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/decode.h"
#include "cli/feed.h"
#include "cli/filter.h"
#include "cli/filter_options.h"
#include "cli/terminal.h"
#include "lib/env.h"
#include "lib/text.h"

#define FLUSH_BYTES (256u << 10)

struct show {
	struct filter filter;
	uint64_t limit, shown;
	bool json, whole;
	unsigned style; /* enum event_style */
	struct buf out;
};

static void show_done(struct show *s)
{
	buf_done(&s->out);
}

static void flush(struct show *s)
{
	fwrite(s->out.data, 1, s->out.len, stdout);
	buf_reset(&s->out);
}

/* 1: enough. */
static int show_event(void *ctx, const struct event *e)
{
	struct show *s = ctx;
	if (!filter_match(&s->filter, e))
		return 0;
	if (s->json)
		event_put_json(&s->out, e);
	else
		event_put_line(&s->out, e, s->style);
	if (buf_err(&s->out))
		return buf_err(&s->out);
	if (s->out.len > FLUSH_BYTES)
		flush(s);
	return ++s->shown == s->limit ? 1 : 0;
}

static void complain(const struct feed_item *item)
{
	cleanup_buf struct buf name = { 0 };
	text_put_escaped(&name, (struct span){ (const uint8_t *)item->file, strlen(item->file) });
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
	flush(s);
	return r < 0 ? command_fail("%s: %s", path, strerror(-r)) : COMMAND_OK;
}

int cmd_show(int argc, char **argv)
{
	cleanup(show_done) struct show s = { .filter = FILTER_ALL };
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
		{ .name = "json", .type = OPTION_FLAG, .into = &s.json, .help = "one JSON object a line" },
	};
	const struct usage usage = {
		.command = "swornlog show",
		.arguments = "PATH",
		.summary = "Print the entries of a sink's store or a host's spool, host log by host log in "
		           "their order (files of\n"
		           "the store one after the other). Nothing is verified here: 'swornlog verify' does "
		           "that.\n\n" FILTER_HELP,
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
	s.style = (terminal_colour(STDOUT_FILENO) ? EVENT_COLOUR : 0u) | (s.whole ? EVENT_WHOLE : 0u);
	return run(&s, path);
}
