#include "evidence/statement.h"

#include "lib/text.h"

#define ROW(word, form, field)          LINE_ROW(word, form, struct statement, field)
#define ROW_IF(word, form, field, flag) LINE_ROW_IF(word, form, struct statement, field, flag)

#define COUNT_MAX   1000000
#define OVERLAP_MAX 31536000

static const struct line_row enrol_rows[] = {
	ROW("host", LINE_LABEL, host),
	ROW("identity", LINE_KEY, identity),
	ROW("certificate", LINE_HASH, certificate),
	ROW_IF("token", LINE_HASH, token, has_token),
};
static const struct line_row re_enrol_rows[] = {
	ROW("host", LINE_LABEL, host),
	ROW("identity", LINE_KEY, identity),
	ROW("certificate", LINE_HASH, certificate),
	ROW("follows", LINE_HEAD, point),
	ROW_IF("token", LINE_HASH, token, has_token),
};
static const struct line_row rotate_rows[] = {
	ROW("host", LINE_LABEL, host),
	ROW("identity", LINE_KEY, identity),
	ROW("certificate", LINE_HASH, certificate),
	ROW("announced", LINE_ENTRY, point),
};
static const struct line_row revoke_rows[] = {
	ROW("host", LINE_LABEL, host),
	ROW("identity", LINE_KEY, identity),
	ROW("at", LINE_HEAD, point),
	ROW("reason", LINE_LABEL, reason),
};
static const struct line_row retire_rows[] = {
	ROW("host", LINE_LABEL, host),
	ROW("reason", LINE_LABEL, reason),
};
static const struct line_row token_rows[] = {
	ROW("token", LINE_HASH, token),   ROW("count", LINE_DECIMAL, count),
	ROW("until", LINE_TIME, until_s), ROW("hosts", LINE_PATTERN, hosts),
	ROW("from", LINE_RANGES, from),
};
static const struct line_row policy_rows[] = {
	ROW("policy", LINE_POLICY, policy),
};
static const struct line_row log_key_rows[] = {
	ROW("log", LINE_KEY, log),
	ROW("next", LINE_HASH, next),
	ROW("overlap", LINE_DECIMAL, overlap_s),
};
static const struct line_row close_rows[] = {
	ROW("host", LINE_LABEL, host),
	ROW("epoch", LINE_EPOCH, point),
	ROW("reason", LINE_LABEL, reason),
};

static const struct {
	const struct line_row *row;
	size_t count;
} forms[STATEMENT_UNKNOWN] = {
	[STATEMENT_ENROL] = { enrol_rows, ARRAY_SIZE(enrol_rows) },
	[STATEMENT_RE_ENROL] = { re_enrol_rows, ARRAY_SIZE(re_enrol_rows) },
	[STATEMENT_ROTATE] = { rotate_rows, ARRAY_SIZE(rotate_rows) },
	[STATEMENT_REVOKE] = { revoke_rows, ARRAY_SIZE(revoke_rows) },
	[STATEMENT_RETIRE] = { retire_rows, ARRAY_SIZE(retire_rows) },
	[STATEMENT_TOKEN] = { token_rows, ARRAY_SIZE(token_rows) },
	[STATEMENT_POLICY] = { policy_rows, ARRAY_SIZE(policy_rows) },
	[STATEMENT_LOG_KEY] = { log_key_rows, ARRAY_SIZE(log_key_rows) },
	[STATEMENT_CLOSE] = { close_rows, ARRAY_SIZE(close_rows) },
};

bool statement_gives_identity(enum statement_kind k)
{
	return k == STATEMENT_ENROL || k == STATEMENT_RE_ENROL || k == STATEMENT_ROTATE;
}

void statement_put_text(struct buf *b, const struct statement *s)
{
	statement_text_put_head(b, statement_kind_name(s->kind), s->fleet, s->time_s);
	lines_put(b, forms[s->kind].row, forms[s->kind].count, s);
}

static bool identity_name_ok(const struct statement *s)
{
	struct origin o = { .epoch = 1 };
	char name[KEY_NAME_MAX + 1];
	memcpy(o.fleet, s->fleet, sizeof(o.fleet));
	memcpy(o.host, s->host, sizeof(o.host));
	origin_identity_name(&o, name);
	return strcmp(s->identity.name, name) == 0;
}

/* A head, or that there is none. */
static bool head_ok(const struct log_point *p)
{
	struct hash empty;
	const struct frontier nothing = { 0 };
	frontier_root(&nothing, &empty);
	if (p->epoch == 0)
		return p->size == 0 && hash_equal(&p->root, &empty);
	return p->size > 0;
}

static bool log_name_ok(const struct statement *s)
{
	char name[KEY_NAME_MAX + 1];
	fleet_log_name(s->fleet, name);
	return strcmp(s->log.name, name) == 0;
}

/* What the forms of the lines don't say. */
static bool sane(const struct statement *s)
{
	switch (s->kind) {
	case STATEMENT_ENROL:
		return identity_name_ok(s);
	case STATEMENT_RE_ENROL:
	case STATEMENT_REVOKE:
		return identity_name_ok(s) && head_ok(&s->point);
	case STATEMENT_ROTATE:
		return identity_name_ok(s) && s->point.epoch > 0;
	case STATEMENT_TOKEN:
		return s->count > 0 && s->count <= COUNT_MAX;
	case STATEMENT_LOG_KEY:
		return log_name_ok(s) && s->overlap_s <= OVERLAP_MAX;
	case STATEMENT_CLOSE:
		return s->point.epoch > 1;
	case STATEMENT_RETIRE:
	case STATEMENT_POLICY:
	case STATEMENT_UNKNOWN:
		return true;
	case STATEMENT_GENESIS:
		return false;
	}
	return false;
}

static int read_lines(struct statement_text *t, struct statement *ret)
{
	struct statement s = { .kind = statement_kind_of(t->kind), .time_s = t->time_s };
	memcpy(s.fleet, t->fleet, sizeof(s.fleet));
	if (s.kind == STATEMENT_UNKNOWN) {
		*ret = s;
		return 0;
	}
	lines_get(&t->lines, forms[s.kind].row, forms[s.kind].count, &s);
	if (cursor_finish(&t->lines) < 0 || !sane(&s))
		return -EBADMSG;
	*ret = s;
	return 0;
}

static int enough_people(const struct genesis *g, uint64_t signed_by, struct need need)
{
	uint64_t admin_bits = ((uint64_t)1 << g->admin_count) - 1;
	unsigned admins = (unsigned)__builtin_popcountll(signed_by & admin_bits);
	unsigned auditors = (unsigned)__builtin_popcountll(signed_by & ~admin_bits);
	return admins >= need.admins && auditors >= need.auditors ? 0 : -ENOKEY;
}

static int check_signatures(const struct note *note, const struct genesis *g, const struct statement *s)
{
	struct key keys[STATEMENT_MAX_PEOPLE + 1];
	size_t people = g->admin_count + g->auditor_count;
	uint64_t signed_by, registrar_bit = (uint64_t)1 << people;
	memcpy(keys, g->people, people * sizeof(keys[0]));
	keys[people] = g->registrar;
	int r = note_verify(note, keys, people + (g->has_registrar ? 1 : 0), &signed_by);
	if (r < 0)
		return r;
	if (s->has_token)
		return signed_by & registrar_bit ? 0 : -ENOKEY;
	signed_by &= ~registrar_bit;
	if (s->kind == STATEMENT_UNKNOWN)
		return signed_by ? 0 : -ENOKEY;
	return enough_people(g, signed_by, genesis_need(g, s->kind));
}

int statement_parse_text(struct span text, struct statement *ret)
{
	struct statement_text t;
	return statement_text_read(text, &t) < 0 ? -EBADMSG : read_lines(&t, ret);
}

int statement_parse(struct span bytes, const struct genesis *g, struct statement *ret)
{
	struct note note;
	struct statement_text t;
	struct statement s;
	if (statement_text_open(bytes, &note, &t) < 0 || read_lines(&t, &s) < 0)
		return -EBADMSG;
	if (strcmp(s.fleet, g->fleet) != 0)
		return -EPERM;
	int r = check_signatures(&note, g, &s);
	if (r == 0)
		*ret = s;
	return r;
}

int enrolment_parse(struct span bytes, const struct genesis *g, struct statement *ret)
{
	struct statement s;
	int r = statement_parse(bytes, g, &s);
	if (r == 0 && !statement_gives_identity(s.kind))
		r = -EBADMSG;
	if (r == 0)
		*ret = s;
	return r;
}

/* Greedy with one way back: the newest star takes one byte more whenever what follows it does not fit. */
bool statement_host_fits(const char *pattern, const char *host)
{
	const char *star = NULL, *from = NULL;
	while (*host) {
		if (*pattern == '*') {
			star = pattern++;
			from = host;
		} else if (*pattern == *host) {
			pattern++;
			host++;
		} else if (star) {
			pattern = star + 1;
			host = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
