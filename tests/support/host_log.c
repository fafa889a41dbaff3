#include "tests/support/host_log.h"

#include <stdio.h>

#include "evidence/key_entry.h"
#include "lib/cbor.h"

static void must(int r)
{
	if (r < 0) {
		fprintf(stderr, "host_log: %s\n", strerror(-r));
		abort();
	}
}

static void seed_of(const char *name, struct hash *ret)
{
	sha256(name, strlen(name), ret);
}

void test_signer(const char *name, struct signer *ret)
{
	struct hash seed;
	seed_of(name, &seed);
	must(ed25519_from_seed(seed.b, &ret->secret));
	must(key_make(name, KEY_TYPE_ED25519, &ret->secret.public_key, &ret->key));
}

void test_cosigner(const char *name, struct signer *ret)
{
	test_signer(name, ret);
	must(key_make(name, KEY_TYPE_COSIGNATURE, &ret->secret.public_key, &ret->key));
}

static void seal_key(const struct host_log *h, unsigned number, const char *salt, struct signer *ret)
{
	char text[KEY_NAME_MAX + 64], name[KEY_NAME_MAX + 1];
	struct hash seed;
	origin_seal_name(&h->origin, name);
	snprintf(text, sizeof(text), "%s %u %s %llu", name, number, salt,
	         (unsigned long long)(number ? h->branch : 0));
	seed_of(text, &seed);
	must(ed25519_from_seed(seed.b, &ret->secret));
	must(key_make(name, KEY_TYPE_ED25519, &ret->secret.public_key, &ret->key));
}

void host_log_init(struct host_log *h, const char *fleet, const char *host, uint32_t epoch)
{
	*h = (struct host_log){ .clock_us = 1795507200000000, .booted_us = 1795507200000000 };
	memset(h->boot_id, 7, sizeof(h->boot_id));
	snprintf(h->origin.fleet, sizeof(h->origin.fleet), "%s", fleet);
	snprintf(h->origin.host, sizeof(h->origin.host), "%s", host);
	h->origin.epoch = epoch;
	h->cause = epoch == 1 ? EPOCH_ENROLLED : EPOCH_STATE_LOST;
	char name[KEY_NAME_MAX + 1];
	origin_identity_name(&h->origin, name);
	test_signer(name, &h->identity);
	sha256(host, strlen(host), &h->certificate);
	struct signer first;
	seal_key(h, 0, "", &first);
	h->seal = first.secret;
}

/* One entry of the batch under way. */
struct making {
	struct buf raw;
	uint32_t count;
};

static void making_done(struct making *m)
{
	buf_done(&m->raw);
}

static void add(struct making *m, const struct buf *body)
{
	must(buf_err(body));
	buf_put_u16be(&m->raw, (uint16_t)body->len);
	buf_put(&m->raw, body->data, body->len);
	must(buf_err(&m->raw));
	m->count++;
}

static void add_epoch(const struct host_log *h, struct making *m)
{
	cleanup_buf struct buf body = { 0 };
	struct epoch_start start = { .epoch = h->origin.epoch,
		                     .cause = h->cause,
		                     .first_key = h->seal.public_key,
		                     .fleet_vkey = h->fleet_vkey,
		                     .certificate = h->certificate,
		                     .version = { (const uint8_t *)"test", 4 } };
	epoch_put_body(&body, &start, 0);
	add(m, &body);
}

static void add_event(const struct host_log *h, struct making *m, size_t path_bytes)
{
	cleanup_buf struct buf body = { 0 };
	cleanup_buf struct buf fields = { 0 };
	cleanup_buf struct buf path = { 0 };
	buf_printf(&path, "/srv/%llu/%u/%u.txt", (unsigned long long)h->branch, h->batches, m->count);
	while (path.len < path_bytes)
		buf_put_u8(&path, (uint8_t)('a' + path.len % 23));
	cbor_put_map(&fields, 1);
	cbor_put_uint(&fields, FILE_PATH);
	cbor_put_bytes(&fields, path.data, path.len);
	struct entry e = { .kind = KIND_OPEN,
		           .time_us = m->count,
		           .sensors = SENSOR_BPF_TRACEPOINT,
		           .process = ENTRY_NO_PROCESS,
		           .fields = { fields.data, fields.len } };
	entry_put_body(&body, &e);
	add(m, &body);
}

static void add_own(struct making *m, enum entry_kind kind)
{
	static const uint8_t heartbeat[] = { 0xa0 }, goodbye[] = { 0xa1, 0, 0 };
	cleanup_buf struct buf body = { 0 };
	struct entry e = { .kind = kind, .sensors = SENSOR_AGENT, .process = ENTRY_NO_PROCESS };
	e.fields = kind == KIND_GOODBYE ? (struct span){ goodbye, sizeof(goodbye) }
	                                : (struct span){ heartbeat, sizeof(heartbeat) };
	entry_put_body(&body, &e);
	add(m, &body);
}

static void add_announcement(const struct host_log *h, struct making *m, const struct signer *next)
{
	cleanup_buf struct buf body = { 0 };
	struct key_entry k = { .identity = next->key, .certificate = h->certificate };
	key_entry_put_body(&body, &k, 0);
	add(m, &body);
}

static void add_loss(struct host_log *h, struct making *m, const struct loss *l)
{
	cleanup_buf struct buf body = { 0 };
	loss_put_body(&body, l, 0);
	add(m, &body);
	h->account.exactness = MAX(h->account.exactness, l->exactness);
	if (l->exactness > LOWER_BOUND)
		return;
	h->account.emitted += l->count;
	h->account.lost += l->count;
}

static void add_seal(const struct host_log *h, struct making *m, const struct ed25519_public *next)
{
	cleanup_buf struct buf body = { 0 };
	struct seal s = { .first = h->tree.size,
		          .count = m->count + 1,
		          .clock = { .boot_us = h->clock_us - h->booted_us, .wall_us = h->clock_us },
		          .next_key = *next,
		          .account = h->account,
		          .fleet = h->fleet };
	memcpy(s.boot_id, h->boot_id, sizeof(s.boot_id));
	seal_put_body(&body, &s, 1000);
	add(m, &body);
}

static void hash_raw(const struct host_log *h, const struct making *m, const uint8_t *seed,
                     struct frontier *tree)
{
	cleanup_salter struct salter *salter = NULL;
	must(salter_new(&salter));
	struct batch b = { .origin = h->origin, .count = m->count, .first = h->tree.size, .seed = seed };
	must(batch_hash(&b, (struct span){ m->raw.data, m->raw.len }, salter, tree));
}

/* The seal line, then the identity line. Returns how many signers there are. */
static size_t choose_signers(const struct host_log *h, const struct host_log_batch *what,
                             const struct signer *seal, const struct signer *identity,
                             const struct signer *ret[3])
{
	size_t n = 0;
	bool first = h->tree.size == 0;
	if (what->fault != HOST_LOG_NO_SEAL)
		ret[n++] = seal;
	if (what->fault == HOST_LOG_NO_SEAL || what->fault == HOST_LOG_FOREIGN_IDENTITY ||
	    (what->fault != HOST_LOG_NO_IDENTITY && (what->identity || first)))
		ret[n++] = identity;
	if (what->next && n == 2)
		ret[n++] = what->next;
	return n;
}

static void prepare_signers(const struct host_log *h, enum host_log_fault fault, struct signer *seal,
                            struct signer *identity)
{
	char name[KEY_NAME_MAX + 1];
	origin_seal_name(&h->origin, name);
	seal->secret = h->seal;
	must(key_make(name, KEY_TYPE_ED25519, &h->seal.public_key, &seal->key));
	if (fault == HOST_LOG_FOREIGN_SEAL)
		seal_key(h, h->batches, "foreign", seal);
	*identity = h->identity;
	if (fault != HOST_LOG_FOREIGN_IDENTITY)
		return;
	/* Another key that claims the enrolled key's name and id. */
	test_signer("another/host/key", identity);
	identity->key = h->identity.key;
}

static void put_batch(const struct host_log *h, const struct host_log_batch *what, const struct making *m,
                      const struct hash *root, const uint8_t *seed, struct buf *out)
{
	struct signer seal, identity;
	const struct signer *signers[3];
	prepare_signers(h, what->fault, &seal, &identity);
	size_t n = choose_signers(h, what, &seal, &identity, signers);
	char origin[ORIGIN_MAX + 1];
	origin_format(&h->origin, origin);
	cleanup_buf struct buf text = { 0 };
	checkpoint_put_text(&text, origin, h->tree.size + m->count, root);
	struct batch_parts parts = { .codec = what->codec,
		                     .origin = origin,
		                     .count = m->count,
		                     .first = h->tree.size,
		                     .seed = seed,
		                     .raw = { m->raw.data, m->raw.len },
		                     .root = root };
	for (size_t i = 0; i < n; i++)
		parts.signature_bytes += note_signature_bytes(signers[i]->key.name);
	must(batch_put_unsigned(out, &parts));
	for (size_t i = 0; i < n; i++)
		must(note_put_signature(out, (struct span){ text.data, text.len }, signers[i]));
	if (what->fault == HOST_LOG_BAD_SEAL)
		out->data[out->len - parts.signature_bytes + note_signature_bytes(seal.key.name) - 30] ^= 1;
}

/* Lie about the raw length in a finished header. */
static void lie(enum host_log_fault fault, struct buf *out, size_t start)
{
	uint8_t *raw_len = out->data + start + 24;
	if (fault == HOST_LOG_SHORT_RAW)
		raw_len[3]++;
	if (fault == HOST_LOG_BOMB)
		memcpy(raw_len, (const uint8_t[]){ 0, 0, 0, 64 }, 4);
}

void host_log_batch(struct host_log *h, const struct host_log_batch *what, struct buf *out)
{
	cleanup(making_done) struct making m = { 0 };
	struct host_log before = *h;
	struct signer next;
	seal_key(h, h->batches + 1, "", &next);
	if (h->tree.size == 0 && what->fault != HOST_LOG_NO_EPOCH_ENTRY)
		add_epoch(h, &m);
	for (size_t i = 0; i < what->events; i++)
		add_event(h, &m, what->path_bytes);
	h->account.emitted += what->events;
	h->account.stored += what->events;
	for (size_t i = 0; i < what->loss_count; i++)
		add_loss(h, &m, &what->losses[i]);
	if (what->announce)
		add_announcement(h, &m, what->next);
	if (what->goodbye)
		add_own(&m, KIND_GOODBYE);
	if (what->fault == HOST_LOG_NO_SEAL_ENTRY)
		add_own(&m, KIND_HEARTBEAT);
	else
		add_seal(h, &m, &next.secret.public_key);

	struct hash seed, root;
	sha256(h->seal.public_key.b, sizeof(h->seal.public_key.b), &seed);
	struct frontier tree = h->tree;
	hash_raw(h, &m, seed.b, &tree);
	frontier_root(&tree, &root);
	if (what->fault == HOST_LOG_WRONG_ROOT)
		root.b[5] ^= 1;
	size_t start = out->len;
	put_batch(h, what, &m, &root, seed.b, out);
	lie(what->fault, out, start);
	h->tree = tree;
	h->seal = next.secret;
	h->clock_us += 1000000;
	h->batches++;
	if (what->fault != HOST_LOG_GOOD)
		*h = before;
}

void test_fleet_init(struct test_fleet *f, const char *name)
{
	*f = (struct test_fleet){ 0 };
	char text[KEY_NAME_MAX + 1];
	snprintf(f->name, sizeof(f->name), "%s", name);
	fleet_log_name(name, text);
	test_signer(text, &f->log);
	snprintf(text, sizeof(text), "%s/admin/ada", name);
	test_signer(text, &f->admin);
	snprintf(text, sizeof(text), "%s/auditor/otto", name);
	test_signer(text, &f->auditor);
	f->genesis =
	        (struct genesis){ .time_s = 1795507200,
		                  .log = f->log.key,
		                  .admin_count = 1,
		                  .auditor_count = 1,
		                  .people = { f->admin.key, f->auditor.key },
		                  .need[STATEMENT_ENROL] = { .stated = true, .admins = 1, .auditors = 1 } };
	memcpy(f->genesis.fleet, f->name, sizeof(f->name));
	cleanup_buf struct buf note = { 0 };
	genesis_put_text(&note, &f->genesis);
	const struct signer *people[] = { &f->admin, &f->auditor };
	must(note_put(&f->genesis_note, (struct span){ note.data, note.len }, people, 2));
}

void test_fleet_done(struct test_fleet *f)
{
	buf_done(&f->genesis_note);
}

void test_fleet_enrol(const struct test_fleet *f, const struct host_log *h, struct buf *out)
{
	struct statement e = { .kind = STATEMENT_ENROL,
		               .time_s = 1795507260,
		               .identity = h->identity.key,
		               .certificate = h->certificate };
	memcpy(e.fleet, f->name, sizeof(e.fleet));
	memcpy(e.host, h->origin.host, sizeof(e.host));
	cleanup_buf struct buf text = { 0 };
	statement_put_text(&text, &e);
	const struct signer *people[] = { &f->admin, &f->auditor };
	must(note_put(out, (struct span){ text.data, text.len }, people, 2));
}
