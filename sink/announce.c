#include "sink/announce.h"

#include "evidence/announcement.h"

static bool above(const struct host_head *a, const struct host_head *b)
{
	return a->epoch > b->epoch || (a->epoch == b->epoch && a->size > b->size);
}

static void answer(struct append *a)
{
	a->answer.status = 200;
	buf_reset(&a->answer.body);
	buf_printf(&a->answer.body, "swornlog-announced/v1\nsize %llu\n",
	           (unsigned long long)a->core->log.frontier.size);
}

static enum append_next plan(struct append *a, struct span note)
{
	struct core *c = a->core;
	struct fleet_entry e = { .kind = FLEET_ANNOUNCE, .time_us = c->env->wall_us(c->env), .note = note };
	if (commit_plan(&c->commit, &e, false) < 0)
		return append_trouble(a);
	a->commits = c->counts.commits;
	return APPEND_WAIT;
}

/* What the host has announced before, or the data of which is here, takes no second entry. */
static enum append_next take(struct append *a, struct span note)
{
	struct host *h = a->host;
	uint64_t now = a->core->env->boot_us(a->core->env);
	if (!above(&a->last, &h->announced) || !above(&a->last, &h->head)) {
		answer(a);
		return APPEND_ANSWERED;
	}
	if (h->announced_us && now - h->announced_us < ANNOUNCE_EVERY_US)
		return append_refuse(a, 429, "too-often",
		                     "The host has just announced a head; go on with the data.");
	h->announced_us = now;
	return plan(a, note);
}

enum append_next announce_step(struct append *a)
{
	struct announcement k;
	struct span note = { a->body.data, a->body.len };
	if (a->core->dead)
		return append_trouble(a);
	if (announcement_parse(note, &k) < 0)
		return append_refuse(a, 400, "malformed",
		                     "The body is no host checkpoint with the lines of both keys.");
	if (strcmp(k.origin.host, a->host->name) != 0 || strcmp(k.origin.fleet, a->core->genesis.fleet) != 0)
		return append_refuse(a, 403, "other-host", "The checkpoint is another host's.");
	if (!announcement_signed_by(note, &a->host->standing.identity))
		return append_refuse(a, 422, "wrong-identity",
		                     "The identity key's signature does not verify.");
	a->last = (struct host_head){ .epoch = k.origin.epoch, .size = k.size, .root = k.root };
	return take(a, note);
}

void announce_settle(struct append *a)
{
	struct host *h = a->host;
	/* The commit that it was planned for came to nothing. */
	if (a->core->dead || a->core->counts.commits == a->commits) {
		h->announced_us = 0;
		(void)append_trouble(a);
		return;
	}
	if (above(&a->last, &h->announced))
		h->announced = a->last;
	answer(a);
}
