#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "evidence/statement.h"
#include "lib/boot_id.h"
#include "lib/env.h"
#include "lib/file.h"
#include "verify/listing.h"
#include "verify/spool.h"
#include "verify/store.h"

#define DEFAULT_ANCHOR "/etc/swornlog/genesis"

struct request {
	const char *anchor;
	const char *host;
	bool json, progress;
	uint64_t jobs;
	const char *path;
};

static uint64_t processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return MIN((uint64_t)CPU_COUNT(&set), (uint64_t)FINDINGS_LISTS_MAX);
}

static bool parse(int argc, char **argv, struct request *q, int *ret_status)
{
	const struct option_row rows[] = {
		{ .name = "anchor",
		  .type = OPTION_TEXT,
		  .into = &q->anchor,
		  .value = "GENESIS",
		  .help = "the fleet's genesis statement (" DEFAULT_ANCHOR ")" },
		{ .name = "host",
		  .type = OPTION_TEXT,
		  .into = &q->host,
		  .value = "HOST",
		  .help = "look at the entries of this host only" },
		{ .name = "json", .type = OPTION_FLAG, .into = &q->json, .help = "one JSON object" },
		{ .name = "jobs",
		  .type = OPTION_UINT,
		  .into = &q->jobs,
		  .value = "N",
		  .help = "so many threads (as many as there are processors)",
		  .min = 1,
		  .max = FINDINGS_LISTS_MAX },
		{ .name = "progress",
		  .type = OPTION_FLAG,
		  .into = &q->progress,
		  .help = "say how far it is, also where standard error is no terminal" },
	};
	const struct usage usage = {
		.command = "swornlog verify",
		.arguments = "PATH",
		.summary =
		        "Check a sink's store or a host's spool: every signature, every hash, "
		        "completeness. Only public keys\n"
		        "are needed, and all of them follow from the anchor: the fleet's genesis "
		        "statement, which must have\n"
		        "come to you by another way than PATH.\n\n"
		        "Each finding has a verdict word and a place. Faults of the record: altered, "
		        "missing, truncated, torn,\n"
		        "forked, rolled-back, cloned, wrongly-sealed, unenrolled, malformed, unreceipted.\n"
		        "No faults, but for people to look at: "
		        "loss, epoch, silent, late, clock.\n"
		        "The last line says all in short, and says so when the sink ran on the "
		        "audited machine and\n"
		        "when no witness has cosigned.\n\n"
		        "exit status: 0 no fault, 1 faults, 2 wrong usage, 3 it could not be read",
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.min_arguments = 1,
		.max_arguments = 1,
	};
	size_t count;
	return options_parse(&usage, argc, argv, &q->path, &count, ret_status);
}

static int read_anchor(const struct request *q, struct buf *ret)
{
	const char *path = q->anchor ? q->anchor : DEFAULT_ANCHOR;
	int r = file_read(env_system(), AT_FDCWD, path, NOTE_MAX_BYTES, ret);
	if (r == 0)
		return 0;
	if (q->anchor)
		return command_fail("%s: %s", path, strerror(-r));
	command_fail("no anchor: %s: %s", path, strerror(-r));
	fputs("An anchor is the fleet's genesis statement, a small text file that names the fleet log's key "
	      "and the people\n"
	      "who may enrol hosts. Everything else is checked against it, so it must not come from the "
	      "store itself. Give\n"
	      "the copy that you were handed with --anchor GENESIS.\n",
	      stderr);
	return COMMAND_USAGE;
}

/* Bytes of the journals and segments: only for the progress line. */
static uint64_t total_bytes(int dirfd)
{
	cleanup_listing struct listing l = { 0 };
	uint64_t total = 0;
	if (listing_read(dirfd, NULL, &l) < 0)
		return 0;
	for (size_t i = 0; i < l.len; i++) {
		char path[STORE_PATH_MAX];
		struct stat st;
		store_path(l.file[i].segment, l.file[i].number, path);
		if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			total += (uint64_t)st.st_size;
	}
	return total;
}

static int print(const struct request *q, const struct report *r)
{
	cleanup_buf struct buf out = { 0 };
	if (q->json)
		report_put_json(&out, r);
	else
		report_put_text(&out, r, terminal_colour(STDOUT_FILENO));
	if (buf_err(&out))
		return command_fail("%s", strerror(-buf_err(&out)));
	fwrite(out.data, 1, out.len, stdout);
	return report_clean(r) ? COMMAND_OK : COMMAND_FINDINGS;
}

static int run(const struct request *q, struct verify_options *o, bool store)
{
	cleanup_report struct report report = { 0 };
	struct progress progress;
	uint8_t boot_id[BOOT_ID_BYTES];
	bool terminal = isatty(STDERR_FILENO);
	if (boot_id_read(boot_id) == 0)
		o->machine_boot_id = boot_id;
	o->jobs = (unsigned)q->jobs;
	progress_init(&progress, store ? total_bytes(o->dirfd) : 0, terminal);
	if (q->progress || terminal) {
		o->progress = progress_show;
		o->progress_ctx = &progress;
	}
	int r = store ? verify_store(o, &report) : verify_spool(o, &report);
	progress_end(&progress);
	if (r == -EKEYREJECTED)
		return command_fail("%s: not a genesis statement signed by all that it names",
		                    q->anchor ? q->anchor : DEFAULT_ANCHOR);
	if (r < 0)
		return command_fail("%s: could not be read: %s", q->path, strerror(-r));
	return print(q, &report);
}

int cmd_verify(int argc, char **argv)
{
	struct request q = { .jobs = processors() };
	int status;
	cleanup_buf struct buf anchor = { 0 };
	if (!parse(argc, argv, &q, &status))
		return status;
	if (q.host && !label_ok((struct span){ (const uint8_t *)q.host, strlen(q.host) })) {
		command_fail("'%s' is no host's name", q.host);
		return COMMAND_USAGE;
	}
	status = read_anchor(&q, &anchor);
	if (status != 0)
		return status;
	cleanup_close int fd = open(q.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return command_fail("%s: %s", q.path, strerror(errno));
	bool store = looks_like_store(fd);
	if (!store && !looks_like_spool(fd))
		return command_fail("%s: neither a sink's store nor a host's spool", q.path);
	struct verify_options o = { .dirfd = fd, .anchor = { anchor.data, anchor.len }, .only = q.host };
	return run(&q, &o, store);
}
