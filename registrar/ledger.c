#include "registrar/ledger.h"

#include <stdio.h>

#include "lib/file.h"

/* What a statement of this kind differs in. */
struct joined {
	char host[LABEL_MAX + 1];
	uint64_t time_s;
	struct ed25519_public identity;
	struct hash certificate, token;
	bool durable; /* else its file may be there or not: it is used all the same */
};

#define NAME_END       ".enrol"
#define NAME_MAX_BYTES (LABEL_MAX + sizeof(NAME_END))

struct ledger {
	const struct env *env;
	int dirfd;
	char fleet[LABEL_MAX + 1];
	struct joined *row;
	size_t count, room;
};

static struct joined *find(const struct ledger *l, const char *host)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->row[i].host, host) == 0)
			return &l->row[i];
	}
	return NULL;
}

static int make_room(struct ledger *l)
{
	if (l->count < l->room)
		return 0;
	size_t room = l->room ? 2 * l->room : 64;
	if (l->count >= LEDGER_MAX_HOSTS)
		return -ENOSPC;
	struct joined *row = reallocarray(l->row, room, sizeof(*row));
	if (!row)
		return -ENOMEM;
	l->row = row;
	l->room = room;
	return 0;
}

static struct joined *keep(struct ledger *l, const struct statement *s)
{
	struct joined *j = &l->row[l->count++];
	*j = (struct joined){ .time_s = s->time_s,
		              .identity = s->identity.pub,
		              .certificate = s->certificate,
		              .token = s->token };
	memcpy(j->host, s->host, sizeof(j->host));
	return j;
}

/* A host's name may end in anything, so that no host's name is another's file. */
static void name_file(const char *host, char ret[NAME_MAX_BYTES])
{
	snprintf(ret, NAME_MAX_BYTES, "%s" NAME_END, host);
}

static int read_one(struct ledger *l, const char *name)
{
	cleanup_buf struct buf text = { 0 };
	struct statement s;
	char wanted[NAME_MAX_BYTES];
	int r = file_read(l->env, l->dirfd, name, STATEMENT_TEXT_MAX, &text);
	if (r < 0)
		return r;
	r = statement_parse_text((struct span){ text.data, text.len }, &s);
	if (r < 0)
		return r;
	name_file(s.host, wanted);
	if (s.kind != STATEMENT_ENROL || !s.has_token || strcmp(wanted, name) != 0 ||
	    strcmp(s.fleet, l->fleet) != 0)
		return -EBADMSG;
	r = make_room(l);
	if (r == 0)
		keep(l, &s)->durable = true;
	return r;
}

static bool unfinished(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && strcmp(name + n - 4, ".tmp") == 0;
}

static int read_all(struct ledger *l, char *error, size_t error_size)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	int r = l->env->list(l->env, l->dirfd, &names, &len);
	if (r < 0)
		snprintf(error, error_size, "the folder can't be listed: %s", strerror(-r));
	for (size_t at = 0; at < len && r == 0; at += strlen(names + at) + 1) {
		if (unfinished(names + at))
			continue;
		r = read_one(l, names + at);
		if (r < 0)
			snprintf(error, error_size, "'%s' can't be used: %s", names + at,
			         r == -EBADMSG ? "it is not what the registrar writes" : strerror(-r));
	}
	return r;
}

int ledger_open(const struct env *env, int dirfd, const char *fleet, struct ledger **ret, char *error,
                size_t error_size)
{
	struct ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->env = env;
	l->dirfd = dirfd;
	snprintf(l->fleet, sizeof(l->fleet), "%s", fleet);
	int r = read_all(l, error, error_size);
	if (r < 0) {
		ledger_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	free(l->row);
	free(l);
}

bool ledger_find(const struct ledger *l, const char *host, struct statement *ret)
{
	const struct joined *j = find(l, host);
	struct statement s = { .kind = STATEMENT_ENROL, .has_token = true };
	struct origin o = { .epoch = 1 };
	char name[KEY_NAME_MAX + 1];
	if (!j)
		return false;
	memcpy(s.fleet, l->fleet, sizeof(s.fleet));
	memcpy(s.host, j->host, sizeof(s.host));
	memcpy(o.fleet, l->fleet, sizeof(o.fleet));
	memcpy(o.host, j->host, sizeof(o.host));
	origin_identity_name(&o, name);
	s.time_s = j->time_s;
	s.certificate = j->certificate;
	s.token = j->token;
	if (key_make(name, KEY_TYPE_ED25519, &j->identity, &s.identity) < 0)
		return false;
	*ret = s;
	return true;
}

uint64_t ledger_used(const struct ledger *l, const struct hash *token)
{
	uint64_t used = 0;
	for (size_t i = 0; i < l->count; i++)
		used += hash_equal(&l->row[i].token, token);
	return used;
}

int ledger_add(struct ledger *l, const struct statement *enrolment)
{
	cleanup_buf struct buf text = { 0 };
	char name[NAME_MAX_BYTES];
	struct joined *j = find(l, enrolment->host);
	if (j && j->durable)
		return -EEXIST;
	statement_put_text(&text, enrolment);
	int r = buf_err(&text);
	if (r == 0 && !j)
		r = make_room(l);
	if (r < 0)
		return r;
	/* Before the write: one that fails may have reached the disk all the same. */
	if (!j)
		j = keep(l, enrolment);
	name_file(enrolment->host, name);
	r = file_replace(l->env, l->dirfd, name, (struct span){ text.data, text.len }, 0600);
	j->durable = r == 0;
	return r;
}
