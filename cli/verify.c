#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/verify_export.h"
#include "cli/verify_follow.h"
#include "cli/verify_inputs.h"
#include "cli/verify_proof.h"
#include "evidence/proof.h"
#include "evidence/split_view.h"
#include "lib/env.h"
#include "lib/file.h"
#include "verify/export.h"
#include "verify/finding.h"
#include "verify/window.h"

#define DEFAULT_ANCHOR "/etc/swornlog/genesis"

struct options {
	const char *anchor;
	const char *host;
	const char *policy;
	const char *evidence;
	const char *html;
	const char *keep;
	bool json, progress, structure, follow;
	uint64_t jobs, interval_s;
};

static uint64_t processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return MIN((uint64_t)CPU_COUNT(&set), (uint64_t)FINDINGS_LISTS_MAX);
}

static const char summary[] =
        "Check a sink's store or a host's spool: every signature, every hash, completeness. "
        "Or, by "
        "itself, a folder of\n"
        "'swornlog export', or a file of 'swornlog prove', and say line by line what it "
        "proves, by "
        "whom, and what not.\n"
        "Several stores, spools, receipts and checkpoints are compared with each other, too: "
        "did "
        "the sink show everybody\n"
        "the same history?\n\n"
        "Only public keys are needed, and all of them follow from the anchor: the fleet's "
        "genesis "
        "statement, which must\n"
        "have come to you by another way than PATH.\n\n"
        "Each finding has a verdict word and a place. Faults of the record: altered, "
        "missing, "
        "truncated, torn, forked,\n"
        "rolled-back, cloned, revoked, wrongly-sealed, unreceipted, unenrolled, malformed, "
        "split-view, unwitnessed.\n"
        "No faults, but for people to look at: loss, epoch, silent, late, clock. The last "
        "line says "
        "all in short, and\n"
        "says so when the sink ran on the audited machine and when no witness has "
        "cosigned.\n\n"
        "exit status: 0 no fault, 1 faults, 2 wrong usage, 3 it could not be read";

static bool parse(int argc, char **argv, struct options *o, struct verify_request *q, int *ret_status)
{
	const struct option_row rows[] = {
		{ .name = "anchor",
		  .type = OPTION_TEXT,
		  .into = &o->anchor,
		  .value = "GENESIS",
		  .help = "the fleet's genesis statement (" DEFAULT_ANCHOR ")" },
		{ .name = "host",
		  .type = OPTION_TEXT,
		  .into = &o->host,
		  .value = "HOST",
		  .help = "look at the entries of this host only" },
		{ .name = "policy",
		  .type = OPTION_TEXT,
		  .into = &o->policy,
		  .value = "POLICY",
		  .help = "which witnesses must have cosigned (tlog-policy)" },
		{ .name = "evidence",
		  .type = OPTION_TEXT,
		  .into = &o->evidence,
		  .value = "FILE",
		  .help = "write what proves a split view to anybody" },
		{ .name = "html",
		  .type = OPTION_TEXT,
		  .into = &o->html,
		  .value = "FILE",
		  .help = "write the report as a page that stands alone, too" },
		{ .name = "structure",
		  .type = OPTION_FLAG,
		  .into = &o->structure,
		  .help = "read no content: hash the entries, and open seals only" },
		{ .name = "follow",
		  .type = OPTION_FLAG,
		  .into = &o->follow,
		  .help = "with --keep: pull a store again and again, and verify the copy" },
		{ .name = "keep",
		  .type = OPTION_TEXT,
		  .into = &o->keep,
		  .value = "DIR",
		  .help = "the copy of the store, which only grows" },
		{ .name = "interval",
		  .type = OPTION_UINT,
		  .into = &o->interval_s,
		  .value = "SECONDS",
		  .help = "between two looks at what is followed (10)",
		  .min = 1,
		  .max = 86400 },
		{ .name = "json", .type = OPTION_FLAG, .into = &o->json, .help = "one JSON object" },
		{ .name = "jobs",
		  .type = OPTION_UINT,
		  .into = &o->jobs,
		  .value = "N",
		  .help = "so many threads (as many as there are processors)",
		  .min = 1,
		  .max = FINDINGS_LISTS_MAX },
		{ .name = "progress",
		  .type = OPTION_FLAG,
		  .into = &o->progress,
		  .help = "say how far it is, also where standard error is no terminal" },
	};
	const struct usage usage = {
		.command = "swornlog verify",
		.arguments = "PATH...",
		.summary = summary,
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.min_arguments = 1,
		.max_arguments = VERIFY_INPUTS_MAX,
	};
	return options_parse(&usage, argc, argv, q->path, &q->count, ret_status);
}

static const char *anchor_path(const struct options *o)
{
	return o->anchor ? o->anchor : DEFAULT_ANCHOR;
}

static int read_anchor(const struct options *o, struct buf *ret)
{
	const char *path = anchor_path(o);
	int r = file_read(env_system(), AT_FDCWD, path, NOTE_MAX_BYTES, ret);
	if (r == 0)
		return 0;
	if (o->anchor)
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

static int read_policy(const char *path, struct policy **ret)
{
	cleanup_buf struct buf bytes = { 0 };
	char error[256] = "";
	int r = file_read(env_system(), AT_FDCWD, path, POLICY_MAX_BYTES, &bytes);
	if (r < 0)
		return command_fail("%s: %s", path, strerror(-r));
	r = policy_parse((struct span){ bytes.data, bytes.len }, ret, error, sizeof(error));
	if (r == -EINVAL)
		return command_fail("%s: %s", path, error);
	return r < 0 ? command_fail("%s: %s", path, strerror(-r)) : COMMAND_OK;
}

/* True: it is an export, and *ret_status is said. */
static bool run_export(const struct verify_request *q, int *ret_status)
{
	cleanup_close int fd = open(q->path[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (q->count > 1 || fd < 0 || !looks_like_export(fd))
		return false;
	*ret_status = verify_export_folder(q, q->path[0], fd);
	return true;
}

static int run(const struct verify_request *q)
{
	int status;
	if (run_export(q, &status))
		return status;
	cleanup_buf struct buf file = { 0 };
	static const size_t most = MAX((size_t)SPLIT_VIEW_MAX_BYTES, (size_t)PROOF_MAX_BYTES);
	if (q->count > 1 || window_read_file(AT_FDCWD, q->path[0], most, &file) < 0)
		return verify_inputs(q);
	struct span bytes = { file.data, file.len };
	if (proof_is(bytes))
		return verify_proof(q, q->path[0], bytes);
	return split_view_is(bytes) ? verify_split_view(q, q->path[0], bytes) : verify_inputs(q);
}

int cmd_verify(int argc, char **argv)
{
	struct options o = { .jobs = processors(), .interval_s = 10 };
	struct verify_request q = { 0 };
	struct genesis genesis;
	cleanup_policy struct policy *policy = NULL;
	cleanup_buf struct buf anchor = { 0 };
	int status;
	if (!parse(argc, argv, &o, &q, &status))
		return status;
	if (o.host && !label_ok(span_str(o.host))) {
		command_fail("'%s' is no host's name", o.host);
		return COMMAND_USAGE;
	}
	if (o.follow != (o.keep != NULL) || (o.follow && (q.count > 1 || o.host || o.html || o.evidence))) {
		command_fail("--follow and --keep go together, with one store and the whole of it");
		return COMMAND_USAGE;
	}
	status = read_anchor(&o, &anchor);
	if (status == COMMAND_OK && o.policy)
		status = read_policy(o.policy, &policy);
	if (status != COMMAND_OK)
		return status;
	q.anchor = (struct span){ anchor.data, anchor.len };
	if (genesis_parse(q.anchor, &genesis) < 0)
		return command_fail("%s: not a genesis statement signed by all that it names",
		                    anchor_path(&o));
	q.genesis = &genesis;
	q.host = o.host;
	q.policy = policy;
	q.json = o.json;
	q.progress = o.progress;
	q.structure = o.structure;
	q.jobs = (unsigned)o.jobs;
	q.html = o.html;
	q.evidence = o.evidence;
	return o.follow ? verify_follow(&q, q.path[0], o.keep, o.interval_s) : run(&q);
}
