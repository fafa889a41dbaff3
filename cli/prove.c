#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/file_tree.h"
#include "cli/folder.h"
#include "cli/gather.h"
#include "cli/options.h"
#include "lib/text.h"

#define FILE_SUFFIX ".swornlog-proof"

/* Nothing leaves that would not verify: what is damaged in the store shows here. */
static int check(const struct gather *g, uint64_t index, const struct buf *file)
{
	cleanup_buf struct buf scratch = { 0 };
	cleanup_free struct proof *p = calloc(1, sizeof(*p));
	struct proof_facts facts;
	const char *why = "it is malformed";
	enum proof_step failed = PROOF_GENESIS;
	if (!p)
		return command_fail("out of memory");
	if (proof_parse((struct span){ file->data, file->len }, &scratch, p) == 0)
		failed = proof_check(p, gather_genesis(g), &facts, &why);
	if (failed == PROOF_STEPS)
		return COMMAND_OK;
	command_fail("entry %llu can't be proven from this store: %s: %s; 'swornlog verify' says more",
	             (unsigned long long)index, proof_step_name(failed), why);
	return COMMAND_FINDINGS;
}

static int make(struct gather *g, const struct gather_request *q, size_t i, struct buf *file)
{
	buf_reset(file);
	int r = gather_put_proof(g, i, file);
	if (r == -ENOENT || r == -EAGAIN || r == -E2BIG)
		return COMMAND_FAILED;
	if (r < 0)
		return command_fail(
		        "entry %llu can't be proven from this store: %s; 'swornlog verify' says more",
		        (unsigned long long)q->index[i], strerror(-r));
	return check(g, q->index[i], file);
}

static int prove_one(struct gather *g, const struct gather_request *q, const char *out)
{
	cleanup_buf struct buf file = { 0 };
	int status = make(g, q, 0, &file);
	struct span bytes = { file.data, file.len };
	if (status != COMMAND_OK)
		return status;
	if (!out) {
		fwrite(bytes.data, 1, bytes.len, stdout);
		return COMMAND_OK;
	}
	int r = file_tree_write(AT_FDCWD, out, bytes);
	return r < 0 ? command_fail("%s: %s", out, strerror(-r)) : COMMAND_OK;
}

static int prove_many(struct gather *g, const struct gather_request *q, const char *out)
{
	cleanup_folder struct folder f = { .fd = -1 };
	cleanup_buf struct buf file = { 0 };
	if (folder_open(&f, out) < 0)
		return COMMAND_FAILED;
	for (size_t i = 0; i < q->count; i++) {
		char name[128];
		int status = make(g, q, i, &file);
		if (status != COMMAND_OK)
			return status;
		snprintf(name, sizeof(name), "%s.%u.%llu" FILE_SUFFIX, q->host, gather_epoch(g),
		         (unsigned long long)q->index[i]);
		if (folder_add(&f, name, (struct span){ file.data, file.len }, 0644) < 0)
			return COMMAND_FAILED;
	}
	return folder_commit(&f) < 0 ? COMMAND_FAILED : COMMAND_OK;
}

static int run(const struct gather_request *q, const char *out)
{
	cleanup_gather struct gather *g = NULL;
	int r = gather_store(q, &g);
	if (r == -ENOMEM || r == -EIO || r == -ENOSPC)
		command_fail("the store could not be read: %s", strerror(-r));
	if (r < 0)
		return COMMAND_FAILED;
	return q->count == 1 ? prove_one(g, q, out) : prove_many(g, q, out);
}

static bool take_indices(struct gather_request *q, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct span s = { (const uint8_t *)words[i], strlen(words[i]) };
		if (text_decimal(s, &q->index[q->count++]) < 0) {
			command_fail("'%s' is no index of an entry", words[i]);
			return false;
		}
	}
	return true;
}

static const char summary[] =
        "Write a file that proves an entry of a host's log to anybody who holds the fleet's genesis "
        "statement,\n"
        "offline: the entry itself, who acted, what the host signed, and what the fleet log and its "
        "witnesses\n"
        "hold of it. 'swornlog verify FILE' checks and explains it. The file discloses this entry and the\n"
        "process that it names, and no other.\n\n"
        "INDEX is the entry's place in its log, as 'swornlog show --json' and 'swornlog verify' tell it. "
        "With one\n"
        "the proof goes to standard output; with several --out names a folder for them.";

int cmd_prove(int argc, char **argv)
{
	struct gather_request q = { 0 };
	const char *out = NULL;
	const struct option_row rows[] = {
		{ .name = "epoch",
		  .type = OPTION_UINT,
		  .into = &q.epoch,
		  .value = "N",
		  .help = "epoch of the host's log (default: its newest)",
		  .min = 1,
		  .max = UINT32_MAX },
		{ .name = "out",
		  .type = OPTION_TEXT,
		  .into = &out,
		  .value = "PATH",
		  .help = "a new file; with several INDEX a folder" },
	};
	const struct usage usage = {
		.command = "swornlog prove",
		.arguments = "STORE HOST INDEX...",
		.summary = summary,
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.min_arguments = 3,
		.max_arguments = 2 + GATHER_MAX,
	};
	const char *words[2 + GATHER_MAX];
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, words, &count, &status))
		return status;
	q.store = words[0];
	q.host = words[1];
	if (!take_indices(&q, words + 2, count - 2))
		return COMMAND_USAGE;
	if (q.count > 1 && !out) {
		command_fail("several proofs need a folder: --out DIR");
		return COMMAND_USAGE;
	}
	return run(&q, out);
}
