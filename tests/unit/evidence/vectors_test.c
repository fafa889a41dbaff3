/* docs/vectors: made again from names and numbers alone, and compared with the files byte for byte.
 *
 * SWORNLOG_WRITE_VECTORS=1 writes the files instead, after a change of the format.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "evidence/chain.h"
#include "evidence/cosignature.h"
#include "lib/file.h"
#include "lib/text.h"
#include "tests/support/bytes.h"
#include "tests/support/make_proof.h"
#include "tests/support/make_store.h"
#include "tests/support/statements.h"
#include "tests/support/vectors.h"

#define FOLDER      "docs/vectors/"
#define HEX_COLUMNS 64
#define BATCHES     3

static void is_file(const char *name, struct span want)
{
	cr_expect(vector_is(name, want), "%s", name);
}

static void is_hex_file(const char *name, struct span bytes)
{
	cleanup_buf struct buf hex = { 0 };
	for (size_t at = 0; at < bytes.len; at += HEX_COLUMNS / 2) {
		text_put_hex(&hex, bytes.data + at, MIN(bytes.len - at, (size_t)HEX_COLUMNS / 2));
		buf_put_u8(&hex, '\n');
	}
	cr_assert_eq(buf_err(&hex), 0);
	is_file(name, buf_span(&hex));
}

static void read_hex_file(const char *name, struct buf *ret)
{
	char path[128];
	cleanup_buf struct buf text = { 0 };
	snprintf(path, sizeof(path), FOLDER "%s", name);
	cr_assert_eq(file_read(env_system(), AT_FDCWD, path, 1 << 20, &text), 0, "%s", path);
	for (size_t at = 0; at < text.len; at += 2 + (at + 2 < text.len && text.data[at + 2] == '\n')) {
		char digits[3] = { (char)text.data[at], (char)text.data[at + 1] };
		char *end;
		buf_put_u8(ret, (uint8_t)strtoul(digits, &end, 16));
		cr_assert_eq(end, digits + 2, "%s", path);
	}
	cr_assert_eq(buf_err(ret), 0);
}

/* "<name> <hex>\n" */
static void put_value(struct buf *b, const char *name, const void *p, size_t n)
{
	buf_printf(b, "%s ", name);
	text_put_hex(b, p, n);
	buf_put_u8(b, '\n');
}

static void put_key(struct buf *b, const char *name, const struct signer *s)
{
	buf_printf(b, "%s-vkey ", name);
	key_put(b, &s->key);
	buf_printf(b, "\n%s-secret ", name);
	signer_put(b, s);
	buf_put_u8(b, '\n');
}

struct vectors {
	struct test_fleet fleet;
	struct host_log host, before_1;
	struct buf enrol;
	struct buf batch[BATCHES];
	struct buf values;
};

static const struct {
	const char *name;
	enum pack_codec codec;
} packed[] = { { "batch1-deflate.hex", PACK_DEFLATE }, { "batch1-zstd.hex", PACK_ZSTD } };

/* `ret` gets batch 1 anew, packed. */
static void make_packed(const struct host_log *before, enum pack_codec codec, struct buf *ret)
{
	struct host_log h = *before;
	host_log_batch(&h, &(struct host_log_batch){ .events = 3, .codec = codec }, ret);
}

static void begin(struct vectors *v)
{
	static struct buf vkey;
	*v = (struct vectors){ 0 };
	test_fleet_init(&v->fleet, "vectors.example");
	host_log_init(&v->host, "vectors.example", "web-1", 1);
	buf_reset(&vkey);
	key_put(&vkey, &v->fleet.log.key);
	v->host.fleet_vkey = buf_span(&vkey);
	sha256("certificate", 11, &v->host.certificate);
	test_fleet_enrol(&v->fleet, &v->host, &v->enrol);
	for (size_t i = 0; i < BATCHES; i++) {
		struct host_log_batch what = { .events = 3, .codec = PACK_NONE, .identity = i == 2 };
		if (i == 1)
			v->before_1 = v->host;
		host_log_batch(&v->host, &what, &v->batch[i]);
	}
	put_key(&v->values, "log", &v->fleet.log);
	put_key(&v->values, "admin", &v->fleet.admin);
	put_key(&v->values, "auditor", &v->fleet.auditor);
	put_key(&v->values, "identity", &v->host.identity);
}

static void end(struct vectors *v)
{
	test_fleet_done(&v->fleet);
	buf_done(&v->enrol);
	buf_done(&v->values);
	for (size_t i = 0; i < BATCHES; i++)
		buf_done(&v->batch[i]);
}

static struct batch parsed(const struct vectors *v, size_t i)
{
	struct batch b;
	cr_assert_gt(batch_parse(buf_span(&v->batch[i]), &b), 0);
	return b;
}

/* The second entry of the first batch, from body to leaf. */
static void put_entry(struct vectors *v)
{
	struct batch b = parsed(v, 0);
	cleanup_salter struct salter *salter = NULL;
	uint8_t salt[ENTRY_SALT_BYTES];
	cleanup_buf struct buf raw = { 0 }, entry = { 0 };
	struct cursor c;
	struct span body = { 0 };
	struct hash leaf;
	cr_assert_eq(batch_unpack(&b, &raw), 0);
	cursor_init(&c, raw.data, raw.len);
	cr_assert(batch_next_body(&c, &body) && batch_next_body(&c, &body));
	cr_assert_eq(salter_new(&salter), 0);
	cr_assert_eq(salter_start(salter, b.seed), 0);
	cr_assert(salter_next(salter, salt) == 0 && salter_next(salter, salt) == 0);
	buf_put(&entry, salt, sizeof(salt));
	buf_put(&entry, body.data, body.len);
	merkle_leaf(buf_span(&entry), &leaf);
	put_value(&v->values, "entry1-body", body.data, body.len);
	put_value(&v->values, "entry1-salt", salt, sizeof(salt));
	put_value(&v->values, "entry1-leaf", leaf.b, sizeof(leaf.b));
}

/* The head of the first batch, announced. */
static void put_announcement(struct vectors *v)
{
	cleanup_buf struct buf entry = { 0 };
	fleet_put_entry(&entry, &(struct fleet_entry){ .kind = FLEET_ANNOUNCE,
	                                               .time_us = 1795507280000000,
	                                               .note = parsed(v, 0).note_bytes });
	put_value(&v->values, "announce-entry", entry.data, entry.len);
}

static int node_of(void *leaves, unsigned level, uint64_t index, struct hash *ret)
{
	merkle_root((struct hash *)leaves + (index << level), (size_t)1 << level, ret);
	return 0;
}

/* The same receipt from a sink whose checkpoint of size 2 two witnesses have cosigned. */
static void put_witnessed(struct vectors *v, struct hash leaf[3], struct receipt *r, struct buf *receipt)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	const struct signer *log = &v->fleet.log;
	struct hash root;
	merkle_root(leaf, 2, &root);
	checkpoint_put_text(&text, "vectors.example/log", 2, &root);
	cr_assert_eq(note_put(&note, buf_span(&text), &log, 1), 0);
	for (int i = 1; i <= 2; i++) {
		struct signer witness;
		char name[32];
		snprintf(name, sizeof(name), "witness.example/w%d", i);
		test_cosigner(name, &witness);
		cr_assert_eq(cosignature_put(&note, buf_span(&text), 1795507290, &witness), 0);
	}
	cr_assert_eq(
	        merkle_prove_consistency(node_of, leaf, 2, 3, r->witnessed_proof, &r->witnessed_proof_len),
	        0);
	r->has_witnessed = true;
	r->witnessed = buf_span(&note);
	receipt_put(receipt, r);
}

/* A commit of three heads, in a fleet log of genesis, enrolment and itself. */
static void put_commit(struct vectors *v, struct buf *receipt, struct buf *witnessed, struct buf *record)
{
	struct batch b = parsed(v, BATCHES - 1);
	struct record_head heads[3] = {
		{ TEXT("vectors.example/host/db-1/1"), 7, { { 1 } } },
		{ TEXT("vectors.example/host/db-2/12"), 42, { { 2 } } },
		{ b.origin_text, b.head.size, b.head.root },
	};
	struct hash leaf[3], log_leaf[3], root;
	for (size_t i = 0; i < 3; i++)
		commit_leaf(heads[i].origin, heads[i].size, &heads[i].root, &leaf[i]);
	struct fleet_entry entries[3] = {
		{ .kind = FLEET_STATEMENT,
		  .time_us = 1795507200000000,
		  .note = buf_span(&v->fleet.genesis_note) },
		{ .kind = FLEET_STATEMENT, .time_us = 1795507260000000, .note = buf_span(&v->enrol) },
		{ .kind = FLEET_COMMIT, .time_us = 1795507300000000, .heads = 3 },
	};
	merkle_root(leaf, 3, &entries[2].root);
	cleanup_buf struct buf entry = { 0 }, text = { 0 }, note = { 0 }, payload = { 0 };
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&entry);
		fleet_put_entry(&entry, &entries[i]);
		merkle_leaf(buf_span(&entry), &log_leaf[i]);
	}
	merkle_root(log_leaf, 3, &root);
	checkpoint_put_text(&text, "vectors.example/log", 3, &root);
	const struct signer *log[] = { &v->fleet.log };
	cr_assert_eq(note_put(&note, buf_span(&text), log, 1), 0);

	struct receipt r = { .origin = heads[2].origin,
		             .size = heads[2].size,
		             .root = heads[2].root,
		             .position = 2,
		             .heads = 3,
		             .entry = buf_span(&entry),
		             .index = 2,
		             .note = buf_span(&note) };
	r.commit_path_len = merkle_path(leaf, 3, 2, r.commit_path);
	r.fleet_path_len = merkle_path(log_leaf, 3, 2, r.fleet_path);
	receipt_put(receipt, &r);
	put_witnessed(v, log_leaf, &r, witnessed);
	fleet_record_put(&payload, 2, buf_span(&entry), heads, 3, buf_span(&note));
	record_put(record, &(struct record_file){ .number = 1 }, RECORD_FILE_HEADER, RECORD_FLEET,
	           buf_span(&payload));
	put_value(&v->values, "commit-leaf0", leaf[0].b, 32);
	put_value(&v->values, "commit-root", entries[2].root.b, 32);
	put_value(&v->values, "fleet-root", root.b, 32);
}

/* The refusal that a host of another history is sent. */
static void is_conflict(const struct vectors *v, struct span receipt)
{
	cleanup_buf struct buf conflict = { 0 };
	struct batch b = parsed(v, BATCHES - 1);
	struct conflict c = { .reason = TEXT("fork"),
		              .epoch = b.origin.epoch,
		              .size = b.head.size,
		              .note = b.note_bytes,
		              .receipt = receipt };
	conflict_put(&conflict, &c);
	is_file("conflict.txt", buf_span(&conflict));
}

Test(vectors, are_what_the_code_makes_of_the_same_names_and_numbers)
{
	struct vectors v;
	cleanup_buf struct buf receipt = { 0 }, witnessed = { 0 }, record = { 0 };
	begin(&v);
	put_entry(&v);
	put_announcement(&v);
	put_commit(&v, &receipt, &witnessed, &record);
	is_file("genesis.txt", buf_span(&v.fleet.genesis_note));
	is_file("enrol.txt", buf_span(&v.enrol));
	is_file("receipt.txt", buf_span(&receipt));
	is_file("receipt-witnessed.txt", buf_span(&witnessed));
	is_hex_file("record.hex", buf_span(&record));
	is_conflict(&v, buf_span(&receipt));
	for (size_t i = 0; i < BATCHES; i++) {
		char name[32];
		struct hash root = parsed(&v, i).head.root;
		snprintf(name, sizeof(name), "batch%zu.hex", i);
		is_hex_file(name, buf_span(&v.batch[i]));
		snprintf(name, sizeof(name), "batch%zu-root", i);
		put_value(&v.values, name, root.b, 32);
	}
	is_file("values.txt", buf_span(&v.values));
	end(&v);
}

Test(vectors, make_a_chain_and_a_receipt_that_verify)
{
	struct vectors v;
	struct chain chain;
	struct origin origin;
	cleanup_chain_scratch struct chain_scratch *scratch = NULL;
	cleanup_buf struct buf receipt = { 0 }, witnessed = { 0 }, record = { 0 }, entry = { 0 };
	begin(&v);
	cr_assert_eq(origin_parse(TEXT("vectors.example/host/web-1/1"), &origin), 0);
	cr_assert_eq(chain_scratch_new(&scratch), 0);
	chain_init(&chain, &origin, &v.host.identity.key);
	for (size_t i = 0; i < BATCHES; i++) {
		struct batch b = parsed(&v, i);
		enum chain_verdict verdict;
		struct chain_result result;
		cr_assert_eq(chain_check(&chain, &b, CHAIN_DEEP, scratch, &verdict, &result), 0);
		cr_assert_eq(verdict, CHAIN_OK, "%s", chain_verdict_name(verdict));
	}
	put_commit(&v, &receipt, &witnessed, &record);
	struct receipt r;
	struct fleet_head none = { 0 }, head;
	cr_assert_eq(receipt_parse(buf_span(&receipt), &entry, &r), 0);
	cr_assert_eq(receipt_check(&r, &v.fleet.log.key, &none, &head), RECEIPT_OK);
	cr_assert_eq(receipt_parse(buf_span(&witnessed), &entry, &r), 0);
	cr_assert_eq(receipt_check(&r, &v.fleet.log.key, &none, &head), RECEIPT_OK);
	cr_assert_eq(head.size, 3);
	end(&v);
}

Test(vectors, of_proof_files_are_what_the_code_makes)
{
	static const char *const names[] = {
		[MADE_DIRECT] = "proof-direct.txt",
		[MADE_REVOKED] = "proof-revoked.txt",
		[MADE_LINKED] = "proof-linked.txt",
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_made_proof struct made_proof m;
		cleanup_buf struct buf file = { 0 };
		make_proof_init(&m, "vectors.example", (enum made_way)i);
		proof_put(&file, &m.proof);
		is_file(names[i], buf_span(&file));
	}
}

/* Packers differ from version to version: these two files are read, and written only on demand. */
Test(vectors, of_packed_batches_hold_the_same_entries_and_continue_the_same_chain)
{
	struct vectors v;
	struct chain before;
	struct origin origin;
	struct chain_result result;
	enum chain_verdict verdict;
	cleanup_chain_scratch struct chain_scratch *scratch = NULL;
	begin(&v);
	cr_assert_eq(origin_parse(TEXT("vectors.example/host/web-1/1"), &origin), 0);
	cr_assert_eq(chain_scratch_new(&scratch), 0);
	chain_init(&before, &origin, &v.host.identity.key);
	struct batch first = parsed(&v, 0), plain = parsed(&v, 1), b;
	cr_assert_eq(chain_check(&before, &first, CHAIN_DEEP, scratch, &verdict, &result), 0);
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++) {
		struct chain chain = before;
		cleanup_buf struct buf bytes = { 0 }, raw = { 0 };
		if (getenv("SWORNLOG_WRITE_VECTORS")) {
			cleanup_buf struct buf made = { 0 };
			make_packed(&v.before_1, packed[i].codec, &made);
			is_hex_file(packed[i].name, buf_span(&made));
		}
		read_hex_file(packed[i].name, &bytes);
		cr_assert_eq(batch_parse(buf_span(&bytes), &b), (ssize_t)bytes.len, "%s", packed[i].name);
		cr_expect_eq(b.codec, packed[i].codec);
		cr_assert_eq(batch_unpack(&b, &raw), 0);
		cr_expect(bytes_equal(buf_span(&raw), plain.packed), "%s", packed[i].name);
		cr_expect(bytes_equal(b.note_bytes, plain.note_bytes), "%s", packed[i].name);
		cr_assert_eq(chain_check(&chain, &b, CHAIN_DEEP, scratch, &verdict, &result), 0);
		cr_expect_eq(verdict, CHAIN_OK, "%s: %s", packed[i].name, chain_verdict_name(verdict));
	}
	end(&v);
}

/* Three groups of fleet `acme`: genesis, enrolment, three batches with their commit. */
Test(vectors, of_a_journal_and_its_segment_are_what_a_store_of_the_same_names_holds)
{
	cleanup_make_store struct make_store m;
	struct host_log h;
	cleanup_buf struct buf segment = { 0 };
	make_store_init(&m, NULL);
	make_store_host(&m, &h, "web-1", 1);
	make_store_enrol(&m, &h);
	for (size_t i = 0; i < BATCHES; i++)
		make_store_batch(&m, &h, &(struct host_log_batch){ .events = 2, .identity = i == 2 });
	make_store_commit(&m);
	is_hex_file("journal.hex", buf_span(&m.journal));
	make_store_rotate(&m, true);
	int r = file_read(env_system(), m.dirfd, "segment/00000000000000000001.segment", 1 << 20, &segment);
	make_store_remove(&m);
	cr_assert_eq(r, 0);
	is_hex_file("segment.hex", buf_span(&segment));
}

Test(vectors, a_statement_of_each_kind)
{
	cleanup_buf struct buf genesis_note = { 0 };
	const char *by;
	struct genesis g;
	const char *genesis = test_statement_example(STATEMENT_GENESIS, &by);
	test_statement(&genesis_note, genesis, by);
	cr_assert_eq(genesis_parse(buf_span(&genesis_note), &g), 0);
	is_file("statement-genesis.txt", buf_span(&genesis_note));
	for (enum statement_kind k = STATEMENT_ENROL; k < STATEMENT_UNKNOWN; k++) {
		cleanup_buf struct buf note = { 0 };
		struct statement s;
		char name[64];
		const char *text = test_statement_example(k, &by);
		test_statement(&note, text, by);
		cr_assert_eq(statement_parse(buf_span(&note), &g, &s), 0);
		cr_assert_eq(s.kind, k);
		snprintf(name, sizeof(name), "statement-%s.txt", statement_kind_name(k));
		is_file(name, buf_span(&note));
	}
}
