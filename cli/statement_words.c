#include "cli/statement_words.h"

#include "lib/text.h"

static void put_key(struct buf *b, const char *what, const struct key *k)
{
	buf_printf(b, "  %s ", what);
	key_put(b, k);
	buf_put_u8(b, '\n');
}

static void put_hash(struct buf *b, const char *what, const struct hash *h)
{
	buf_printf(b, "  %s ", what);
	text_put_hex(b, h->b, sizeof(h->b));
	buf_put_u8(b, '\n');
}

static void put_point(struct buf *b, const char *what, const struct log_point *p)
{
	if (p->epoch == 0) {
		buf_printf(b, "  %s the very beginning: nothing of it was ever committed\n", what);
		return;
	}
	buf_printf(b, "  %s epoch %u, size %llu, root ", what, p->epoch, (unsigned long long)p->size);
	text_put_base64(b, p->root.b, sizeof(p->root.b));
	buf_put_u8(b, '\n');
}

static void put_identity(struct buf *b, const struct statement *s)
{
	put_key(b, "identity key ", &s->identity);
	put_hash(b, "TLS key (hash)", &s->certificate);
	if (s->has_token)
		put_hash(b, "under the token", &s->token);
}

static void put_enrolment(struct buf *b, const struct statement *s)
{
	if (s->kind == STATEMENT_ENROL)
		buf_printf(b, "Host %s enters the fleet.\n", s->host);
	else if (s->kind == STATEMENT_RE_ENROL)
		buf_printf(b, "Host %s gets a new identity; its old log ends, and can't be continued.\n",
		           s->host);
	else
		buf_printf(b, "Host %s replaces its identity key by one that it has announced.\n", s->host);
	put_identity(b, s);
	if (s->kind == STATEMENT_RE_ENROL)
		put_point(b, "the old log ends at", &s->point);
	if (s->kind == STATEMENT_ROTATE)
		buf_printf(b, "  announced in epoch %u, entry %llu\n", s->point.epoch,
		           (unsigned long long)s->point.size);
}

static void put_revocation(struct buf *b, const struct statement *s)
{
	buf_printf(b, "Host %s is not to be believed any more. Reason: %s.\n", s->host, s->reason);
	put_key(b, "identity key", &s->identity);
	put_point(b, "believed up to", &s->point);
	buf_put_str(b, "What the sink takes beyond it is kept, and marked as revoked.\n");
}

static void put_lines(struct buf *b, const char *what, struct span lines)
{
	struct span line;
	while (line_take(&lines, &line)) {
		buf_printf(b, "  %s", what);
		text_put_escaped(b, line);
		buf_put_u8(b, '\n');
	}
}

static void put_token(struct buf *b, const struct statement *s)
{
	buf_printf(b, "Whoever holds a token may enrol %llu host(s) named %s until ",
	           (unsigned long long)s->count, s->hosts);
	text_put_time_us(b, s->until_s * 1000000);
	buf_put_str(b, s->from.len ? ", from these addresses only.\n" : ", from anywhere.\n");
	put_hash(b, "token (hash)", &s->token);
	put_lines(b, "from ", s->from);
}

static void put_log_key(struct buf *b, const struct statement *s)
{
	buf_printf(b,
	           "The fleet log is signed by another key from now on, for %llu seconds by the old one "
	           "too.\n",
	           (unsigned long long)s->overlap_s);
	put_key(b, "new key ", &s->log);
	put_hash(b, "the one after it (hash)", &s->next);
}

int statement_words_put(struct buf *b, const struct statement *s)
{
	switch (s->kind) {
	case STATEMENT_ENROL:
	case STATEMENT_RE_ENROL:
	case STATEMENT_ROTATE:
		put_enrolment(b, s);
		break;
	case STATEMENT_REVOKE:
		put_revocation(b, s);
		break;
	case STATEMENT_RETIRE:
		buf_printf(b,
		           "Host %s leaves the fleet: its silence is no alarm, and nothing more is taken of "
		           "it. Reason: %s.\n",
		           s->host, s->reason);
		break;
	case STATEMENT_TOKEN:
		put_token(b, s);
		break;
	case STATEMENT_POLICY:
		buf_put_str(b, "The fleet's witness policy is, from now on:\n");
		put_lines(b, "", s->policy);
		break;
	case STATEMENT_LOG_KEY:
		put_log_key(b, s);
		break;
	case STATEMENT_CLOSE:
		buf_printf(b, "That the log of host %s began anew with epoch %u is explained: %s.\n", s->host,
		           s->point.epoch, s->reason);
		break;
	case STATEMENT_GENESIS:
	case STATEMENT_UNKNOWN:
		return -ENOTSUP;
	}
	buf_printf(b, "  fleet %s, made at ", s->fleet);
	text_put_time_us(b, s->time_s * 1000000);
	buf_put_u8(b, '\n');
	return buf_err(b);
}

static size_t count_bits(uint64_t bits, size_t from, size_t n)
{
	size_t count = 0;
	for (size_t i = from; i < from + n; i++)
		count += bits >> i & 1;
	return count;
}

void statement_words_put_signers(struct buf *b, const struct statement *s, const struct genesis *g,
                                 uint64_t signed_by)
{
	size_t people = g->admin_count + g->auditor_count;
	for (size_t i = 0; i < people; i++) {
		if (signed_by >> i & 1)
			buf_printf(b, "  signed by %s\n", g->people[i].name);
	}
	if (s->has_token && s->kind != STATEMENT_TOKEN) {
		buf_put_str(b, "  the registrar signs it\n");
		return;
	}
	struct need n = genesis_need(g, s->kind);
	size_t admins = count_bits(signed_by, 0, g->admin_count);
	size_t auditors = count_bits(signed_by, g->admin_count, g->auditor_count);
	if (admins >= n.admins && auditors >= n.auditors)
		buf_put_str(b, "  all who must have signed it\n");
	else
		buf_printf(b, "  still to sign: %ju administrator(s), %ju auditor(s)\n",
		           (uintmax_t)(n.admins > admins ? n.admins - admins : 0),
		           (uintmax_t)(n.auditors > auditors ? n.auditors - auditors : 0));
}
