#include "verify/statements.h"

#include <stdio.h>

#define KEYS_ANNOUNCED_MAX 4096

static const char *who_and_why(enum statement_kind k)
{
	return k == STATEMENT_ENROL || k == STATEMENT_RE_ENROL ? "an enrolment" : "a statement";
}

/* What is wrong with it by itself. */
static int refuse_form(struct hosts *h, const struct place *at, struct span note, int r)
{
	enum statement_kind kind;
	if (r == -ENOMEM)
		return r;
	if (statement_kind(note, &kind) < 0) {
		find(h->findings, VERDICT_MALFORMED, at, "not a statement");
		return 0;
	}
	if (kind == STATEMENT_GENESIS) {
		find(h->findings, VERDICT_FORKED, at, "a second genesis statement");
		return 0;
	}
	const char *what = who_and_why(kind);
	if (r == -EPERM)
		find(h->findings, VERDICT_WRONGLY_SEALED, at, "%s for another fleet", what);
	else if (r == -ENOKEY)
		find(h->findings, VERDICT_WRONGLY_SEALED, at, "%s that too few people signed", what);
	else
		find(h->findings, VERDICT_WRONGLY_SEALED, at, "%s that is malformed or does not verify",
		     what);
	return 0;
}

static struct log_point newest_head(const struct log_host *host)
{
	struct log_point p = { 0 };
	if (host && host->newest_epoch > 0)
		p = host->newest_head;
	return p;
}

static void refuse_place(struct hosts *h, struct log_host *host, const struct place *at,
                         const struct statement *s, const char *why)
{
	bool copied = s->kind == STATEMENT_ENROL && !host && roll_key_taken(&h->roll, &s->identity.pub);
	const char *name = statement_about_host(s->kind) ? s->host : statement_kind_name(s->kind);
	host_find(h, host, copied ? VERDICT_CLONED : VERDICT_MALFORMED, at,
	          "%s: the statement %s holds not: %s", name, statement_kind_name(s->kind), why);
}

static int push_stand(struct log_host *host, const struct host_stand *s)
{
	if (host->stand_len == host->stand_cap) {
		size_t cap = MAX(host->stand_cap * 2, (size_t)2);
		struct host_stand *grown = reallocarray(host->stand, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		host->stand = grown;
		host->stand_cap = cap;
	}
	host->stand[host->stand_len++] = *s;
	return 0;
}

static int take_closing(struct log_host *host, const struct statement *s, uint64_t index)
{
	struct host_closing *grown =
	        reallocarray(host->closings, host->closing_len + 1, sizeof(*host->closings));
	if (!grown)
		return -ENOMEM;
	host->closings = grown;
	struct host_closing c = { .epoch = s->point.epoch, .index = index };
	memcpy(c.reason, s->reason, sizeof(c.reason));
	host->closings[host->closing_len++] = c;
	return 0;
}

static int take_host(struct hosts *h, struct log_host *host, const struct statement *s, uint64_t index,
                     uint64_t time_us)
{
	struct host_stand next = { 0 };
	if (host->stand_len)
		next = host->stand[host->stand_len - 1];
	next.index = index;
	next.kind = s->kind;
	if (s->kind == STATEMENT_ENROL || s->kind == STATEMENT_RE_ENROL)
		next.enrolled_at = index;
	if (s->kind == STATEMENT_ROTATE)
		next.announced = s->point;
	int r = roll_take(&h->roll, s, &next.standing, index, time_us);
	if (r == 0 && s->kind == STATEMENT_CLOSE)
		r = take_closing(host, s, index);
	return r < 0 ? r : push_stand(host, &next);
}

static int push_log_key(struct hosts *h)
{
	const struct roll *l = &h->roll;
	struct log_key *grown = reallocarray(h->log_key, h->log_key_len + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	h->log_key = grown;
	h->log_key[h->log_key_len++] = (struct log_key){ .index = l->log_index,
		                                         .key = l->log,
		                                         .has_former = l->has_former,
		                                         .former = l->former,
		                                         .overlap_end_us = l->overlap_end_us };
	return 0;
}

const struct key *statements_log_key(const struct hosts *h, uint64_t size)
{
	const struct key *key = &h->genesis->log;
	for (size_t i = 0; i < h->log_key_len && h->log_key[i].index < size; i++)
		key = &h->log_key[i].key;
	return key;
}

int statements_check_note(const struct hosts *h, struct span note, uint64_t size, uint64_t time_us,
                          bool published)
{
	const struct key *key = &h->genesis->log, *former = NULL;
	struct checkpoint c;
	for (size_t i = 0; i < h->log_key_len && h->log_key[i].index < size; i++) {
		const struct log_key *k = &h->log_key[i];
		key = &k->key;
		former = k->has_former && time_us <= k->overlap_end_us ? &k->former : NULL;
	}
	return published ? checkpoint_verify_fleet(note, key, false, &c)
	                 : checkpoint_verify_keys(note, key, former, &c);
}

int statements_take(struct hosts *h, const struct place *at, struct span note, uint64_t index,
                    uint64_t time_us)
{
	struct statement s;
	int r = statement_parse(note, h->genesis, &s);
	if (r < 0)
		return refuse_form(h, at, note, r);
	if (s.kind == STATEMENT_UNKNOWN) {
		find(h->findings, VERDICT_REMARK, at, "a statement of a kind not known here was carried");
		return 0;
	}
	struct log_host *host = hosts_find(h, s.host);
	struct log_point head = newest_head(host);
	const struct standing *now = host ? &host->stand[host->stand_len - 1].standing : NULL;
	const char *why = roll_refuses(&h->roll, &s, now, &head, time_us);
	if (why) {
		refuse_place(h, host, at, &s, why);
		return 0;
	}
	if (!statement_about_host(s.kind)) {
		r = roll_take(&h->roll, &s, NULL, index, time_us);
		return r == 0 && s.kind == STATEMENT_LOG_KEY ? push_log_key(h) : r;
	}
	r = host ? 0 : hosts_add(h, s.host, index, &host);
	return r < 0 ? r : take_host(h, host, &s, index, time_us);
}

void statements_commit(struct log_host *host, struct log_epoch *e, uint64_t before, uint64_t size)
{
	const struct standing *s = &host->stand[host->stand_len - 1].standing;
	bool taken = standing_takes(s, e->origin.epoch);
	if (taken && !standing_quarantines(s, e->origin.epoch, size))
		return;
	bool inside = taken && s->revoked_at.epoch == e->origin.epoch && s->revoked_at.size > before;
	if (e->revoked.batches++ == 0)
		e->revoked.first = inside ? s->revoked_at.size : before;
	e->revoked.last = size - 1;
}

const struct host_stand *statements_stand(const struct log_host *host, const struct log_epoch *e)
{
	size_t i = e->covered < e->head_len ? e->heads[e->covered].stand : host->stand_len - 1;
	return &host->stand[i];
}

const char *statements_epoch(struct log_host *host, const struct host_stand *stand,
                             const struct epoch_start *start)
{
	if (!hash_equal(&start->certificate, &stand->standing.certificate))
		return "the epoch entry names another certificate than the one in force";
	bool first = host->began_at != stand->enrolled_at + 1;
	host->began_at = stand->enrolled_at + 1;
	if (first && stand->standing.has_token &&
	    (!start->has_token || !hash_equal(&start->token, &stand->standing.token)))
		return "the epoch entry does not show the token that the host was enrolled under";
	return NULL;
}

int statements_announced(struct log_host *host, uint32_t epoch, uint64_t index, const struct entry *e,
                         bool vouched)
{
	struct host_announced k = { .epoch = epoch, .index = index, .vouched = vouched };
	if (key_entry_parse(e, &k.entry) < 0)
		return -EBADMSG;
	if (host->announced_len == KEYS_ANNOUNCED_MAX)
		return 0;
	struct host_announced *grown =
	        reallocarray(host->announced_keys, host->announced_len + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	host->announced_keys = grown;
	host->announced_keys[host->announced_len++] = k;
	return 0;
}

static bool was_announced(const struct log_host *host, const struct host_stand *s)
{
	for (size_t i = 0; i < host->announced_len; i++) {
		const struct host_announced *k = &host->announced_keys[i];
		if (k->epoch == s->announced.epoch && k->index == s->announced.size)
			return k->vouched && key_equal(&k->entry.identity, &s->standing.identity) &&
			       hash_equal(&k->entry.certificate, &s->standing.certificate);
	}
	return false;
}

static void finish_revoked(struct hosts *h, struct log_host *host, const struct log_epoch *e)
{
	if (e->revoked.batches)
		host_find(h, host, VERDICT_REVOKED,
		          &(struct place){ .origin = e->name,
		                           .has_index = true,
		                           .first = e->revoked.first,
		                           .last = e->revoked.last },
		          "committed after the host was revoked, retired or enrolled anew, in %llu commits",
		          (unsigned long long)e->revoked.batches);
}

void statements_finish(struct hosts *h, struct log_host *host)
{
	for (size_t i = 0; i < host->epoch_count; i++)
		finish_revoked(h, host, host->epoch[i]);
	for (size_t i = 0; host->selected && i < host->stand_len; i++) {
		const struct host_stand *s = &host->stand[i];
		char name[KEY_NAME_MAX + 1];
		fleet_log_name(h->genesis->fleet, name);
		/* Where only the structure is looked at, announcements are not opened. */
		if (!h->structure && s->kind == STATEMENT_ROTATE && !was_announced(host, s))
			host_find(h, host, VERDICT_MALFORMED,
			          &(struct place){ .origin = name,
			                           .has_index = true,
			                           .first = s->index,
			                           .last = s->index },
			          "host %s: the old identity key did not announce this rotation",
			          host->label);
	}
}

void statements_done(struct log_host *host)
{
	free(host->stand);
	free(host->announced_keys);
	free(host->closings);
}
