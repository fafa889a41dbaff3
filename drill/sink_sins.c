/* Sins against the sink and by it, while a fleet runs. */
#include <stdio.h>
#include <unistd.h>

#include "drill/forge.h"
#include "drill/post.h"
#include "drill/rewrite.h"
#include "drill/scratch.h"
#include "drill/sin.h"
#include "drill/workspace.h"

#define HOUR_US 3600000000LL
#define WAIT_S  20

static struct scratch_host *web(const struct act *a)
{
	return &a->fleet->host[0];
}

static int post(struct act *a, const struct scratch_host *as, const struct buf *batch)
{
	struct post_answer answer;
	int r = post_batch(as, web(a)->name, (struct span){ batch->data, batch->len }, &answer);
	if (r < 0)
		return act_step(a, r, "the sink did not answer");
	a->status = answer.status;
	snprintf(a->word, sizeof(a->word), "%s", answer.word);
	return 0;
}

/* Another enrolled host sends what is to be this one's; the control: the host itself. */
int sin_forge_as_other(struct act *a)
{
	cleanup_buf struct buf batch = { 0 };
	struct scratch_host *other;
	int r = scratch_add_host(a->fleet, "db", &other);
	if (r == 0)
		r = forge_newest(web(a), &batch);
	return r < 0 ? act_step(a, r, "no batch could be had") : post(a, a->sinful ? other : web(a), &batch);
}

static int post_forged(struct act *a, int (*make)(const struct scratch_host *h, struct buf *ret))
{
	cleanup_buf struct buf batch = { 0 };
	/* Nobody else sends meanwhile. */
	int r = host_stop(web(a));
	if (r == 0)
		r = a->sinful ? make(web(a), &batch) : forge_newest(web(a), &batch);
	return r < 0 ? act_step(a, r, "no batch could be made") : post(a, web(a), &batch);
}

int sin_steal_identity(struct act *a)
{
	return post_forged(a, forge_continuation);
}

int sin_steal_identity_epoch(struct act *a)
{
	return post_forged(a, forge_epoch);
}

static int forge_hour_back(const struct scratch_host *h, struct buf *ret)
{
	return forge_clock(h, -HOUR_US, ret);
}

/* The machine's own clock is left alone: the batch is what its sealer would make after it was set. */
int sin_set_clock(struct act *a)
{
	return post_forged(a, forge_hour_back);
}

/* The control: one after the other is allowed. */
int sin_second_sink(struct act *a)
{
	const char *argv[] = { "swornlog-sink", "--config", a->fleet->sink_config, NULL };
	if (!a->sinful) {
		int r = program_stop(&a->fleet->sink);
		return act_step(a, r < 0 ? r : scratch_start_sink(a->fleet), "the sink did not start again");
	}
	int status = program_run(a->fleet->log, argv);
	a->status = status > 0 ? (unsigned)status : 0;
	scratch_last_words(a->fleet, a->word, sizeof(a->word));
	return status < 0 ? act_step(a, status, "a second sink can't be tried") : 0;
}

/* `how` works on a copy of the store that the sink has left; without sin it is left as it is. */
static int replace_store(struct act *a, const char *by)
{
	char old[SCRATCH_PATH_MAX + 32];
	snprintf(old, sizeof(old), "%s.replaced", a->fleet->store);
	if (rename(a->fleet->store, old) < 0 || rename(by, a->fleet->store) < 0)
		return -errno;
	return 0;
}

int sin_roll_back_sink(struct act *a)
{
	struct scratch_host *h = web(a);
	char copy[SCRATCH_PATH_MAX + 32];
	uint64_t receipts = 0;
	snprintf(copy, sizeof(copy), "%s.yesterday", a->fleet->store);
	int r = program_stop(&a->fleet->sink);
	if (r == 0)
		r = workspace_copy_tree(a->fleet->store, copy);
	if (r == 0)
		r = host_status_number(h, "receipts", &receipts);
	if (r == 0)
		r = scratch_start_sink(a->fleet);
	if (r == 0)
		r = host_wait_receipts(h, receipts + 2, WAIT_S);
	if (r == 0)
		r = program_stop(&a->fleet->sink);
	if (r == 0 && a->sinful)
		r = replace_store(a, copy);
	if (r == 0)
		r = scratch_start_sink(a->fleet);
	return act_step(a, r, "the sink did not come back");
}

int sin_rewrite_sink(struct act *a)
{
	char copy[SCRATCH_PATH_MAX + 32];
	snprintf(copy, sizeof(copy), "%s.rewritten", a->fleet->store);
	int r = program_stop(&a->fleet->sink);
	if (r == 0 && a->sinful)
		r = rewrite_scratch(a, copy);
	if (r == 0 && a->sinful)
		r = replace_store(a, copy);
	if (r == 0)
		r = scratch_start_sink(a->fleet);
	return act_step(a, r, "the sink did not come back");
}
