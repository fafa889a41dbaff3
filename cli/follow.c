#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/decode.h"
#include "cli/feed.h"
#include "cli/filter.h"
#include "cli/filter_options.h"
#include "cli/rate.h"
#include "cli/terminal.h"
#include "evidence/fleet.h"
#include "lib/env.h"
#include "lib/text.h"

#define SECOND_US 1000000u

struct follow {
	struct filter filter;
	bool json, stats, whole;
	unsigned style; /* enum event_style */
	bool from_start;
	uint64_t limit, shown;
	uint64_t seconds; /* 0: until somebody stops it */
	bool live;        /* what was there before has gone by */
	bool bottom;      /* keep a status line at the bottom of the terminal */
	bool bottom_shown;
	struct feed *feed;
	struct decoder *decoder;
	struct rate rate; /* since the last tick */
	struct buf line;  /* the status line as it was last */
	uint64_t tick_us;
	struct timespec receipt_time;
	struct buf out;
};

static volatile sig_atomic_t stopped;

static void stop(int signal maybe_unused)
{
	stopped = 1;
}

static void follow_done(struct follow *f)
{
	feed_free(f->feed);
	decoder_free(f->decoder);
	buf_done(&f->line);
	buf_done(&f->out);
}

static uint64_t wall_us(void)
{
	return env_system()->wall_us(env_system());
}

/* Events go above the status line: it is wiped, and written again below them. */
static void flush(struct follow *f)
{
	if (f->out.len == 0)
		return;
	if (f->bottom_shown)
		fputs("\r\033[K", stdout);
	f->bottom_shown = false;
	fwrite(f->out.data, 1, f->out.len, stdout);
	buf_reset(&f->out);
}

static void show_bottom(struct follow *f)
{
	unsigned width = terminal_width(STDOUT_FILENO);
	if (!f->bottom || f->bottom_shown)
		return;
	printf("\r\033[K\033[7m%.*s\033[0m", (int)MIN(f->line.len, (size_t)width - 1),
	       (const char *)f->line.data);
	f->bottom_shown = true;
}

static int take_event(void *ctx, const struct event *e)
{
	struct follow *f = ctx;
	bool wanted = filter_match(&f->filter, e);
	if (f->live && filter_wants_host(&f->filter, e->origin->host))
		rate_event(&f->rate, e);
	/* A reader of JSON asks for one kind of object. */
	if (!wanted || (!f->live && !f->from_start) || (f->stats && f->json))
		return 0;
	if (f->json)
		event_put_json(&f->out, e);
	else
		event_put_line(&f->out, e, f->style);
	if (buf_err(&f->out))
		return buf_err(&f->out);
	return ++f->shown == f->limit ? 1 : 0;
}

static int take_item(struct follow *f, const struct feed_item *item)
{
	struct batch b;
	struct fleet_record record;
	struct fleet_entry entry;
	struct seal seal;
	if (item->type == FEED_FLEET && f->live && fleet_record_parse(item->payload, &record) == 0 &&
	    fleet_parse_entry(record.entry, &entry) == 0)
		f->rate.commits += entry.kind == FLEET_COMMIT ? 1 : 0;
	if (item->type != FEED_BATCH || batch_parse(item->payload, &b) < 0 ||
	    !filter_wants_host(&f->filter, b.origin.host))
		return 0;
	int r = decode_batch(f->decoder, &b, take_event, f, &seal);
	if (f->live && r >= 0)
		rate_batch(&f->rate, &seal, wall_us());
	return r == -EBADMSG ? 0 : r;
}

/* All that is there: 1 enough, 0 wait for more. */
static int drain(struct follow *f)
{
	struct feed_item item;
	int r;
	while ((r = feed_next(f->feed, &item)) > 0 && !stopped) {
		r = take_item(f, &item);
		if (r != 0)
			break;
		if (f->out.len > 65536)
			flush(f);
	}
	flush(f);
	return r;
}

static void look_at_receipt(struct follow *f)
{
	struct stat st;
	if (feed_kind(f->feed) != FEED_SPOOL ||
	    fstatat(feed_dirfd(f->feed), "receipt", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	bool moved =
	        st.st_mtim.tv_sec != f->receipt_time.tv_sec || st.st_mtim.tv_nsec != f->receipt_time.tv_nsec;
	f->rate.receipts += moved && f->live ? 1 : 0;
	f->receipt_time = st.st_mtim;
}

/* Once a second. */
static void tick(struct follow *f)
{
	uint64_t now = env_now_us();
	if (!f->stats || now - f->tick_us < SECOND_US)
		return;
	if (f->json) {
		rate_put_json(&f->out, &f->rate, now - f->tick_us, wall_us());
	} else if (f->bottom) {
		buf_reset(&f->line);
		rate_put_line(&f->line, &f->rate, now - f->tick_us);
		f->bottom_shown = false;
	} else {
		text_put_time_us(&f->out, wall_us());
		buf_put_u8(&f->out, ' ');
		rate_put_line(&f->out, &f->rate, now - f->tick_us);
		buf_put_u8(&f->out, '\n');
	}
	f->rate = (struct rate){ 0 };
	f->tick_us = now;
	flush(f);
}

static int watch(struct follow *f)
{
	uint64_t start = env_now_us();
	int r = 0;
	f->tick_us = start;
	while (r == 0 && !stopped && !ferror(stdout)) {
		if (f->seconds && env_now_us() - start >= f->seconds * SECOND_US)
			break;
		feed_wait(f->feed, 200);
		look_at_receipt(f);
		r = drain(f);
		tick(f);
		show_bottom(f);
		fflush(stdout);
	}
	return r;
}

static int run(struct follow *f, const char *path)
{
	int r = feed_open(path, &f->feed);
	if (r == -EINVAL)
		return command_fail("%s: neither a sink's store nor a host's spool", path);
	if (r == 0)
		r = decoder_new(&f->decoder);
	if (r == 0 && !f->from_start)
		r = feed_begin_at_newest(f->feed);
	/* What is there already tells who the processes are. */
	if (r == 0)
		r = drain(f);
	f->live = true;
	if (r == 0)
		r = watch(f);
	if (f->bottom_shown)
		fputs("\r\033[K", stdout);
	return r < 0 ? command_fail("%s: %s", path, strerror(-r)) : COMMAND_OK;
}

static void set_style(struct follow *f)
{
	bool colour = terminal_colour(STDOUT_FILENO);
	f->style = (colour ? EVENT_COLOUR : 0u) | (f->whole ? EVENT_WHOLE : 0u);
	f->bottom = f->stats && !f->json && colour;
}

static const char summary[] = "Print new entries of a sink's store or a host's spool as they are written. On "
                              "a terminal --stats keeps its\n"
                              "line at the bottom, below the events; elsewhere it stands between them, with "
                              "--json alone. Nothing is "
                              "verified here.\n\n" FILTER_HELP;

int cmd_follow(int argc, char **argv)
{
	cleanup(follow_done) struct follow f = { .filter = FILTER_ALL };
	const struct option_row rows[] = {
		FILTER_OPTIONS(f.filter),
		{ .name = "stats",
		  .type = OPTION_FLAG,
		  .into = &f.stats,
		  .help = "a line a second: events by kind, batches, commits, lag, losses" },
		{ .name = "from-start",
		  .type = OPTION_FLAG,
		  .into = &f.from_start,
		  .help = "what is there already, too" },
		{ .name = "limit",
		  .type = OPTION_UINT,
		  .into = &f.limit,
		  .value = "N",
		  .help = "stop after N entries",
		  .min = 1,
		  .max = UINT64_MAX },
		{ .name = "for",
		  .type = OPTION_UINT,
		  .into = &f.seconds,
		  .value = "SECONDS",
		  .help = "stop after so long",
		  .min = 1,
		  .max = 1000000000 },
		{ .name = "long",
		  .type = OPTION_FLAG,
		  .into = &f.whole,
		  .help = "every field: inodes, namespaces, ..." },
		{ .name = "json", .type = OPTION_FLAG, .into = &f.json, .help = "one JSON object a line" },
	};
	const struct usage usage = {
		.command = "swornlog follow",
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
	if (!options_parse(&usage, argc, argv, &path, &count, &status) || !filter_ready(&f.filter, &status))
		return status;
	set_style(&f);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	return run(&f, path);
}
