#include <fcntl.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/export_fleet.h"
#include "cli/export_hosts.h"
#include "cli/feed.h"
#include "cli/file_tree.h"
#include "cli/options.h"
#include "evidence/policy.h"
#include "lib/file.h"
#include "verify/window.h"

#define CHECKPOINT_FILE "fleet/checkpoint"

struct exporter {
	const char *store;
	struct export_wanted wanted;
	int out_fd;
	struct genesis genesis;
	struct buf genesis_bytes;
	struct buf policy; /* to go with the fleet log; empty: none was given */
	struct export_fleet *fleet;
	struct export_hosts *hosts; /* NULL: the fleet log alone */
	bool whole;
};

static void export_done(struct exporter *x)
{
	export_hosts_free(x->hosts);
	export_fleet_free(x->fleet);
	buf_done(&x->genesis_bytes);
	buf_done(&x->policy);
	close_fd(&x->out_fd);
}

static int read_small(const struct exporter *x, int store_fd, const char *name, struct buf *ret)
{
	int r = window_read_file(store_fd, name, NOTE_MAX_BYTES, ret);
	if (r < 0)
		command_fail("%s/%s: %s", x->store, name, strerror(-r));
	return r;
}

static int begin(struct exporter *x, int store_fd)
{
	cleanup_buf struct buf note = { 0 };
	int r = read_small(x, store_fd, "genesis", &x->genesis_bytes);
	if (r == 0)
		r = read_small(x, store_fd, CHECKPOINT_FILE, &note);
	if (r < 0)
		return r;
	r = genesis_parse((struct span){ x->genesis_bytes.data, x->genesis_bytes.len }, &x->genesis);
	if (r < 0) {
		command_fail("%s/genesis: not a genesis statement signed by all that it names", x->store);
		return r;
	}
	r = export_fleet_new(x->out_fd, &x->genesis, (struct span){ note.data, note.len }, &x->fleet);
	if (r == -EBADMSG)
		command_fail("%s/" CHECKPOINT_FILE ": not a checkpoint", x->store);
	return r;
}

static int take_fleet(struct exporter *x, struct span payload)
{
	struct statement s;
	int r = export_fleet_record(x->fleet, payload, &s);
	if (r == 0 && x->hosts && statement_gives_identity(s.kind))
		r = export_hosts_enrol(x->hosts, &s);
	return r;
}

static int take(struct exporter *x, const struct feed_item *item)
{
	switch (item->type) {
	case FEED_FLEET:
		return take_fleet(x, item->payload);
	case FEED_BATCH:
		return x->hosts ? export_hosts_batch(x->hosts, item->payload) : 0;
	case FEED_BAD:
		x->whole = false;
		command_fail("%s/%s at %llu can't be read; 'swornlog verify' says more", x->store, item->file,
		             (unsigned long long)item->offset);
		return 0;
	}
	return 0;
}

static int finish(struct exporter *x)
{
	cleanup_buf struct buf lines = { 0 };
	bool whole = true;
	int r = file_tree_write(x->out_fd, "genesis",
	                        (struct span){ x->genesis_bytes.data, x->genesis_bytes.len });
	if (r == 0)
		r = export_fleet_finish(x->fleet, (struct span){ x->policy.data, x->policy.len }, &lines);
	if (r == 0 && x->hosts)
		r = export_hosts_finish(x->hosts, &lines, &whole);
	if (r == 0)
		r = file_tree_sync(x->out_fd);
	if (r < 0)
		return r;
	x->whole = x->whole && whole;
	fwrite(lines.data, 1, lines.len, stdout);
	return 0;
}

static int walk(struct exporter *x, struct feed *feed)
{
	struct feed_item item;
	int r;
	while ((r = feed_next(feed, &item)) > 0) {
		r = take(x, &item);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : finish(x);
}

static int run(struct exporter *x, const char *out, bool fleet_only)
{
	cleanup_feed struct feed *feed = NULL;
	int r = feed_open(x->store, &feed);
	if (r == -EINVAL || (r == 0 && feed_kind(feed) != FEED_STORE))
		return command_fail("%s: not a sink's store", x->store);
	if (r < 0)
		return command_fail("%s: %s", x->store, strerror(-r));
	x->out_fd = file_tree_open(out);
	if (x->out_fd < 0)
		return command_fail("the folder %s must be new or empty: %s", out, strerror(-x->out_fd));
	if (begin(x, feed_dirfd(feed)) < 0)
		return COMMAND_FAILED;
	if (!fleet_only)
		r = export_hosts_new(x->out_fd, &x->wanted, &x->hosts);
	if (r == 0)
		r = walk(x, feed);
	if (r < 0 && r != -EBADMSG && r != -EINVAL)
		command_fail("the export could not be made: %s", strerror(-r));
	if (r < 0)
		return COMMAND_FAILED;
	return x->whole ? COMMAND_OK : COMMAND_FINDINGS;
}

static const char summary[] =
        "Write the logs of a sink's store as C2SP tile directories, for tools that know nothing of "
        "swornlog:\n"
        "DIR/fleet is the fleet log, DIR/host/HOST/EPOCH a host's, each with its checkpoint, its tiles and "
        "a\n"
        "policy file with its public keys. A host's entries are told with their salts; beside them lie the\n"
        "signed notes and opened seals of all batches (seals).\n\n"
        "--structure leaves the entries of hosts out: whoever gets this export sees hashes, notes and seals\n"
        "only, and can check completeness and signatures with them, but not read what the hosts did.\n\n"
        "A log that does not fit together is exported up to the fault, and the exit status is 1.";

int cmd_export(int argc, char **argv)
{
	cleanup(export_done) struct exporter x = { .out_fd = -1, .whole = true };
	bool fleet_only = false, structure = false;
	const char *policy = NULL;
	const struct option_row rows[] = {
		{ .name = "host",
		  .type = OPTION_TEXT,
		  .into = &x.wanted.host,
		  .value = "HOST",
		  .help = "of the host logs this host's only" },
		{ .name = "epoch",
		  .type = OPTION_UINT,
		  .into = &x.wanted.epoch,
		  .value = "N",
		  .help = "of the host logs this epoch only",
		  .min = 1,
		  .max = UINT32_MAX },
		{ .name = "fleet", .type = OPTION_FLAG, .into = &fleet_only, .help = "the fleet log alone" },
		{ .name = "policy",
		  .type = OPTION_TEXT,
		  .into = &policy,
		  .value = "POLICY",
		  .help = "tlog-policy to put with the fleet log (default: the fleet's own)" },
		{ .name = "structure",
		  .type = OPTION_FLAG,
		  .into = &structure,
		  .help = "for auditors: no entries of hosts" },
	};
	const struct usage usage = {
		.command = "swornlog export",
		.arguments = "STORE DIR",
		.summary = summary,
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.min_arguments = 2,
		.max_arguments = 2,
	};
	const char *paths[2];
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, paths, &count, &status))
		return status;
	if (fleet_only && (x.wanted.host || x.wanted.epoch)) {
		command_fail("--fleet leaves no host log for --host and --epoch to choose from");
		return COMMAND_USAGE;
	}
	if (policy) {
		int r = file_read(env_system(), AT_FDCWD, policy, POLICY_MAX_BYTES, &x.policy);
		if (r < 0)
			return command_fail("%s: %s", policy, strerror(-r));
	}
	x.store = paths[0];
	x.wanted.content = !structure;
	return run(&x, paths[1], fleet_only);
}
