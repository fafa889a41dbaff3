/* The protocol of sealing, crashing, shipping, committing, receipting, freeing and beginning anew, enumerated
 * at small size.
 *
 * docs/format.md section 14 is the host's side ("persist, then sign"; numbers in brackets are its steps),
 * sections 12 and 13.2 the sink's. Every durable step is one transition, and a crash may fall between any
 * two. A batch is a number, never given twice, that stands for its content and all before it, so it is also
 * the root that its note signs.
 *
 * All reachable states are visited. In each: one root for each size and one note for each key; what was
 * receipted is on the sink's stable storage, and what is freed was receipted; no epoch goes on after its
 * state was lost. And nothing is stuck: from every state the calm (no further evil) leads to the end, in
 * which everything sealed is receipted or was given up by a new epoch, and it does so on every path, for the
 * calm has no cycle.
 *
 * usage: seal_model [--break RULE] CRASHES SINK_CRASHES LOST_ANSWERS LOST_STATES ROLLBACKS SEALS
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZES  4  /* of an epoch, counted in batches: 0 to SIZES - 1 */
#define EPOCHS 8  /* numbers 1 to EPOCHS - 1 */
#define NAMES  24 /* batches and keys are numbers below this */

enum rule {
	KEEP_ALL_RULES,
	SIGN_FIRST,          /* sign before the batch is on stable storage */
	KEEP_USED_KEY,       /* don't overwrite the key that signed */
	CONTINUE_LOST,       /* go on in the old epoch with the spool's help after the slots are gone */
	IGNORE_CONFLICT,     /* keep shipping what the sink refuses */
	FREE_EARLY,          /* free a batch when it is sent */
	RECEIPT_BEFORE_SYNC, /* the sink answers before its data is durable */
	SINK_OVERWRITES,     /* the sink takes a second history for a size */
	NUMBER_LAST,         /* keep the new epoch's number only after its first key */
	RULES,
};

static const char *const rule_names[RULES] = {
	"none",       "sign-first",          "keep-used-key",   "continue-lost", "ignore-conflict",
	"free-early", "receipt-before-sync", "sink-overwrites", "number-last"
};

enum tmp {
	TMP_NONE,
	TMP_WRITTEN,
	TMP_SYNCED,
	TMP_SIGNING,
	TMP_SIGNED
}; /* WRITTEN and SIGNING are not yet durable */
enum net { NET_IDLE, NET_REQUEST, NET_RECEIPT, NET_CONFLICT };
enum step {
	RUN,
	WRITE_BATCH,
	SYNC_BATCH,
	SIGN,
	SYNC_SIGNATURES,
	ERASE_KEY,
	PUBLISH,
	CLEAR_SLOTS,
	NUMBER_EPOCH,
	FIRST_KEY,
	GIVE_UP
};

struct slot {
	uint8_t gen, epoch, size, key, root; /* gen 0: empty */
};

/* What survives a crash of the host. */
struct disk {
	struct slot slot[2];
	uint8_t spool[EPOCHS][SIZES];
	uint8_t epoch_file;
	uint8_t rec_epoch, rec_size; /* the newest receipt */
	uint8_t tmp, tmp_epoch, tmp_size, tmp_batch;
};

/* Bytes only: compared and hashed as they are. */
struct state {
	struct disk disk, copy;
	uint8_t copied, rolled_back;
	uint8_t up, step, gen, epoch, size, above, giving_up;  /* the sealer's memory */
	uint8_t sink_epoch, sink_size, stored[EPOCHS][SIZES];  /* the sink's disk */
	uint8_t pend_epoch, pend_size, pend_batch, answer_due; /* written, not synced */
	uint8_t net, net_epoch, net_size, net_batch;
	uint8_t batches, keys, parent[NAMES];
	uint8_t seals, crashes, sink_crashes, lost_answers, lost_states, rollbacks; /* still to come */
	/* What anybody may remember for ever. */
	uint8_t signed_root[EPOCHS][SIZES], key_note[NAMES], receipted[EPOCHS][SIZES], last_signed_epoch;
	uint8_t published[EPOCHS][SIZES], given_up[EPOCHS][SIZES];
};

static enum rule broken;
static const char *violation;

static void must(bool holds, const char *what)
{
	if (!holds && !violation)
		violation = what;
}

static bool covered(const struct disk *d, int e, int s)
{
	return e < d->rec_epoch || (e == d->rec_epoch && s <= d->rec_size);
}

/* The oldest batch in the spool without a receipt. */
static bool next_to_ship(const struct disk *d, int *ret_e, int *ret_s)
{
	for (int e = 1; e < EPOCHS; e++) {
		for (int s = 1; s < SIZES; s++) {
			if (d->spool[e][s] && !covered(d, e, s)) {
				*ret_e = e;
				*ret_s = s;
				return true;
			}
		}
	}
	return false;
}

static int newest_epoch(const struct disk *d)
{
	for (int e = EPOCHS - 1; e > 0; e--) {
		for (int s = 1; s < SIZES; s++) {
			if (d->spool[e][s])
				return e;
		}
	}
	return 0;
}

static void write_slot(struct state *t, int gen, int epoch, int size, int root)
{
	t->disk.slot[gen % 2] =
	        (struct slot){ (uint8_t)gen, (uint8_t)epoch, (uint8_t)size, ++t->keys, (uint8_t)root };
}

/* A disk that went back in time does sign a second root for a size: nobody can prevent it, so the sink must
 * refuse it. */
static void sign(struct state *t)
{
	const struct disk *d = &t->disk;
	uint8_t key = d->slot[t->gen % 2].key;
	uint8_t *root = &t->signed_root[d->tmp_epoch][d->tmp_size];
	must(t->rolled_back || !*root || *root == d->tmp_batch, "two roots were signed for one size");
	must(t->rolled_back || !t->key_note[key] || t->key_note[key] == d->tmp_batch,
	     "one key signed two notes");
	if (!t->rolled_back) {
		*root = d->tmp_batch;
		t->key_note[key] = d->tmp_batch;
	}
	if (d->tmp_epoch > t->last_signed_epoch)
		t->last_signed_epoch = d->tmp_epoch;
}

static void publish(struct state *t)
{
	struct disk *d = &t->disk;
	d->spool[d->tmp_epoch][d->tmp_size] = d->tmp_batch;
	d->tmp = TMP_NONE;
	t->published[d->tmp_epoch][d->tmp_size] = d->tmp_batch;
}

static void adopt(struct state *t, const struct slot *s)
{
	t->gen = s->gen;
	t->epoch = s->epoch;
	t->size = s->size;
	t->step = RUN;
}

static void continue_lost(struct state *t)
{
	int e = newest_epoch(&t->disk), s = 0;
	if (e == 0)
		return;
	for (int i = 1; i < SIZES; i++)
		s = t->disk.spool[e][i] ? i : s;
	write_slot(t, 1, e, s, t->disk.spool[e][s]);
	adopt(t, &t->disk.slot[1]);
}

static bool newer_in_spool(const struct state *t)
{
	if (newest_epoch(&t->disk) > t->epoch)
		return true;
	for (int s = t->size + 1; s < SIZES; s++) {
		if (t->disk.spool[t->epoch][s])
			return true;
	}
	return false;
}

/* Section 14: "On start". */
static void recover_slots(struct state *t)
{
	struct disk *d = &t->disk;
	bool first = d->slot[0].gen != 0, second = d->slot[1].gen != 0;
	if (!first && !second) {
		t->step = CLEAR_SLOTS;
		if (broken == CONTINUE_LOST)
			continue_lost(t);
		return;
	}
	if (first && second) {
		struct slot *older = &d->slot[d->slot[0].gen > d->slot[1].gen],
		            *newer = &d->slot[d->slot[0].gen < d->slot[1].gen];
		adopt(t, older);
		bool whole = d->tmp == TMP_SYNCED || d->tmp == TMP_SIGNED;
		if (whole && d->tmp_epoch == t->epoch && d->tmp_size == t->size + 1 &&
		    d->tmp_batch == newer->root) {
			t->step = SIGN;
			return;
		}
		*newer = (struct slot){ 0 };
		d->tmp = TMP_NONE;
		return;
	}
	const struct slot *only = &d->slot[second];
	adopt(t, only);
	if (d->tmp == TMP_SIGNED && d->tmp_epoch == t->epoch && d->tmp_size == t->size &&
	    d->tmp_batch == only->root && !d->spool[t->epoch][t->size])
		publish(t);
	d->tmp = TMP_NONE;
}

static void recover(struct state *t)
{
	t->up = true;
	t->above = t->giving_up = 0;
	recover_slots(t);
	if (t->step == RUN && newer_in_spool(t))
		t->step = CLEAR_SLOTS;
}

static void start_seal(struct state *t)
{
	struct disk *d = &t->disk;
	t->seals--;
	t->batches++;
	t->parent[t->batches] = d->slot[t->gen % 2].root;
	d->tmp_batch = t->batches;
	d->tmp_epoch = t->epoch;
	d->tmp_size = (uint8_t)(t->size + 1);
	d->tmp = TMP_NONE;
	write_slot(t, t->gen + 1, t->epoch, t->size + 1, t->batches); /* [1] */
	t->step = WRITE_BATCH;
}

static void number_epoch(struct state *t)
{
	int last = newest_epoch(&t->disk);
	last = t->disk.epoch_file > last ? t->disk.epoch_file : last;
	last = t->above > last ? t->above : last;
	must(last + 1 < EPOCHS, "epochs without end");
	t->epoch = (uint8_t)(last + 1 < EPOCHS ? last + 1 : last);
	if (broken != NUMBER_LAST)
		t->disk.epoch_file = t->epoch;
	t->size = 0;
	t->gen = 1;
}

static void first_key(struct state *t)
{
	must(t->rolled_back || t->epoch > t->last_signed_epoch, "an epoch goes on after its state was lost");
	write_slot(t, 1, t->epoch, 0, 0);
	t->step = t->giving_up ? GIVE_UP : RUN;
}

static void give_up(struct state *t)
{
	for (int e = 1; e < t->epoch; e++) {
		for (int s = 1; s < SIZES; s++) {
			if (covered(&t->disk, e, s))
				continue;
			t->given_up[e][s] = t->disk.spool[e][s];
			t->disk.spool[e][s] = 0;
		}
	}
	t->giving_up = 0;
	t->step = RUN;
}

/* The one next step of a sealer that is in the middle of something. */
static void seal_step(struct state *t)
{
	struct disk *d = &t->disk;
	switch ((enum step)t->step) {
	case RUN:
		break;
	case WRITE_BATCH: /* [2] */
		if (broken == SIGN_FIRST)
			sign(t);
		d->tmp = TMP_WRITTEN;
		t->step = SYNC_BATCH;
		break;
	case SYNC_BATCH:
		d->tmp = TMP_SYNCED;
		t->step = SIGN;
		break;
	case SIGN: /* [3], from memory or again after a crash */
		sign(t);
		d->tmp = TMP_SIGNING;
		t->step = SYNC_SIGNATURES;
		break;
	case SYNC_SIGNATURES:
		d->tmp = TMP_SIGNED;
		t->step = ERASE_KEY;
		break;
	case ERASE_KEY: /* [4] */
		if (broken != KEEP_USED_KEY)
			d->slot[t->gen % 2] = (struct slot){ 0 };
		t->step = PUBLISH;
		break;
	case PUBLISH: /* [5]: only now may the shipper see the batch */
		publish(t);
		t->gen++;
		t->size++;
		t->step = RUN;
		break;
	case CLEAR_SLOTS: /* a new epoch: the old keys go, the number is kept, the first key is made */
		memset(d->slot, 0, sizeof(d->slot));
		d->tmp = TMP_NONE;
		t->step = NUMBER_EPOCH;
		break;
	case NUMBER_EPOCH:
		number_epoch(t);
		t->step = FIRST_KEY;
		break;
	case FIRST_KEY:
		first_key(t);
		break;
	case GIVE_UP:
		give_up(t);
		break;
	}
}

static bool head_is_ours(const struct state *t)
{
	return t->net_batch && t->disk.spool[t->net_epoch][t->net_size] == t->net_batch;
}

static void keep_receipt(struct state *t)
{
	t->disk.rec_epoch = t->net_epoch;
	t->disk.rec_size = t->net_size;
}

/* Kept first; then what is older than the newest receipted batch is freed. */
static void take_receipt(struct state *t)
{
	t->net = NET_IDLE;
	if (!head_is_ours(t))
		return;
	keep_receipt(t);
	for (int e = 1; e <= t->net_epoch; e++) {
		for (int s = 1; s < SIZES; s++) {
			if (e == t->net_epoch && s >= t->net_size)
				break;
			uint8_t *b = &t->disk.spool[e][s];
			must(!*b || t->stored[e][s] == *b, "a batch was freed that the sink does not have");
			*b = 0;
		}
	}
}

/* The sink's newest head: ours, so go on from there; or not, so this disk went back in time. */
static void take_conflict(struct state *t)
{
	t->net = NET_IDLE;
	if (head_is_ours(t)) {
		keep_receipt(t);
		return;
	}
	if (broken == IGNORE_CONFLICT)
		return;
	t->above = t->net_epoch;
	t->giving_up = true;
	t->step = CLEAR_SLOTS;
}

static void send(struct state *t, int e, int s)
{
	t->net = NET_REQUEST;
	t->net_epoch = (uint8_t)e;
	t->net_size = (uint8_t)s;
	t->net_batch = t->disk.spool[e][s];
	if (broken == FREE_EARLY) {
		t->disk.spool[e][s] = 0;
		t->disk.rec_epoch = (uint8_t)e;
		t->disk.rec_size = (uint8_t)s;
	}
}

static void receipt(struct state *t)
{
	uint8_t was = t->receipted[t->net_epoch][t->net_size];
	must(!was || was == t->net_batch, "two batches were receipted for one size");
	t->receipted[t->net_epoch][t->net_size] = t->net_batch;
	t->net = NET_RECEIPT;
	t->answer_due = false;
}

/* Section 12. */
static void sink_takes(struct state *t)
{
	bool next = t->net_epoch == t->sink_epoch && t->net_size == t->sink_size + 1 &&
	            t->parent[t->net_batch] == t->stored[t->sink_epoch][t->sink_size];
	bool begins = t->net_epoch > t->sink_epoch && t->net_size == 1;
	if (next || begins) {
		t->pend_epoch = t->net_epoch;
		t->pend_size = t->net_size;
		t->pend_batch = t->net_batch;
		t->answer_due = true;
		if (broken == RECEIPT_BEFORE_SYNC)
			receipt(t);
	} else if (t->net_epoch == t->sink_epoch && t->net_size == t->sink_size &&
	           t->stored[t->sink_epoch][t->sink_size] == t->net_batch) {
		receipt(t);
	} else if (broken == SINK_OVERWRITES) {
		t->stored[t->net_epoch][t->net_size] = t->net_batch;
		receipt(t);
	} else {
		t->net = NET_CONFLICT;
		t->net_epoch = t->sink_epoch;
		t->net_size = t->sink_size;
		t->net_batch = t->stored[t->sink_epoch][t->sink_size];
	}
}

static void sink_keeps(struct state *t)
{
	t->stored[t->pend_epoch][t->pend_size] = t->pend_batch;
	t->sink_epoch = t->pend_epoch;
	t->sink_size = t->pend_size;
	t->pend_batch = t->pend_epoch = t->pend_size = 0;
}

/* 13.2: the sync, and only then the receipt. */
static void sink_syncs(struct state *t)
{
	sink_keeps(t);
	if (t->answer_due && t->net == NET_REQUEST)
		receipt(t);
	t->answer_due = false;
}

static void check_batch(const struct state *t, int e, int s)
{
	uint8_t b = t->published[e][s];
	bool pending = t->pend_batch && e == t->pend_epoch && s == t->pend_size;
	must(!t->receipted[e][s] || t->stored[e][s] == t->receipted[e][s],
	     "a receipted batch is not in the sink's store");
	must(!b || t->rolled_back || t->disk.spool[e][s] == b || t->stored[e][s] == b ||
	             t->given_up[e][s] == b || (pending && t->pend_batch == b && t->answer_due),
	     "a published batch is neither in the spool nor in the store, and was not given up");
}

static void check(const struct state *t)
{
	for (int e = 1; e < EPOCHS; e++) {
		for (int s = 1; s < SIZES; s++)
			check_batch(t, e, s);
	}
	for (int i = 0; i < 2 && t->up && t->step == RUN && !t->rolled_back; i++)
		must(!t->disk.slot[i].gen || !t->key_note[t->disk.slot[i].key],
		     "a key that signed is still on the disk");
}

static bool at_end(const struct state *t)
{
	int e, s;
	return t->up && t->step == RUN && t->net == NET_IDLE && !t->pend_batch &&
	       !next_to_ship(&t->disk, &e, &s) && (t->seals == 0 || t->size + 1 == SIZES);
}

/* Visited states, each with a mark for the search through the calm. */
enum mark { NEW, OPEN, DONE };

struct table {
	struct state *state;
	uint8_t *mark;
	size_t *cell; /* index + 1 */
	size_t count, capacity, cells;
};

static struct table all;

static void *must_have(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		exit(3);
	}
	return p;
}

static size_t hash(const struct state *t)
{
	const uint8_t *p = (const uint8_t *)t;
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < sizeof(*t); i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 29);
}

static size_t intern(const struct state *t)
{
	size_t i = hash(t) % all.cells;
	for (; all.cell[i]; i = (i + 1) % all.cells) {
		if (memcmp(&all.state[all.cell[i] - 1], t, sizeof(*t)) == 0)
			return all.cell[i] - 1;
	}
	if (all.count == all.capacity) {
		fputs("more states than there is room for\n", stderr);
		exit(3);
	}
	all.state[all.count] = *t;
	all.cell[i] = ++all.count;
	return all.count - 1;
}

#define MAX_NEXT 16
struct next {
	struct state state[MAX_NEXT];
	size_t count, calm; /* the first `calm` happen without any evil */
};

static struct state *branch(struct next *n, const struct state *t)
{
	n->state[n->count] = *t;
	return &n->state[n->count++];
}

static void calm_steps(const struct state *t, struct next *n)
{
	int e, s;
	if (!t->up)
		recover(branch(n, t));
	if (t->up && t->step != RUN)
		seal_step(branch(n, t));
	if (t->up && t->step == RUN && t->seals && t->size + 1 < SIZES)
		start_seal(branch(n, t));
	if (t->up && t->step == RUN && t->net == NET_RECEIPT)
		take_receipt(branch(n, t));
	if (t->up && t->step == RUN && t->net == NET_CONFLICT)
		take_conflict(branch(n, t));
	if (t->net == NET_IDLE && next_to_ship(&t->disk, &e, &s))
		send(branch(n, t), e, s);
	if (t->net == NET_REQUEST && !t->pend_batch)
		sink_takes(branch(n, t));
	if (t->pend_batch)
		sink_syncs(branch(n, t));
}

/* What was not synced may have reached the disk, or not. */
static void host_crash(const struct state *t, bool kept, struct next *n)
{
	struct state *c = branch(n, t);
	c->crashes--;
	c->up = c->step = c->gen = c->epoch = c->size = c->above = c->giving_up = 0;
	if (t->disk.tmp == TMP_WRITTEN)
		c->disk.tmp = kept ? TMP_SYNCED : TMP_NONE;
	if (t->disk.tmp == TMP_SIGNING)
		c->disk.tmp = kept ? TMP_SIGNED : TMP_SYNCED;
	if (t->net == NET_RECEIPT || t->net == NET_CONFLICT)
		c->net = NET_IDLE;
}

static void sink_crash(const struct state *t, bool kept, struct next *n)
{
	struct state *c = branch(n, t);
	c->sink_crashes--;
	if (kept && t->pend_batch)
		sink_keeps(c);
	c->pend_batch = c->pend_epoch = c->pend_size = c->answer_due = 0;
	if (t->net == NET_REQUEST)
		c->net = NET_IDLE;
}

static void evil_steps(const struct state *t, struct next *n)
{
	for (int kept = 0; kept < 2; kept++) {
		if (t->crashes && t->up)
			host_crash(t, kept, n);
		if (t->sink_crashes)
			sink_crash(t, kept, n);
	}
	if (t->lost_answers && (t->net == NET_RECEIPT || t->net == NET_CONFLICT)) {
		struct state *c = branch(n, t);
		c->lost_answers--;
		c->net = NET_IDLE;
	}
	if (t->lost_states && !t->up) {
		struct state *c = branch(n, t);
		c->lost_states--;
		memset(c->disk.slot, 0, sizeof(c->disk.slot));
		c->disk.tmp = TMP_NONE;
	}
	if (t->rollbacks && !t->copied && t->up && t->step == RUN) {
		struct state *c = branch(n, t);
		c->copied = true;
		c->copy = t->disk;
	}
	if (t->rollbacks && t->copied && !t->up) {
		struct state *c = branch(n, t);
		c->rollbacks--;
		c->disk = t->copy;
		c->rolled_back = true;
		c->net = NET_IDLE;
		c->answer_due = false; /* whoever asked is gone */
	}
}

static void next_of(const struct state *t, struct next *n)
{
	n->count = 0;
	calm_steps(t, n);
	n->calm = n->count;
	evil_steps(t, n);
	for (size_t i = 0; i < n->count; i++)
		check(&n->state[i]);
}

/* Depth first through the calm: no cycle, and every path ends at an end. */
static void search_calm(size_t root, size_t *stack)
{
	size_t depth = 0;
	stack[depth++] = root;
	while (depth > 0 && !violation) {
		size_t at = stack[depth - 1];
		static struct next n;
		if (all.mark[at] != NEW) {
			all.mark[at] = DONE;
			depth--;
			continue;
		}
		all.mark[at] = OPEN;
		next_of(&all.state[at], &n);
		must(n.calm > 0 || at_end(&all.state[at]),
		     "stuck: a state without a next step is not the end");
		for (size_t i = 0; i < n.calm; i++) {
			size_t to = intern(&n.state[i]);
			must(all.mark[to] != OPEN, "stuck: the calm goes round in a circle");
			if (all.mark[to] == NEW)
				stack[depth++] = to;
		}
	}
}

static void enumerate(const struct state *start)
{
	static struct next n;
	intern(start);
	for (size_t i = 0; i < all.count && !violation; i++) {
		next_of(&all.state[i], &n);
		for (size_t k = 0; k < n.count; k++)
			intern(&n.state[k]);
	}
	size_t *stack = must_have(malloc(sizeof(*stack) * (all.count * 8 + 64)));
	for (size_t i = 0; i < all.count && !violation; i++) {
		if (all.mark[i] == NEW)
			search_calm(i, stack);
	}
	free(stack);
}

static enum rule rule_of(const char *name)
{
	for (int r = 0; r < RULES; r++) {
		if (strcmp(name, rule_names[r]) == 0)
			return (enum rule)r;
	}
	fprintf(stderr, "no such rule: %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--break") == 0) {
		broken = rule_of(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc != 7) {
		fputs("usage: seal_model [--break RULE] CRASHES SINK_CRASHES LOST_ANSWERS LOST_STATES "
		      "ROLLBACKS SEALS\n",
		      stderr);
		return 2;
	}
	uint8_t budget[6];
	for (int i = 0; i < 6; i++)
		budget[i] = (uint8_t)strtoul(argv[i + 1], NULL, 10);
	struct state start = { .crashes = budget[0],
		               .sink_crashes = budget[1],
		               .lost_answers = budget[2],
		               .lost_states = budget[3],
		               .rollbacks = budget[4],
		               .seals = budget[5] };
	all.capacity = (size_t)3 << 20;
	all.cells = 4 * all.capacity;
	all.state = must_have(malloc(all.capacity * sizeof(*all.state)));
	all.mark = must_have(calloc(all.capacity, 1));
	all.cell = must_have(calloc(all.cells, sizeof(*all.cell)));
	enumerate(&start);
	printf("%zu states: %s\n", all.count, violation ? violation : "all promises hold");
	free(all.state);
	free(all.mark);
	free(all.cell);
	return violation ? 1 : 0;
}
