#include "collector/repeats.h"

#include "lib/digest.h"

#define BUCKETS 4096 /* a power of two */
#define ACTORS  1024 /* likewise */

struct item {
	struct item *next_in_bucket;
	struct item *next_of_actor, **here_of_actor; /* among those whose actors share a bucket */
	struct item *newer, *older;                  /* by when it was first told */
	struct hash id;
	uint64_t begun_us;
	struct repeated seen;
	uint8_t bytes[]; /* fields */
};

struct repeats {
	struct repeats_config config;
	struct item *buckets[BUCKETS];
	struct item *actors[ACTORS];
	struct item *newest, *oldest;
	size_t count, bytes;
	uint64_t untold;
};

int repeats_new(const struct repeats_config *config, struct repeats **ret)
{
	struct repeats *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->config = *config;
	*ret = r;
	return 0;
}

static struct item **bucket_of(struct repeats *r, const struct hash *id)
{
	uint32_t word;
	memcpy(&word, id->b, sizeof(word));
	return &r->buckets[word & (BUCKETS - 1)];
}

static struct item **actor_of(struct repeats *r, struct process_key actor)
{
	return &r->actors[(actor.tgid ^ actor.start_us) & (ACTORS - 1)];
}

static void unlink_actor(struct item *i)
{
	*i->here_of_actor = i->next_of_actor;
	if (i->next_of_actor)
		i->next_of_actor->here_of_actor = i->here_of_actor;
}

static void link_actor(struct repeats *r, struct item *i)
{
	struct item **first = actor_of(r, i->seen.actor);
	i->next_of_actor = *first;
	i->here_of_actor = first;
	if (*first)
		(*first)->here_of_actor = &i->next_of_actor;
	*first = i;
}

static void unlink_item(struct repeats *r, struct item *i)
{
	struct item **at = bucket_of(r, &i->id);
	while (*at != i)
		at = &(*at)->next_in_bucket;
	*at = i->next_in_bucket;
	unlink_actor(i);
	*(i->newer ? &i->newer->older : &r->newest) = i->older;
	*(i->older ? &i->older->newer : &r->oldest) = i->newer;
	r->count--;
	r->bytes -= i->seen.fields.len;
}

static void drop(struct repeats *r, struct item *i)
{
	unlink_item(r, i);
	free(i);
}

static void append(struct repeats *r, struct item *i, uint64_t begun_us)
{
	struct item **bucket = bucket_of(r, &i->id);
	i->begun_us = begun_us;
	i->next_in_bucket = *bucket;
	*bucket = i;
	link_actor(r, i);
	i->newer = NULL;
	i->older = r->newest;
	*(r->newest ? &r->newest->newer : &r->oldest) = i;
	r->newest = i;
	r->count++;
	r->bytes += i->seen.fields.len;
}

void repeats_free(struct repeats *r)
{
	while (r && r->oldest)
		drop(r, r->oldest);
	free(r);
}

void repeats_set_interval(struct repeats *r, uint64_t interval_us)
{
	r->config.interval_us = interval_us;
}

static void tell(struct repeats *r, struct item *i)
{
	if (i->seen.count)
		r->config.tell(r->config.context, &i->seen);
	r->untold -= i->seen.count;
	i->seen.count = 0;
}

/* Begins with numbers, so that nothing that a process can choose runs into another part. */
static struct hash identify(struct process_key actor, const struct intake_event *e)
{
	uint64_t head[] = { actor.tgid, actor.start_us, e->kind, e->process };
	struct span parts[] = { { (const uint8_t *)head, sizeof(head) }, e->fields };
	struct hash id;
	sha256_parts(parts, ARRAY_SIZE(parts), &id);
	return id;
}

static struct item *find(struct repeats *r, const struct hash *id)
{
	struct item *i = *bucket_of(r, id);
	while (i && !hash_equal(&i->id, id))
		i = i->next_in_bucket;
	return i;
}

static void remember(struct repeats *r, const struct hash *id, struct process_key actor,
                     const struct intake_event *e)
{
	while (r->oldest && (r->count >= REPEATS_MAX || r->bytes + e->fields.len > REPEATS_BYTES_MAX)) {
		tell(r, r->oldest);
		drop(r, r->oldest);
	}
	struct item *i = malloc(sizeof(*i) + e->fields.len);
	if (!i)
		return;
	memcpy(i->bytes, e->fields.data, e->fields.len);
	i->id = *id;
	i->seen = (struct repeated){ .actor = actor,
		                     .kind = e->kind,
		                     .sensors = e->sensors,
		                     .process = e->process,
		                     .fields = { i->bytes, e->fields.len } };
	append(r, i, e->boot_us);
}

bool repeats_take(struct repeats *r, struct process_key actor, const struct intake_event *e)
{
	struct hash id = identify(actor, e);
	struct item *i = find(r, &id);
	if (i && e->boot_us >= i->begun_us + r->config.interval_us) {
		tell(r, i);
		drop(r, i);
		i = NULL;
	}
	if (!i) {
		remember(r, &id, actor, e);
		return false;
	}
	r->untold++;
	if (!i->seen.count++)
		i->seen.first_us = e->boot_us;
	i->seen.last_us = e->boot_us;
	i->seen.sensors |= e->sensors;
	return true;
}

void repeats_tick(struct repeats *r, uint64_t now_us)
{
	while (r->oldest && r->oldest->begun_us + r->config.interval_us <= now_us) {
		struct item *i = r->oldest;
		bool goes_on = i->seen.count > 0;
		tell(r, i);
		if (!goes_on) {
			drop(r, i);
			continue;
		}
		/* Its next ones are counted from now on. */
		unlink_item(r, i);
		append(r, i, now_us);
	}
}

static bool same_process(struct process_key a, struct process_key b)
{
	return a.tgid == b.tgid && a.start_us == b.start_us;
}

void repeats_end(struct repeats *r, struct process_key actor)
{
	struct item *next;
	for (struct item *i = *actor_of(r, actor); i; i = next) {
		next = i->next_of_actor;
		if (!same_process(i->seen.actor, actor))
			continue;
		tell(r, i);
		drop(r, i);
	}
}

void repeats_flush(struct repeats *r)
{
	for (struct item *i = r->oldest; i; i = i->newer)
		tell(r, i);
	while (r->oldest)
		drop(r, r->oldest);
}

uint64_t repeats_untold(const struct repeats *r)
{
	return r->untold;
}

void repeats_undescribe(struct repeats *r)
{
	for (struct item *i = r->oldest; i; i = i->newer)
		i->seen.process = INTAKE_NO_PROCESS;
}
