/* Writes good inputs for the fuzzers, one folder a fuzzer: make_seeds FOLDER. From there they find their way
 * past magic numbers, hashes and signatures.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/batch.h"
#include "evidence/cosignature.h"
#include "evidence/fleet.h"
#include "evidence/record.h"
#include "evidence/seals.h"
#include "evidence/split_view.h"
#include "evidence/tile.h"
#include "evidence/witness.h"
#include "lib/file.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/make_proof.h"
#include "tests/support/statements.h"

static const char *root;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void seed(const char *fuzzer, const char *name, struct span bytes)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", root, fuzzer);
	must(mkdir(path, 0755) == 0 || errno == EEXIST, path);
	snprintf(path, sizeof(path), "%s/%s/%s", root, fuzzer, name);
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len, path);
}

/* A byte that says how, and what it is about. */
static void seed_behind(const char *fuzzer, const char *name, uint8_t how, struct span bytes)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_u8(&b, how);
	buf_put(&b, bytes.data, bytes.len);
	seed(fuzzer, name, buf_span(&b));
}

static void keys_and_statements(const struct test_fleet *f)
{
	cleanup_buf struct buf vkey = { 0 }, secret = { 0 }, enrol = { 0 };
	struct host_log h;
	host_log_init(&h, f->name, "web1", 1);
	test_fleet_enrol(f, &h, &enrol);
	key_put(&vkey, &f->log.key);
	signer_put(&secret, &f->log);
	seed("note", "vkey", buf_span(&vkey));
	seed("note", "secret", buf_span(&secret));
	seed("note", "genesis", buf_span(&f->genesis_note));
	seed("statement", "genesis-note", buf_span(&f->genesis_note));
	seed("statement", "enrol-note", buf_span(&enrol));
	for (enum statement_kind k = STATEMENT_GENESIS; k < STATEMENT_UNKNOWN; k++) {
		cleanup_buf struct buf text = { 0 };
		const char *by;
		test_statement_text(&text, test_statement_example(k, &by));
		seed("statement", statement_kind_name(k), buf_span(&text));
	}
}

/* docs/vectors has them, as a sender would make them. Run from the root of the checkout. */
static void tokens_and_requests(void)
{
	static const struct {
		const char *fuzzer, *file;
	} files[] = {
		{ "token", "docs/vectors/token.txt" },
		{ "request", "docs/vectors/join-request.txt" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_buf struct buf b = { 0 };
		must(file_read(env_system(), AT_FDCWD, files[i].file, 65536, &b) == 0, files[i].file);
		seed(files[i].fuzzer, "vector", buf_span(&b));
	}
}

#define WITNESSED "acme/log\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static void policies_and_witnesses(const struct test_fleet *f)
{
	cleanup_buf struct buf policy = { 0 }, note = { 0 }, line = { 0 }, request = { 0 }, both = { 0 },
	                       state = { 0 };
	struct signer w;
	struct hash proof[2] = { { { 1 } }, { { 2 } } };
	const struct signer *log[] = { &f->log };
	test_cosigner("witness.example", &w);
	must(note_put(&note, TEXT(WITNESSED), log, 1) == 0, "note");
	must(cosignature_put(&line, TEXT(WITNESSED), 1795507200, &w) == 0, "cosignature");
	must(witness_put_request(&request, 1, proof, 2, buf_span(&note)) == 0, "request");
	seed("witness_request", "request", buf_span(&request));
	seed("witness_request", "answer", buf_span(&line));
	seed("witness_request", "size", TEXT("20852014\n"));
	seed("cosigner", "request", buf_span(&request));
	buf_printf(&state, "log 1795507200 %zu\n", note.len);
	buf_put(&state, note.data, note.len);
	seed("cosigner", "state", buf_span(&state));
	buf_put_str(&policy, "# a policy\nlog ");
	key_put(&policy, &f->log.key);
	buf_put_str(&policy, " https://log.example/\nwitness w ");
	key_put(&policy, &w.key);
	buf_put_str(&policy, "\ngroup g any w\ngroup h 1 g\nquorum h\n");
	buf_put_u16be(&both, (uint16_t)policy.len);
	buf_put(&both, policy.data, policy.len);
	buf_put(&both, note.data, note.len);
	buf_put(&both, line.data, line.len);
	seed("policy", "held", buf_span(&both));
}

static void split_views(const struct test_fleet *f)
{
	cleanup_buf struct buf one = { 0 }, two = { 0 }, file = { 0 };
	const struct signer *log[] = { &f->log };
	must(note_put(&one, TEXT(WITNESSED), log, 1) == 0, "note");
	must(note_put(&two, TEXT("acme/log\n2\nAQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), log, 1) == 0,
	     "note");
	struct split_view v = { .view = { { TEXT("a"), f->log.key, buf_span(&one) },
		                          { TEXT("b"), f->log.key, buf_span(&two) } },
		                .has_root = true,
		                .proof_len = 2 };
	split_view_put(&file, &v);
	seed("split_view", "two", buf_span(&file));
}

static void audit_rules(void)
{
	static const char *const lines[] = {
		"-w '/etc/a b' -p rwxa -k key", "-D", "--backlog_wait_time=60000",
		"-a always,exit -F arch=b64 -S open,kill -F a1&0100 -F dir=/srv -C uid!=euid -k x"
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char name[16];
		snprintf(name, sizeof(name), "line-%zu", i);
		seed("auditctl", name, (struct span){ (const uint8_t *)lines[i], strlen(lines[i]) });
	}
}

static void collection_rules(void)
{
	static const char *const files[] = {
		"kinds: {open: false, connect: true}\nthrottle: {events_per_second: 9, burst: 90}\n",
		"watch:\n  - label: phi\n    paths: [/srv/phi, '/var/*/[a-z]?.db', '/x/**']\n",
		"exclude:\n  - reason: b\n    uid: 7\n    cgroup: 9\n    exe: [/bin/cc]\n    paths: [/b]\n"
		"    kinds: [open, unlink]\n    result: failed\n",
		"repeats:\n  interval_s: 60\n  kinds: [open, close]\n",
		"audit:\n  exec: true\n  rules:\n    - -w /etc/passwd -p wa -k accounts\n",
		"redact:\n  disable: [jwt]\n  rules:\n    - {name: d, programs: [x], options: [--key], "
		"value: next}\n"
	};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char name[16];
		snprintf(name, sizeof(name), "file-%zu", i);
		seed("rules", name, (struct span){ (const uint8_t *)files[i], strlen(files[i]) });
	}
}

static void bodies(const struct batch *b, const char *name)
{
	cleanup_buf struct buf raw = { 0 };
	struct cursor c;
	struct span body = { 0 };
	struct entry e;
	must(batch_unpack(b, &raw) == 0, "unpack");
	cursor_init(&c, raw.data, raw.len);
	for (unsigned i = 0; batch_next_body(&c, &body); i++) {
		char file[64];
		snprintf(file, sizeof(file), "%s-%u", name, i);
		seed("cbor", file, body);
		seed("entry", file, body);
		seed("auditd_text", file, body);
		must(entry_parse_body(body, &e) == 0, "body");
		seed("seal", file, e.fields);
	}
}

static void batches(const struct test_fleet *f)
{
	static const char *const names[] = { "none", "deflate", "zstd" };
	for (int codec = PACK_NONE; codec <= PACK_ZSTD; codec++) {
		struct host_log h;
		cleanup_buf struct buf bytes = { 0 };
		struct batch b;
		host_log_init(&h, f->name, "web1", 1);
		host_log_batch(&h, &(struct host_log_batch){ .events = 2, .codec = (enum pack_codec)codec },
		               &bytes);
		seed("batch", names[codec], buf_span(&bytes));
		seed("append", names[codec], buf_span(&bytes));
		must(batch_parse(buf_span(&bytes), &b) > 0, "batch");
		seed("note", names[codec], b.note_bytes);
		seed("announce", names[codec], b.note_bytes);
		if (codec == PACK_NONE)
			bodies(&b, "body");
	}
}

/* A fleet log of genesis and one commit of one head. */
struct commit {
	struct buf entry[2], note;
	struct hash leaf[2];
	struct record_head head;
};

static void commit_make(struct commit *k, const struct test_fleet *f, const struct batch *b)
{
	cleanup_buf struct buf text = { 0 };
	const struct signer *log = &f->log;
	struct hash top;
	struct fleet_entry genesis = { .kind = FLEET_STATEMENT, .note = buf_span(&f->genesis_note) };
	struct fleet_entry commit = { .kind = FLEET_COMMIT, .heads = 1 };
	*k = (struct commit){
		.head = { .origin = b->origin_text, .size = b->head.size, .root = b->head.root }
	};
	commit_leaf(k->head.origin, k->head.size, &k->head.root, &commit.root);
	fleet_put_entry(&k->entry[0], &genesis);
	fleet_put_entry(&k->entry[1], &commit);
	for (size_t i = 0; i < 2; i++)
		merkle_leaf(buf_span(&k->entry[i]), &k->leaf[i]);
	merkle_root(k->leaf, 2, &top);
	checkpoint_put_text(&text, log->key.name, 2, &top);
	must(note_put(&k->note, buf_span(&text), &log, 1) == 0, "note");
}

static void commit_done(struct commit *k)
{
	buf_done(&k->entry[0]);
	buf_done(&k->entry[1]);
	buf_done(&k->note);
}

static void receipts(const struct commit *k)
{
	cleanup_buf struct buf text = { 0 }, witnessed = { 0 }, conflict = { 0 }, bundle = { 0 };
	struct receipt r = { .origin = k->head.origin,
		             .size = k->head.size,
		             .root = k->head.root,
		             .heads = 1,
		             .entry = buf_span(&k->entry[1]),
		             .index = 1,
		             .note = buf_span(&k->note) };
	r.fleet_path_len = merkle_path(k->leaf, 2, 1, r.fleet_path);
	receipt_put(&text, &r);
	conflict_put(&conflict, &(struct conflict){
	                                .reason = TEXT("size"), .note = r.note, .receipt = buf_span(&text) });
	seed("receipt", "receipt", buf_span(&text));
	r.has_witnessed = true;
	r.witnessed = r.note;
	receipt_put(&witnessed, &r);
	seed("receipt", "receipt-witnessed", buf_span(&witnessed));
	seed("receipt", "conflict", buf_span(&conflict));
	seed("receipt", "entry-statement", buf_span(&k->entry[0]));
	seed("receipt", "entry-commit", buf_span(&k->entry[1]));
	seed("note", "checkpoint", r.note);
	tile_put_bundle_entry(&bundle, buf_span(&k->entry[0]));
	tile_put_bundle_entry(&bundle, buf_span(&k->entry[1]));
	seed("tile", "bundle", buf_span(&bundle));
	seed("tile", "full", TEXT("tile/3/x001/x234/067"));
	seed("tile", "partial", TEXT("tile/entries/000.p/255"));
	seed("generation", "restored", TEXT("acme/log 42 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 2"));
	seed("generation", "origin", TEXT("acme/log/3"));
}

/* type || u16be length || payload, as the fuzzers of files read their input. */
static void put_framed(struct buf *b, enum record_type type, struct span payload)
{
	buf_put_u8(b, (uint8_t)(type - RECORD_BATCH));
	buf_put_u16be(b, (uint16_t)payload.len);
	buf_put(b, payload.data, payload.len);
}

static void records(const struct commit *k, const struct batch *batch)
{
	cleanup_buf struct buf genesis = { 0 }, commit = { 0 }, index = { 0 }, framed = { 0 }, file = { 0 };
	struct record_file f = { .number = 1 };
	struct index_row row = {
		.origin = k->head.origin, .count = k->head.size, .offset = 16, .length = 13
	};
	fleet_record_put(&genesis, 0, buf_span(&k->entry[0]), NULL, 0, (struct span){ 0 });
	fleet_record_put(&commit, 1, buf_span(&k->entry[1]), &k->head, 1, buf_span(&k->note));
	index_put(&index, &row, 1);
	seed("record", "genesis", buf_span(&genesis));
	seed("record", "commit", buf_span(&commit));
	seed("record", "index", buf_span(&index));
	record_put_file_header(&file, &f);
	record_put(&file, &f, file.len, RECORD_FLEET, buf_span(&commit));
	seed("record", "file", buf_span(&file));

	put_framed(&framed, RECORD_FLEET, buf_span(&genesis));
	put_framed(&framed, RECORD_BATCH, batch->bytes);
	put_framed(&framed, RECORD_FLEET, buf_span(&commit));
	seed_behind("verify_store", "journal", 4, buf_span(&framed));
	seed_behind("journal", "records", 0, buf_span(&framed));
	put_framed(&framed, RECORD_INDEX, buf_span(&index));
	seed_behind("verify_store", "segment", 5, buf_span(&framed));
}

static void seals(const struct batch *batch)
{
	cleanup_buf struct buf b = { 0 };
	struct sealed_batch s = { .count = batch->count,
		                  .epoch = TEXT("an epoch entry"),
		                  .seal = TEXT("a seal"),
		                  .note = batch->note_bytes };
	seals_put(&b, &s);
	s.first = batch->count;
	seals_put(&b, &s);
	seed("seals", "two", buf_span(&b));
}

static void proofs(void)
{
	static const char *const names[] = { "direct", "revoked", "linked" };
	for (int way = MADE_DIRECT; way <= MADE_LINKED; way++) {
		cleanup_made_proof struct made_proof m;
		cleanup_buf struct buf file = { 0 };
		make_proof_init(&m, "acme", (enum made_way)way);
		proof_put(&file, &m.proof);
		seed("proof", names[way], buf_span(&file));
	}
}

int main(int argc, char **argv)
{
	must(argc == 2, "usage: make_seeds FOLDER");
	root = argv[1];
	must(mkdir(root, 0755) == 0 || errno == EEXIST, root);
	cleanup_test_fleet struct test_fleet f;
	cleanup(commit_done) struct commit k;
	cleanup_buf struct buf bytes = { 0 };
	struct host_log h;
	struct batch b;
	audit_rules();
	collection_rules();
	test_fleet_init(&f, "acme");
	host_log_init(&h, "acme", "web1", 1);
	host_log_batch(&h, &(struct host_log_batch){ .events = 1 }, &bytes);
	must(batch_parse(buf_span(&bytes), &b) > 0, "batch");
	commit_make(&k, &f, &b);
	keys_and_statements(&f);
	tokens_and_requests();
	policies_and_witnesses(&f);
	split_views(&f);
	batches(&f);
	receipts(&k);
	records(&k, &b);
	proofs();
	seals(&b);
	return 0;
}
