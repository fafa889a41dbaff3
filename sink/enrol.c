#include "sink/enrol.h"

#include <stdio.h>

int enrol_apply(struct core *c, struct span note)
{
	enum statement_kind kind;
	struct statement e;
	int r = statement_kind(note, &kind);
	if (r < 0 || kind != STATEMENT_ENROL)
		return r;
	r = enrolment_parse(note, &c->genesis, &e);
	return r < 0 ? r : hosts_enrol(&c->hosts, &e);
}

static int check_statement(const struct core *c, struct span statement, char *error, size_t error_size)
{
	enum statement_kind kind;
	struct statement e;
	int r = statement.len > STATEMENT_MAX_BYTES ? -EBADMSG : statement_kind(statement, &kind);
	if (r < 0) {
		snprintf(error, error_size, "not a statement");
		return r;
	}
	if (kind != STATEMENT_ENROL) {
		snprintf(error, error_size, "only enrolments are taken");
		return -EBADMSG;
	}
	r = enrolment_parse(statement, &c->genesis, &e);
	if (r == 0 && e.has_token)
		r = -ENOKEY;
	if (r < 0)
		snprintf(error, error_size, "%s",
		         r == -ENOKEY  ? "not signed by as many people as the genesis statement asks for"
		         : r == -EPERM ? "made for another fleet"
		                       : "malformed, or a signature does not verify");
	return r;
}

static int is_new(const struct core *c, struct span statement, char *error, size_t error_size)
{
	struct statement e;
	int r = enrolment_parse(statement, &c->genesis, &e);
	if (r < 0)
		return r;
	if (hosts_find(&c->hosts, (struct span){ (const uint8_t *)e.host, strlen(e.host) }))
		r = -EEXIST;
	for (size_t i = 0; r == 0 && i < c->hosts.count; i++)
		r = key_equal(&c->hosts.row[i]->identity, &e.identity) ||
		                    memcmp(&c->hosts.row[i]->identity.pub, &e.identity.pub,
		                           sizeof(e.identity.pub)) == 0
		            ? -EEXIST
		            : 0;
	if (r < 0)
		snprintf(error, error_size, "the host or its identity key is enrolled already");
	return r;
}

int enrol_submit(struct core *c, struct span statement, uint64_t *ret_index, char *error, size_t error_size)
{
	int r = check_statement(c, statement, error, error_size);
	if (r == 0)
		r = is_new(c, statement, error, error_size);
	if (r < 0)
		return r;
	struct fleet_entry e = { .kind = FLEET_STATEMENT,
		                 .time_us = c->env->wall_us(c->env),
		                 .note = statement };
	/* Where the entry will stand: after the commit's own and those that are planned already. */
	uint64_t index = c->log.frontier.size + (c->commit.staged_count ? 1 : 0) + c->commit.planned_count;
	r = commit_plan(&c->commit, &e, false);
	if (r == 0)
		r = core_commit(c);
	if (r == 0)
		r = enrol_apply(c, statement);
	if (r < 0)
		snprintf(error, error_size, "not stored: %s", strerror(-r));
	else
		*ret_index = index;
	return r;
}
