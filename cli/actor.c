#include "cli/actor.h"

#include "lib/cbor.h"

/* A quarter of a million processes take about 100 MB when all of them are there, which is rare. */
#define SLOTS   (1u << 18)
#define BUCKETS (1u << 18)
#define NONE    UINT32_MAX

struct slot {
	uint64_t log; /* hash of the origin */
	uint32_t next;
	struct actor *actor;
};

struct actors {
	struct slot *slot; /* a ring: the oldest is overwritten */
	uint32_t at;
	uint32_t bucket[BUCKETS];
};

void actors_free(struct actors *a)
{
	if (!a)
		return;
	for (uint32_t i = 0; a->slot && i < SLOTS; i++)
		free(a->slot[i].actor);
	free(a->slot);
	free(a);
}

void actors_freep(struct actors **a)
{
	actors_free(*a);
}

int actors_new(struct actors **ret)
{
	cleanup_actors struct actors *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->slot = calloc(SLOTS, sizeof(*a->slot));
	if (!a->slot)
		return -ENOMEM;
	memset(a->bucket, 0xff, sizeof(a->bucket));
	*ret = TAKE_PTR(a);
	return 0;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t log_hash(const struct origin *o)
{
	uint64_t h = mix(1, o->epoch);
	for (const char *p = o->host; *p; p++)
		h = mix(h, (uint8_t)*p);
	return h;
}

static uint32_t *bucket_of(const struct actors *a, uint64_t log, uint64_t index)
{
	struct actors *writable = (struct actors *)(uintptr_t)a;
	return &writable->bucket[mix(log, index) % BUCKETS];
}

static void forget(struct actors *a, uint32_t at)
{
	struct slot *s = &a->slot[at];
	if (!s->actor)
		return;
	uint32_t *link = bucket_of(a, s->log, s->actor->index);
	while (*link != at)
		link = &a->slot[*link].next;
	*link = s->next;
	free(s->actor);
	s->actor = NULL;
}

/* An array of four. */
static void take_ids(struct cursor *c, bool *has, uint32_t ret[4])
{
	size_t n = cbor_array(c);
	for (size_t i = 0; i < n && !c->err; i++) {
		uint64_t v = cbor_uint(c);
		if (i < 4)
			ret[i] = (uint32_t)v;
	}
	*has = n == 4 && !c->err;
}

static void take_text(struct cursor *c, char *ret, size_t size)
{
	struct span s = cbor_bytes(c);
	size_t n = MIN(s.len, size - 1);
	if (!c->err && n)
		memcpy(ret, s.data, n);
}

static void take_exe(struct cursor *c, struct actor *a)
{
	struct span s = cbor_bytes(c);
	size_t n = MIN(s.len, sizeof(a->exe) - 1);
	if (!c->err && n)
		memcpy(a->exe, s.data + (s.len - n), n);
	a->exe[n] = 0;
}

static void take_field(struct cursor *c, uint64_t key, struct actor *a)
{
	switch (key) {
	case PROCESS_PID:
		a->pid = cbor_uint(c);
		break;
	case PROCESS_EXE:
		take_exe(c, a);
		break;
	case PROCESS_UIDS:
		take_ids(c, &a->has_uids, a->uids);
		a->has_uid = a->has_uids;
		a->uid = a->uids[1];
		break;
	case PROCESS_GIDS:
		take_ids(c, &a->has_gids, a->gids);
		break;
	case PROCESS_PARENT_PID:
		a->ppid = (uint32_t)cbor_uint(c);
		break;
	case PROCESS_COMM:
		take_text(c, a->comm, sizeof(a->comm));
		break;
	case PROCESS_TTY:
		take_text(c, a->tty, sizeof(a->tty));
		break;
	case PROCESS_LOGINUID:
		a->auid = cbor_uint(c);
		a->has_auid = !c->err;
		break;
	case PROCESS_SESSION:
		a->session = cbor_uint(c);
		a->has_session = !c->err;
		break;
	default:
		cbor_skip(c);
		break;
	}
}

void actor_read(const struct entry *e, struct actor *ret)
{
	struct cursor c;
	int64_t prev = -1;
	*ret = (struct actor){ 0 };
	cursor_init(&c, e->fields.data, e->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--)
		take_field(&c, cbor_key(&c, &prev), ret);
}

void actors_take(struct actors *a, const struct origin *o, uint64_t index, const struct entry *e)
{
	if (e->kind != KIND_PROCESS && e->kind != KIND_EXEC)
		return;
	struct actor *actor = calloc(1, sizeof(*actor));
	if (!actor)
		return;
	actor_read(e, actor);
	actor->index = index;
	struct slot *s = &a->slot[a->at];
	forget(a, a->at);
	s->log = log_hash(o);
	s->actor = actor;
	uint32_t *head = bucket_of(a, s->log, index);
	s->next = *head;
	*head = a->at;
	a->at = (a->at + 1) % SLOTS;
}

const struct actor *actors_find(const struct actors *a, const struct origin *o, uint64_t index)
{
	uint64_t log = log_hash(o);
	for (uint32_t at = *bucket_of(a, log, index); at != NONE; at = a->slot[at].next) {
		const struct slot *s = &a->slot[at];
		if (s->log == log && s->actor->index == index)
			return s->actor;
	}
	return NULL;
}
