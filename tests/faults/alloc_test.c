/* Each allocation of encoding, parsing, checking and proving fails once: no crash, no leak, a clean error,
 * and a state that can be gone on with. Our own allocations are wrapped when this program is linked;
 * OpenSSL's come through the functions that it offers for it.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "evidence/chain.h"
#include "evidence/cosignature.h"
#include "evidence/fleet.h"
#include "evidence/policy.h"
#include "evidence/proof.h"
#include "evidence/record.h"
#include "evidence/request.h"
#include "evidence/seals.h"
#include "evidence/statement.h"
#include "lib/cbor.h"
#include "lib/file.h"
#include "lib/text.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/make_proof.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

enum whose { OURS, OPENSSL };

/* 0: nothing fails; n: the n-th from now, of this owner. */
static unsigned long until_failure[2];

static bool fails(enum whose whose)
{
	return until_failure[whose] && --until_failure[whose] == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails(OURS) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails(OURS) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails(OURS) ? NULL : __real_realloc(p, n);
}

static void *openssl_malloc(size_t n, const char *file maybe_unused, int line maybe_unused)
{
	return n && !fails(OPENSSL) ? __real_malloc(n) : NULL;
}

static void *openssl_realloc(void *p, size_t n, const char *file maybe_unused, int line maybe_unused)
{
	return fails(OPENSSL) ? NULL : __real_realloc(p, n);
}

static void openssl_free(void *p, const char *file maybe_unused, int line maybe_unused)
{
	free(p);
}

__attribute__((constructor)) static void take_over_openssl(void)
{
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
		abort();
}

/* Digests keep a context for the thread's life, as do the codecs: have them before anything fails. */
static void warm_up(void)
{
	struct signer s;
	struct hash h;
	sha256("", 0, &h);
	test_signer("warm", &s);
	for (int codec = PACK_NONE; codec <= PACK_ZSTD; codec++) {
		cleanup_buf struct buf packed = { 0 }, raw = { 0 };
		cr_assert_eq(pack((enum pack_codec)codec, TEXT("warm"), &packed), 0);
		cr_assert_eq(unpack((enum pack_codec)codec, buf_span(&packed), 4, &raw), 0);
	}
}

/* A step does its work whole and returns 0, or cleans up and returns the error that it met. */
typedef int (*step_fn)(void *ctx);

static unsigned long run_failing_each(step_fn step, void *ctx, enum whose whose, bool (*error_ok)(int r))
{
	for (unsigned long n = 1;; n++) {
		until_failure[whose] = n;
		int r = step(ctx);
		bool reached = until_failure[whose] == 0;
		until_failure[whose] = 0;
		if (!reached) {
			cr_assert_eq(r, 0, "without a failure all is well: %d", r);
			return n - 1;
		}
		cr_assert(r == 0 || error_ok(r), "allocation %lu of %s: error %d", n,
		          whose == OURS ? "ours" : "OpenSSL", r);
		cr_assert_eq(step(ctx), 0, "after allocation %lu failed, it can be done again", n);
	}
}

static bool no_memory(int r)
{
	return r == -ENOMEM;
}

/* OpenSSL does not say why it has failed. */
static bool no_memory_or_io(int r)
{
	return r == -ENOMEM || r == -EIO;
}

static void each_fails_once(step_fn step, void *ctx, bool takes_memory)
{
	warm_up();
	cr_assert_eq(step(ctx), 0);
	unsigned long ours = run_failing_each(step, ctx, OURS, no_memory);
	run_failing_each(step, ctx, OPENSSL, no_memory_or_io);
	cr_assert(ours > 0 || !takes_memory, "the step takes memory");
	if (__lsan_do_recoverable_leak_check)
		cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
}

static int put_bodies(void *ctx)
{
	struct span *ret_want = ctx;
	cleanup_buf struct buf b = { 0 };
	struct seal s = { .first = 1, .count = 2, .has_posture = true, .fleet = { .size = 3 } };
	struct epoch_start e = {
		.epoch = 2, .abandoned_count = 3, .version = TEXT("1"), .predecessor = { .epoch = 1 }
	};
	struct loss l = { .has_count = true, .detail = TEXT("words") };
	seal_put_body(&b, &s, 1);
	epoch_put_body(&b, &e, 2);
	loss_put_body(&b, &l, 3);
	agent_put_body(&b, AGENT_CONFLICT, TEXT("words"), 4);
	if (buf_err(&b))
		return buf_err(&b);
	if (!ret_want->data) {
		ret_want->len = b.len;
		ret_want->data = TAKE_PTR(b.data);
		return 0;
	}
	return span_equal(buf_span(&b), *ret_want) ? 0 : -EPROTO;
}

Test(alloc, bodies_are_whole_or_the_buffer_says_so)
{
	struct span want = { 0 };
	each_fails_once(put_bodies, &want, true);
	cleanup_free void *owned maybe_unused = (void *)(uintptr_t)want.data;
}

/* An epoch of three batches with this codec, made before anything fails. */
struct epoch {
	struct host_log host;
	struct buf batch[3];
	struct chain start;
};

static void epoch_make(struct epoch *e, enum pack_codec codec)
{
	host_log_init(&e->host, "acme", "web1", 1);
	chain_init(&e->start, &e->host.origin, &e->host.identity.key);
	for (size_t i = 0; i < 3; i++) {
		struct host_log_batch what = { .events = 20, .codec = codec, .identity = i == 2 };
		e->batch[i] = (struct buf){ 0 };
		host_log_batch(&e->host, &what, &e->batch[i]);
	}
}

static void epoch_done(struct epoch *e)
{
	for (size_t i = 0; i < 3; i++)
		buf_done(&e->batch[i]);
}
#define cleanup_epoch cleanup(epoch_done)

static int check_one(struct chain *c, struct chain_scratch *scratch, const struct buf *bytes)
{
	struct batch b;
	struct chain_result result;
	enum chain_verdict v = CHAIN_WRONG_FIRST;
	const struct chain before = *c;
	if (batch_parse(buf_span(bytes), &b) < 0)
		return -EPROTO; /* a whole batch is never malformed */
	int r = chain_check(c, &b, CHAIN_DEEP, scratch, &v, &result);
	if (r == 0 && v == CHAIN_OK)
		return 0;
	if (memcmp(&before, c, sizeof(before)) != 0)
		return -EPROTO;
	if (r < 0)
		return r;
	/* OpenSSL without memory can't tell a signature that it could not check from a wrong one. */
	return v == CHAIN_WRONG_SEAL || v == CHAIN_WRONG_IDENTITY ? -EIO : -EPROTO;
}

static int check_chain(void *ctx)
{
	struct epoch *e = ctx;
	cleanup_chain_scratch struct chain_scratch *scratch = NULL;
	struct chain c = e->start;
	int r = chain_scratch_new(&scratch);
	for (size_t i = 0; i < 3 && r == 0; i++)
		r = check_one(&c, scratch, &e->batch[i]);
	return r;
}

Test(alloc, a_chain_takes_a_batch_whole_or_stays_where_it_was)
{
	for (int codec = PACK_NONE; codec <= PACK_ZSTD; codec++) {
		cleanup_epoch struct epoch e;
		epoch_make(&e, (enum pack_codec)codec);
		each_fails_once(check_chain, &e, true);
	}
}

struct sealing {
	struct signer seal;
	enum pack_codec codec;
};

static int put_batch(void *ctx)
{
	struct sealing *s = ctx;
	static const uint8_t seed[BATCH_SEED_BYTES];
	static const struct hash root;
	cleanup_buf struct buf b = { 0 }, text = { 0 };
	struct batch parsed;
	struct batch_parts parts = { .codec = s->codec,
		                     .origin = "acme/host/web1/1",
		                     .count = 1,
		                     .seed = seed,
		                     .raw = TEXT("\0\1a"),
		                     .root = &root,
		                     .signature_bytes = note_signature_bytes(s->seal.key.name) };
	checkpoint_put_text(&text, parts.origin, 1, &root);
	int r = buf_err(&text);
	if (r == 0)
		r = batch_put_unsigned(&b, &parts);
	if (r == 0)
		r = note_put_signature(&b, buf_span(&text), &s->seal);
	if (r < 0)
		return r;
	return batch_parse(buf_span(&b), &parsed) == (ssize_t)b.len ? 0 : -EPROTO;
}

Test(alloc, a_batch_is_written_whole_or_not_called_written)
{
	for (int codec = PACK_NONE; codec <= PACK_ZSTD; codec++) {
		struct sealing s = { .codec = (enum pack_codec)codec };
		test_signer("acme/host/web1/1/seal", &s.seal);
		each_fails_once(put_batch, &s, true);
	}
}

/* A fleet log of one commit of two heads, and the receipt of the first. */
struct proving {
	struct signer log;
	struct receipt receipt;
	struct buf entry, note;
};

static void proving_make(struct proving *p)
{
	cleanup_buf struct buf text = { 0 };
	const struct signer *signers[] = { &p->log };
	struct hash heads[2], leaf;
	struct fleet_entry e = { .kind = FLEET_COMMIT, .heads = 2 };
	*p = (struct proving){ .receipt = { .origin = TEXT("acme/host/web1/1"), .size = 1, .heads = 2 } };
	test_signer("acme/log", &p->log);
	commit_leaf(p->receipt.origin, 1, &p->receipt.root, &heads[0]);
	commit_leaf(TEXT("acme/host/web2/1"), 1, &p->receipt.root, &heads[1]);
	merkle_root(heads, 2, &e.root);
	p->receipt.commit_path_len = merkle_path(heads, 2, 0, p->receipt.commit_path);
	fleet_put_entry(&p->entry, &e);
	merkle_leaf(buf_span(&p->entry), &leaf);
	checkpoint_put_text(&text, "acme/log", 1, &leaf);
	cr_assert_eq(note_put(&p->note, buf_span(&text), signers, 1), 0);
	p->receipt.entry = buf_span(&p->entry);
	p->receipt.note = buf_span(&p->note);
}

static int prove(void *ctx)
{
	struct proving *p = ctx;
	cleanup_buf struct buf text = { 0 }, entry = { 0 };
	struct receipt r;
	struct fleet_head held = { 0 }, head = { .size = 77 };
	receipt_put(&text, &p->receipt);
	if (buf_err(&text))
		return buf_err(&text);
	int parsed = receipt_parse(buf_span(&text), &entry, &r);
	if (parsed < 0)
		return parsed;
	enum receipt_verdict v = receipt_check(&r, &p->log.key, &held, &head);
	if (v != RECEIPT_OK && head.size != 77)
		return -EPROTO;
	return v == RECEIPT_OK ? 0 : v == RECEIPT_BAD_NOTE ? -EIO : -EPROTO;
}

Test(alloc, a_receipt_is_written_read_and_checked_or_none_of_it)
{
	struct proving p;
	proving_make(&p);
	each_fails_once(prove, &p, true);
	buf_done(&p.entry);
	buf_done(&p.note);
}

/* Who cannot check a part says that it does not hold. */
static int prove_entry(void *ctx)
{
	static struct proof parsed;
	static struct proof_facts facts;
	const struct made_proof *m = ctx;
	cleanup_buf struct buf file = { 0 }, scratch = { 0 };
	const char *why = NULL;
	proof_put(&file, &m->proof);
	if (buf_err(&file))
		return buf_err(&file);
	int r = proof_parse(buf_span(&file), &scratch, &parsed);
	if (r < 0)
		return r;
	enum proof_step failed = proof_check(&parsed, buf_span(&m->fleet.genesis_note), &facts, &why);
	return failed == PROOF_STEPS ? 0 : why ? -EIO : -EPROTO;
}

Test(alloc, a_proof_file_is_written_read_and_checked_or_none_of_it)
{
	cleanup_made_proof struct made_proof m;
	make_proof_init(&m, "acme", MADE_LINKED);
	each_fails_once(prove_entry, &m, true);
}

static int list_seals(void *ctx)
{
	struct sealed_batch s = {
		.count = 2, .epoch = TEXT("an epoch"), .seal = TEXT("a seal"), .note = TEXT("a\n")
	};
	struct sealed_batch read;
	cleanup_buf struct buf text = { 0 }, scratch = { 0 };
	(void)ctx;
	seals_put(&text, &s);
	if (buf_err(&text))
		return buf_err(&text);
	ssize_t n = seals_next(buf_span(&text), &scratch, &read);
	if (n < 0)
		return (int)n;
	return (size_t)n == text.len && span_equal(read.seal, s.seal) ? 0 : -EPROTO;
}

Test(alloc, a_list_of_seals_is_written_and_read_whole_or_the_error_says_so)
{
	each_fails_once(list_seals, NULL, false);
}

struct people {
	struct test_fleet fleet;
	struct buf enrol;
};

/* Who cannot check a signature says that it does not verify, or that too few have signed. */
static int judged(int r)
{
	return r == -EBADMSG || r == -ENOKEY ? -EIO : r;
}

static int read_statements(void *ctx)
{
	struct people *p = ctx;
	struct genesis g = { .time_s = 77 };
	struct statement e = { .time_s = 77 };
	enum statement_kind kind;
	int r = statement_kind(buf_span(&p->enrol), &kind);
	if (r < 0 || kind != STATEMENT_ENROL)
		return -EPROTO;
	r = genesis_parse(buf_span(&p->fleet.genesis_note), &g);
	if (r < 0)
		return g.time_s == 77 ? judged(r) : -EPROTO;
	r = enrolment_parse(buf_span(&p->enrol), &g, &e);
	if (r < 0)
		return e.time_s == 77 ? judged(r) : -EPROTO;
	return 0;
}

Test(alloc, statements_are_read_whole_or_refused)
{
	struct people p = { 0 };
	struct host_log h;
	test_fleet_init(&p.fleet, "acme");
	host_log_init(&h, "acme", "web1", 1);
	test_fleet_enrol(&p.fleet, &h, &p.enrol);
	each_fails_once(read_statements, &p, false);
	test_fleet_done(&p.fleet);
	buf_done(&p.enrol);
}

static int put_records(void *ctx maybe_unused)
{
	cleanup_buf struct buf payload = { 0 }, index = { 0 }, file = { 0 }, conflict = { 0 };
	struct record_file f = { .segment = true, .number = 1 };
	struct record_head head = { .origin = TEXT("acme/host/web1/1"), .size = 5 };
	struct index_row row = { .origin = head.origin };
	struct fleet_record r;
	fleet_record_put(&payload, 1, TEXT("entry"), &head, 1, TEXT("note"));
	index_put(&index, &row, 1);
	conflict_put(&conflict, &(struct conflict){ .reason = TEXT("fork"), .note = TEXT("note") });
	record_put_file_header(&file, &f);
	if (buf_err(&payload) || buf_err(&index) || buf_err(&conflict))
		return -ENOMEM;
	record_put(&file, &f, file.len, RECORD_FLEET, buf_span(&payload));
	record_put(&file, &f, file.len, RECORD_INDEX, buf_span(&index));
	if (buf_err(&file))
		return buf_err(&file);
	enum record_type type;
	struct span got, rest = { file.data + RECORD_FILE_HEADER, file.len - RECORD_FILE_HEADER };
	if (record_parse(rest, &f, RECORD_FILE_HEADER, &type, &got) <= 0 || fleet_record_parse(got, &r) < 0)
		return -EPROTO;
	return 0;
}

Test(alloc, records_are_written_whole_or_the_buffer_says_so)
{
	each_fails_once(put_records, NULL, true);
}

static int put_keys(void *ctx maybe_unused)
{
	cleanup_buf struct buf text = { 0 }, vkey = { 0 };
	struct signer s, back;
	struct key k;
	int r = signer_generate(env_system(), "acme/log", &s);
	if (r < 0)
		return r;
	signer_put(&text, &s);
	key_put(&vkey, &s.key);
	if (buf_err(&text) || buf_err(&vkey))
		return -ENOMEM;
	if (key_parse(buf_span(&vkey), &k) < 0 || !key_equal(&k, &s.key))
		return -EPROTO;
	r = signer_parse(buf_span(&text), &back);
	return r < 0 ? r : key_equal(&back.key, &s.key) ? 0 : -EPROTO;
}

Test(alloc, keys_are_made_written_and_read_or_the_error_says_so)
{
	each_fails_once(put_keys, NULL, true);
}

static int put_texts(void *ctx maybe_unused)
{
	cleanup_buf struct buf line = { 0 }, json = { 0 }, hex = { 0 }, base64 = { 0 }, raw = { 0 };
	text_put_escaped(&line, TEXT("a\x1b[0m\n"));
	text_put_json(&json, TEXT("a\x1b[0m\n"));
	text_put_hex(&hex, "abc", 3);
	text_put_time_us(&hex, 1);
	text_put_base64(&base64, "abcd", 4);
	if (buf_err(&line) || buf_err(&json) || buf_err(&hex) || buf_err(&base64))
		return -ENOMEM;
	int r = text_base64(buf_span(&base64), &raw);
	return r < 0 ? r : span_is(buf_span(&raw), "abcd") ? 0 : -EPROTO;
}

Test(alloc, texts_are_whole_or_the_buffer_says_so)
{
	each_fails_once(put_texts, NULL, true);
}

static int use_files(void *ctx)
{
	int dirfd = *(int *)ctx;
	cleanup_buf struct buf content = { 0 };
	cleanup_free char *names = NULL;
	size_t n;
	int r = file_replace(env_system(), dirfd, "f", TEXT("content"), 0600);
	if (r == 0)
		r = file_read(env_system(), dirfd, "f", 100, &content);
	if (r == 0 && !span_is(buf_span(&content), "content"))
		return -EPROTO;
	if (r == 0)
		r = env_system()->list(env_system(), dirfd, &names, &n);
	return r;
}

Test(alloc, files_are_replaced_read_and_listed_or_the_error_says_so)
{
	char folder[] = "/tmp/swornlog-alloc-XXXXXX";
	cr_assert_not_null(mkdtemp(folder));
	int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(dirfd, 0);
	each_fails_once(use_files, &dirfd, true);
	cr_assert_eq(unlinkat(dirfd, "f", 0), 0);
	close(dirfd);
	cr_assert_eq(rmdir(folder), 0);
}

/* What another than ours has failed at is not told by OpenSSL: not by us, then, either. */
static int as_failure(int r)
{
	return r == 0 || r == -ENOMEM ? r : -EIO;
}

struct witnessed {
	struct signer log, witness;
	struct buf policy;
};

static int hold_under_policy(void *ctx)
{
	const struct witnessed *w = ctx;
	static const char text[] = "acme/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
	const struct signer *signers[] = { &w->log };
	cleanup_buf struct buf note = { 0 };
	cleanup_policy struct policy *p = NULL;
	struct policy_verdict v;
	char error[128];
	int r = note_put(&note, TEXT(text), signers, 1);
	if (r == 0)
		r = cosignature_put(&note, TEXT(text), 1795507200, &w->witness);
	if (r == 0)
		r = policy_parse(buf_span(&w->policy), &p, error, sizeof(error));
	if (r == 0)
		r = policy_check(p, buf_span(&note), NULL, &v);
	return r < 0 ? as_failure(r) : v.quorum ? 0 : -EPROTO;
}

Test(alloc, a_checkpoint_is_cosigned_and_held_under_a_policy_or_the_error_says_so)
{
	struct witnessed w = { 0 };
	test_signer("acme/log", &w.log);
	test_cosigner("witness.example", &w.witness);
	buf_put_str(&w.policy, "log ");
	key_put(&w.policy, &w.log.key);
	buf_put_str(&w.policy, " https://log.example/\nwitness w ");
	key_put(&w.policy, &w.witness.key);
	buf_put_str(&w.policy, "\ngroup g any w\nquorum g\n");
	each_fails_once(hold_under_policy, &w, true);
	buf_done(&w.policy);
}

struct joining {
	struct buf token;
	struct signer identity;
	EVP_PKEY *key;
};

static int read_joining(struct joining *j, struct span bytes)
{
	struct token t;
	struct request q = { 0 };
	int r = token_parse(buf_span(&j->token), &t);
	if (r < 0)
		return judged(r);
	r = request_parse(bytes, &q);
	bool there = q.certificate_key;
	request_done(&q);
	if (r < 0)
		return there ? -EPROTO : r == -ENOMEM ? r : -EIO;
	return there ? 0 : -EPROTO;
}

static int ask_and_read(void *ctx)
{
	struct joining *j = ctx;
	cleanup_buf struct buf b = { 0 };
	int r = request_put(&b, "acme", "web1", &j->identity, j->key, &(struct token_secret){ { 1 } });
	return r < 0 ? r : read_joining(j, buf_span(&b));
}

Test(alloc, a_request_to_join_is_made_and_read_whole_or_the_error_says_so)
{
	struct joining j = { 0 };
	struct hash seed = { { 7 } };
	test_signer("acme/host/web1", &j.identity);
	j.key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed.b, sizeof(seed.b));
	cr_assert_not_null(j.key);
	cr_assert_eq(file_read(env_system(), AT_FDCWD, "docs/vectors/token.txt", TOKEN_MAX_BYTES, &j.token),
	             0);
	each_fails_once(ask_and_read, &j, true);
	EVP_PKEY_free(j.key);
	buf_done(&j.token);
}
