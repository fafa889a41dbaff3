#include "evidence/roll.h"

#include "evidence/succession.h"

#define DAY_S 86400

void roll_init(struct roll *l, const struct genesis *g)
{
	*l = (struct roll){ .genesis = g, .log = g->log, .has_next = g->has_next_log, .next = g->next_log };
}

void roll_done(struct roll *l)
{
	free(l->key);
	free(l->token);
	buf_done(&l->policy);
	buf_done(&l->log_keys);
	*l = (struct roll){ 0 };
}

bool statement_about_host(enum statement_kind k)
{
	return statement_gives_identity(k) || k == STATEMENT_REVOKE || k == STATEMENT_RETIRE ||
	       k == STATEMENT_CLOSE;
}

static bool same_public(const struct ed25519_public *a, const struct ed25519_public *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool roll_key_taken(const struct roll *l, const struct ed25519_public *pub)
{
	const struct genesis *g = l->genesis;
	if (same_public(pub, &g->log.pub) || (g->has_registrar && same_public(pub, &g->registrar.pub)))
		return true;
	for (size_t i = 0; i < g->admin_count + g->auditor_count; i++) {
		if (same_public(pub, &g->people[i].pub))
			return true;
	}
	for (size_t i = 0; i < l->key_count; i++) {
		if (same_public(pub, &l->key[i]))
			return true;
	}
	return false;
}

static struct roll_token *find_token(const struct roll *l, const struct hash *token)
{
	for (size_t i = 0; i < l->token_count; i++) {
		if (hash_equal(&l->token[i].token, token))
			return &l->token[i];
	}
	return NULL;
}

/* A re-enrolment takes a token that names the host: a group's can't take over a name. */
static const char *token_refuses(const struct roll *l, const struct statement *s, uint64_t time_us)
{
	const struct roll_token *t = find_token(l, &s->token);
	if (!t)
		return "no token statement has this token";
	if (time_us / 1000000 > t->until_s)
		return "the token has expired";
	if (t->used >= t->count)
		return "the token is used up";
	if (!statement_host_fits(t->hosts, s->host))
		return "the token is for other hosts";
	if (s->kind == STATEMENT_RE_ENROL && strcmp(t->hosts, s->host) != 0)
		return "the host was enrolled before, and the token is not for it alone";
	return NULL;
}

static const char *identity_refuses(const struct roll *l, const struct statement *s, uint64_t time_us)
{
	if (roll_key_taken(l, &s->identity.pub))
		return "the identity key is in use, or was";
	return s->has_token ? token_refuses(l, s, time_us) : NULL;
}

/* Is p before q? */
static bool before(const struct log_point *p, const struct log_point *q)
{
	return p->epoch != q->epoch ? p->epoch < q->epoch : p->size < q->size;
}

static bool same_head(const struct log_point *p, const struct log_point *q)
{
	if (p->epoch != q->epoch || p->size != q->size)
		return false;
	return p->epoch == 0 || hash_equal(&p->root, &q->root);
}

static const char *rotation_refuses(const struct roll *l, const struct statement *s,
                                    const struct standing *host, const struct log_point *head,
                                    uint64_t time_us)
{
	if (host->retired || host->revoked)
		return "the host is revoked or retired: it must be re-enrolled";
	if (!before(&s->point, head))
		return "the announcement has not reached the sink";
	return identity_refuses(l, s, time_us);
}

static const char *revocation_refuses(const struct statement *s, const struct standing *host,
                                      const struct log_point *head)
{
	if (!key_equal(&s->identity, &host->identity))
		return "the identity key is not the one in force";
	if (before(&s->point, head))
		return "it would disown what has a receipt: the host's newest committed head is beyond it";
	if (!before(head, &s->point) && !same_head(&s->point, head))
		return "the host's newest committed head has another root";
	return NULL;
}

static const char *host_refuses(const struct roll *l, const struct statement *s, const struct standing *host,
                                const struct log_point *head, uint64_t time_us)
{
	if (s->kind == STATEMENT_ENROL)
		return host ? "the host is enrolled already" : identity_refuses(l, s, time_us);
	if (!host)
		return "the host is not enrolled";
	if (s->time_s <= host->stated_s)
		return "a younger statement about the host, or this one, is in the fleet log";
	if (s->kind == STATEMENT_RE_ENROL)
		return same_head(&s->point, head) ? identity_refuses(l, s, time_us)
		                                  : "it does not follow on the host's newest committed head";
	if (s->kind == STATEMENT_ROTATE)
		return rotation_refuses(l, s, host, head, time_us);
	if (s->kind == STATEMENT_REVOKE)
		return revocation_refuses(s, host, head);
	return NULL;
}

static const char *log_key_refuses(const struct roll *l, const struct statement *s)
{
	struct hash hash;
	log_key_hash(&s->log.pub, &hash);
	if (!l->has_next)
		return "no key was prepared: the genesis statement has no next-log-key";
	if (!hash_equal(&hash, &l->next))
		return "the key is not the one that was prepared";
	if (l->log_key_count == SUCCESSION_MAX)
		return "the log's key was handed on as often as can be";
	return roll_key_taken(l, &s->log.pub) ? "the key is in use, or was" : NULL;
}

const char *roll_refuses(const struct roll *l, const struct statement *s, const struct standing *host,
                         const struct log_point *head, uint64_t time_us)
{
	if (s->time_s > time_us / 1000000 + DAY_S)
		return "it was made more than a day in the future";
	if (statement_about_host(s->kind))
		return host_refuses(l, s, host, head, time_us);
	if (s->kind == STATEMENT_TOKEN)
		return find_token(l, &s->token) ? "the token was stated before" : NULL;
	if (s->kind == STATEMENT_POLICY)
		return s->time_s <= l->policy_s ? "a younger policy, or this one, is in the fleet log" : NULL;
	return s->kind == STATEMENT_LOG_KEY ? log_key_refuses(l, s) : NULL;
}

int roll_add_key(struct roll *l, const struct ed25519_public *pub)
{
	if (l->key_count == l->key_cap) {
		size_t cap = MAX(l->key_cap * 2, (size_t)16);
		struct ed25519_public *grown = reallocarray(l->key, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->key = grown;
		l->key_cap = cap;
	}
	l->key[l->key_count++] = *pub;
	return 0;
}

int roll_add_token(struct roll *l, const struct roll_token *t)
{
	if (l->token_count == l->token_cap) {
		size_t cap = MAX(l->token_cap * 2, (size_t)16);
		struct roll_token *grown = reallocarray(l->token, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->token = grown;
		l->token_cap = cap;
	}
	l->token[l->token_count++] = *t;
	return 0;
}

static int take_token(struct roll *l, const struct statement *s)
{
	struct roll_token t = { .token = s->token, .count = s->count, .until_s = s->until_s };
	memcpy(t.hosts, s->hosts, sizeof(t.hosts));
	return roll_add_token(l, &t);
}

static int give_identity(struct roll *l, const struct statement *s, struct standing *host)
{
	struct roll_token *t = s->has_token ? find_token(l, &s->token) : NULL;
	int r = roll_add_key(l, &s->identity.pub);
	if (r < 0)
		return r;
	if (t)
		t->used++;
	host->identity = s->identity;
	host->certificate = s->certificate;
	if (s->kind == STATEMENT_ROTATE)
		return 0;
	host->has_token = s->has_token;
	host->token = s->token;
	host->retired = host->revoked = false;
	host->closed_epoch = s->kind == STATEMENT_RE_ENROL ? s->point.epoch : 0;
	return 0;
}

static int take_host(struct roll *l, const struct statement *s, struct standing *host)
{
	int r = statement_gives_identity(s->kind) ? give_identity(l, s, host) : 0;
	if (r < 0)
		return r;
	host->stated_s = s->time_s;
	if (s->kind == STATEMENT_RETIRE)
		host->retired = true;
	/* Two revocations of one identity: what is gone stays gone. */
	if (s->kind == STATEMENT_REVOKE && (!host->revoked || before(&s->point, &host->revoked_at)))
		host->revoked_at = s->point;
	host->revoked = host->revoked || s->kind == STATEMENT_REVOKE;
	return 0;
}

static int take_policy(struct roll *l, const struct statement *s)
{
	struct buf policy = { 0 };
	buf_put(&policy, s->policy.data, s->policy.len);
	if (buf_err(&policy)) {
		buf_done(&policy);
		return -ENOMEM;
	}
	buf_done(&l->policy);
	l->policy = policy;
	l->policy_s = s->time_s;
	return 0;
}

static int take_log_key(struct roll *l, const struct statement *s, uint64_t index, uint64_t time_us)
{
	int r = roll_add_key(l, &s->log.pub);
	if (r < 0)
		return r;
	l->former = l->log;
	l->has_former = true;
	l->log = s->log;
	l->log_index = index;
	l->log_key_count++;
	l->overlap_end_us = time_us + s->overlap_s * 1000000;
	l->next = s->next;
	l->has_next = true;
	return 0;
}

int roll_take(struct roll *l, const struct statement *s, struct standing *host, uint64_t index,
              uint64_t time_us)
{
	if (statement_about_host(s->kind))
		return take_host(l, s, host);
	if (s->kind == STATEMENT_TOKEN)
		return take_token(l, s);
	if (s->kind == STATEMENT_POLICY)
		return take_policy(l, s);
	return s->kind == STATEMENT_LOG_KEY ? take_log_key(l, s, index, time_us) : 0;
}

int roll_keep(struct roll *l, const struct statement *s, struct span note)
{
	if (s->kind == STATEMENT_LOG_KEY)
		succession_put(&l->log_keys, note);
	return buf_err(&l->log_keys);
}

bool standing_takes(const struct standing *h, uint32_t epoch)
{
	return !h->retired && epoch > h->closed_epoch;
}

bool standing_quarantines(const struct standing *h, uint32_t epoch, uint64_t size)
{
	const struct log_point end = { .epoch = epoch, .size = size };
	return h->revoked && before(&h->revoked_at, &end);
}

int roll_check_note(const struct roll *l, struct span note, bool published, struct checkpoint *ret)
{
	struct note n;
	struct checkpoint c;
	if (note_parse(note, &n) < 0 || checkpoint_parse(n.text, &c) < 0)
		return -EBADMSG;
	bool before = l->has_former && c.size <= l->log_index;
	const struct key *key = before ? &l->former : &l->log;
	return published
	               ? checkpoint_verify_fleet(note, key, false, ret)
	               : checkpoint_verify_keys(note, key, l->has_former && !before ? &l->former : NULL, ret);
}
