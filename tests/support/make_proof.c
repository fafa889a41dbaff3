#include "tests/support/make_proof.h"

#include <stdio.h>

#include "lib/cbor.h"
#include "tests/support/bytes.h"

static void must(int r)
{
	if (r < 0)
		abort();
}

static void seal_signer(const struct made_proof *m, unsigned number, struct signer *ret)
{
	char name[KEY_NAME_MAX + 1], text[KEY_NAME_MAX + 16];
	struct hash seed;
	origin_seal_name(&m->host.origin, name);
	snprintf(text, sizeof(text), "%s %u", name, number);
	sha256(text, strlen(text), &seed);
	must(ed25519_from_seed(seed.b, &ret->secret));
	must(key_make(name, KEY_TYPE_ED25519, &ret->secret.public_key, &ret->key));
}

/* The salt is the hash of the index: any will do. */
static void put_leaf(struct made_proof *m, size_t i, const struct buf *body)
{
	struct hash salt;
	uint8_t index = (uint8_t)i;
	sha256(&index, 1, &salt);
	buf_put(&m->leaf[i], salt.b, ENTRY_SALT_BYTES);
	buf_put(&m->leaf[i], body->data, body->len);
	merkle_leaf(buf_span(&m->leaf[i]), &m->hash[i]);
}

static void put_event(struct made_proof *m, size_t i, uint64_t kind, uint64_t process)
{
	cleanup_buf struct buf fields = { 0 }, body = { 0 };
	cbor_put_map(&fields, 1);
	cbor_put_uint(&fields, 0);
	if (kind == KIND_PROCESS)
		cbor_put_uint(&fields, 1000);
	else
		cbor_put_bytes(&fields, "/etc/shadow", strlen("/etc/shadow"));
	entry_put_body(&body, &(struct entry){ .kind = kind,
	                                       .time_us = (int64_t)i,
	                                       .sensors = SENSOR_BPF_TRACEPOINT,
	                                       .process = process,
	                                       .fields = buf_span(&fields) });
	put_leaf(m, i, &body);
}

static void put_seal(struct made_proof *m, uint64_t first, uint64_t count, unsigned next)
{
	cleanup_buf struct buf body = { 0 };
	struct signer signer;
	seal_signer(m, next, &signer);
	struct seal s = { .first = first,
		          .count = count,
		          .clock = { .boot_us = 1000000, .wall_us = 1795507200000000, .error_us = 2 },
		          .next_key = signer.secret.public_key,
		          .account = { .emitted = first + count, .stored = first + count } };
	seal_put_body(&body, &s, 0);
	put_leaf(m, first + count - 1, &body);
}

static void put_note(struct made_proof *m, size_t i, uint64_t size, bool identity)
{
	cleanup_buf struct buf text = { 0 };
	struct signer seal;
	struct hash root;
	seal_signer(m, (unsigned)i, &seal);
	merkle_root(m->hash, size, &root);
	checkpoint_put_text(&text, m->origin, size, &root);
	const struct signer *signers[] = { &seal, &m->host.identity };
	must(note_put(&m->note[i], buf_span(&text), signers, identity ? 2 : 1));
}

static void make_log(struct made_proof *m)
{
	put_event(m, 0, KIND_PROCESS, ENTRY_NO_PROCESS);
	put_event(m, 1, KIND_OPEN, 0);
	put_event(m, 2, KIND_OPEN, 0);
	put_seal(m, 0, 4, 1);
	put_event(m, 4, KIND_OPEN, 0);
	put_seal(m, 4, 2, 2);
	put_event(m, 6, KIND_OPEN, 0);
	put_seal(m, 6, 2, 3);
	put_note(m, 0, 4, true);
	put_note(m, 1, 6, false);
	put_note(m, 2, 8, false);
}

static struct span keep(struct made_proof *m, const struct hash *path, size_t n)
{
	assert(m->paths < ARRAY_SIZE(m->path));
	struct hash *at = m->path[m->paths++];
	memcpy(at, path, n * sizeof(*path));
	return (struct span){ n ? at->b : NULL, n * sizeof(*path) };
}

static struct proof_leaf prove(struct made_proof *m, const struct hash *hashes, size_t size, size_t index,
                               const struct buf *leaf)
{
	struct hash path[MERKLE_MAX_PATH];
	size_t n = merkle_path(hashes, size, index, path);
	return (struct proof_leaf){ .index = index, .entry = buf_span(leaf), .path = keep(m, path, n) };
}

static int node_at(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	const struct made_proof *m = ctx;
	merkle_root(m->hash + (index << level), (size_t)1 << level, ret);
	return 0;
}

static void put_entry(struct made_proof *m, size_t i, const struct fleet_entry *e, struct hash *leaf)
{
	fleet_put_entry(&m->fleet_entry[i], e);
	merkle_leaf(buf_span(&m->fleet_entry[i]), &leaf[i]);
}

static void put_statement(struct made_proof *m, size_t i, const struct buf *note, struct hash *leaf)
{
	put_entry(m, i,
	          &(struct fleet_entry){
	                  .kind = FLEET_STATEMENT, .time_us = 1795507200000000 + i, .note = buf_span(note) },
	          leaf);
}

static void revoke(const struct made_proof *m, struct buf *note)
{
	cleanup_buf struct buf text = { 0 };
	struct statement s = { .kind = STATEMENT_REVOKE,
		               .time_s = 1795590000,
		               .identity = m->host.identity.key,
		               .point = { .epoch = 2, .size = 2 },
		               .reason = "stolen" };
	const struct signer *people[] = { &m->fleet.admin, &m->fleet.auditor };
	memcpy(s.fleet, m->fleet.name, sizeof(s.fleet));
	memcpy(s.host, m->host.origin.host, sizeof(s.host));
	statement_put_text(&text, &s);
	must(note_put(note, buf_span(&text), people, ARRAY_SIZE(people)));
}

static void sign_fleet(struct made_proof *m, const struct hash *leaf, size_t size)
{
	cleanup_buf struct buf text = { 0 };
	const struct signer *log = &m->fleet.log;
	struct hash root;
	merkle_root(leaf, size, &root);
	checkpoint_put_text(&text, log->key.name, size, &root);
	must(note_put(&m->fleet_note, buf_span(&text), &log, 1));
	m->proof.note = buf_span(&m->fleet_note);
}

static void make_fleet(struct made_proof *m, bool revoked)
{
	cleanup_buf struct buf enrol = { 0 }, revocation = { 0 };
	struct hash leaf[4], head[3], path[MERKLE_MAX_PATH];
	size_t n;
	struct fleet_entry commit = { .kind = FLEET_COMMIT, .time_us = 1795507201000000, .heads = 3 };
	struct proof *p = &m->proof;
	size_t at = revoked ? 3 : 2;
	test_fleet_enrol(&m->fleet, &m->host, &enrol);
	revoke(m, &revocation);
	merkle_root(m->hash, MADE_LEAVES, &p->head_root);
	p->head_size = MADE_LEAVES;
	p->heads = 3;
	commit_leaf(span_str(m->origin), p->head_size, &p->head_root, &head[0]);
	/* Of two more hosts: any hashes will do. */
	head[1] = m->hash[0];
	head[2] = m->hash[1];
	merkle_root(head, 3, &commit.root);
	n = merkle_path(head, 3, 0, path);
	p->commit_path = keep(m, path, n);
	put_statement(m, 0, &m->fleet.genesis_note, leaf);
	put_statement(m, 1, &enrol, leaf);
	if (revoked)
		put_statement(m, 2, &revocation, leaf);
	put_entry(m, at, &commit, leaf);
	p->statement_count = at - 1;
	for (size_t i = 1; i < at; i++)
		p->statement[i - 1] = prove(m, leaf, at + 1, i, &m->fleet_entry[i]);
	p->commit = prove(m, leaf, at + 1, at, &m->fleet_entry[at]);
	sign_fleet(m, leaf, at + 1);
}

static void make_links(struct made_proof *m)
{
	static const size_t size[] = { 4, 6 };
	m->proof.link_count = ARRAY_SIZE(size);
	for (size_t i = 0; i < ARRAY_SIZE(size); i++)
		m->proof.link[i] = (struct proof_link){
			.note = buf_span(&m->note[i]),
			.seal = prove(m, m->hash, size[i], size[i] - 1, &m->leaf[size[i] - 1]),
		};
}

void make_proof_init(struct made_proof *m, const char *fleet, enum made_way way)
{
	*m = (struct made_proof){ 0 };
	test_fleet_init(&m->fleet, fleet);
	host_log_init(&m->host, fleet, "web-1", 2);
	origin_format(&m->host.origin, m->origin);
	make_log(m);
	make_fleet(m, way == MADE_REVOKED);
	size_t size = way == MADE_LINKED ? 8 : 4, index = way == MADE_LINKED ? 6 : 1, n = 0;
	struct hash path[MERKLE_MAX_PROOF];
	struct proof *p = &m->proof;
	sha256(m->fleet.genesis_note.data, m->fleet.genesis_note.len, &p->genesis);
	p->origin = span_str(m->origin);
	p->entry = prove(m, m->hash, size, index, &m->leaf[index]);
	p->seal = prove(m, m->hash, size, size - 1, &m->leaf[size - 1]);
	p->has_process = true;
	p->process = prove(m, m->hash, size, 0, &m->leaf[0]);
	p->checkpoint = buf_span(&m->note[way == MADE_LINKED ? 2 : 0]);
	if (way == MADE_LINKED)
		make_links(m);
	must(merkle_prove_consistency(node_at, m, size, MADE_LEAVES, path, &n));
	p->head_path = keep(m, path, n);
}

void make_proof_done(struct made_proof *m)
{
	test_fleet_done(&m->fleet);
	for (size_t i = 0; i < MADE_LEAVES; i++)
		buf_done(&m->leaf[i]);
	for (size_t i = 0; i < ARRAY_SIZE(m->note); i++)
		buf_done(&m->note[i]);
	for (size_t i = 0; i < ARRAY_SIZE(m->fleet_entry); i++)
		buf_done(&m->fleet_entry[i]);
	buf_done(&m->fleet_note);
}
