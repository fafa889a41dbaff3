/* Batches made by hand, body by body, so that each verdict is reached by exactly one damage. */
#include "evidence/chain.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/host_log.h"

#define HEARTBEAT SPAN(0x85, 0x05, 0x00, 0x01, 0xf6, 0xa0)
#define OPENED    SPAN(0x85, 0x18, 0x20, 0x00, 0x02, 0xf6, 0xa1, 0x00, 0x41, '/')
#define BY(n)     SPAN(0x85, 0x18, 0x20, 0x00, 0x02, n, 0xa0)

/* A log under construction: what the next batch will hold, and the chain that has taken those before. */
struct hand {
	struct origin origin;
	struct signer identity, seal[4]; /* seal[0] signs the first batch */
	struct chain chain;
	struct chain_scratch *scratch;
	struct chain_result result;
	struct account account;
	struct buf raw;
	uint32_t count;
	unsigned batches;
};

static void hand_done(struct hand *h)
{
	chain_scratch_free(h->scratch);
	buf_done(&h->raw);
}
#define cleanup_hand cleanup(hand_done)

static void seal_signer(const struct origin *o, const char *seed, struct signer *ret)
{
	char name[KEY_NAME_MAX + 1];
	test_signer(seed, ret);
	origin_seal_name(o, name);
	cr_assert_eq(key_make(name, KEY_TYPE_ED25519, &ret->secret.public_key, &ret->key), 0);
}

static void hand_init(struct hand *h)
{
	static const char *const seeds[] = { "seal/0", "seal/1", "seal/2", "seal/3" };
	*h = (struct hand){ .origin = { .fleet = "acme", .host = "web1", .epoch = 1 } };
	test_signer("acme/host/web1", &h->identity);
	for (size_t i = 0; i < 4; i++)
		seal_signer(&h->origin, seeds[i], &h->seal[i]);
	chain_init(&h->chain, &h->origin, &h->identity.key);
	cr_assert_eq(chain_scratch_new(&h->scratch), 0);
}

static void add(struct hand *h, struct span body)
{
	buf_put_u16be(&h->raw, (uint16_t)body.len);
	buf_put(&h->raw, body.data, body.len);
	h->count++;
}

static void add_buf(struct hand *h, const struct buf *body)
{
	cr_assert_eq(buf_err(body), 0);
	add(h, buf_span(body));
}

static void add_epoch(struct hand *h, uint64_t epoch, const struct ed25519_public *key)
{
	cleanup_buf struct buf body = { 0 };
	struct epoch_start s = { .epoch = epoch, .first_key = *key, .version = TEXT("1") };
	epoch_put_body(&body, &s, 0);
	add_buf(h, &body);
}

static void add_loss(struct hand *h, uint64_t exactness, bool counted, uint64_t count)
{
	cleanup_buf struct buf body = { 0 };
	struct loss l = { .exactness = exactness, .has_count = counted, .count = count };
	loss_put_body(&body, &l, 0);
	add_buf(h, &body);
}

static struct seal next_seal(const struct hand *h)
{
	return (struct seal){ .first = h->chain.tree.size,
		              .count = h->count + 1,
		              .next_key = h->seal[(h->batches + 1) % 4].secret.public_key,
		              .account = h->account };
}

static void add_seal(struct hand *h, const struct seal *s)
{
	cleanup_buf struct buf body = { 0 };
	seal_put_body(&body, s, 0);
	add_buf(h, &body);
}

/* How the batch is put together; all zero: a good one. */
struct how {
	enum pack_codec codec;
	const struct signer *lines[3]; /* NULL first: the seal key, and the identity key where due */
	uint64_t first_shift;          /* added to the first index */
	uint32_t more_count;           /* added to the count in header and note */
	bool wrong_root;
};

static void make(struct hand *h, const struct how *how, struct buf *out)
{
	static const uint8_t seed[BATCH_SEED_BYTES] = { 42 };
	cleanup_salter struct salter *salter = NULL;
	cleanup_buf struct buf text = { 0 };
	const struct signer *usual[] = { &h->seal[h->batches % 4], h->batches ? NULL : &h->identity, NULL };
	const struct signer *const *lines = how->lines[0] ? how->lines : usual;
	struct frontier tree = h->chain.tree;
	struct batch b = { .count = h->count, .seed = seed };
	struct hash root;
	cr_assert_eq(salter_new(&salter), 0);
	cr_assert_eq(batch_hash(&b, buf_span(&h->raw), salter, &tree), 0);
	frontier_root(&tree, &root);
	root.b[0] ^= how->wrong_root;
	struct batch_parts parts = { .codec = how->codec,
		                     .origin = "acme/host/web1/1",
		                     .count = h->count + how->more_count,
		                     .first = h->chain.tree.size + how->first_shift,
		                     .seed = seed,
		                     .raw = buf_span(&h->raw),
		                     .root = &root };
	for (size_t i = 0; i < 3 && lines[i]; i++)
		parts.signature_bytes += note_signature_bytes(lines[i]->key.name);
	checkpoint_put_text(&text, parts.origin, parts.first + parts.count, &root);
	cr_assert_eq(batch_put_unsigned(out, &parts), 0);
	for (size_t i = 0; i < 3 && lines[i]; i++)
		cr_assert_eq(note_put_signature(out, buf_span(&text), lines[i]), 0);
}

static enum chain_verdict judge(struct hand *h, struct span bytes, enum chain_depth depth)
{
	struct batch b;
	struct chain before = h->chain;
	enum chain_verdict v = (enum chain_verdict)99;
	cr_assert_eq(batch_parse(bytes, &b), (ssize_t)bytes.len);
	cr_assert_eq(chain_check(&h->chain, &b, depth, h->scratch, &v, &h->result), 0);
	if (v != CHAIN_OK)
		cr_assert_eq(memcmp(&before, &h->chain, sizeof(before)), 0, "the chain stays where it was");
	return v;
}

/* Finish, judge, and go on if it is taken. */
static enum chain_verdict close_batch(struct hand *h, const struct how *how, enum chain_depth depth)
{
	cleanup_buf struct buf out = { 0 };
	make(h, how, &out);
	enum chain_verdict v = judge(h, buf_span(&out), depth);
	h->batches += v == CHAIN_OK;
	h->count = 0;
	buf_reset(&h->raw);
	return v;
}

static enum chain_verdict close_good(struct hand *h, enum chain_depth depth)
{
	struct seal s = next_seal(h);
	add_seal(h, &s);
	return close_batch(h, &(struct how){ 0 }, depth);
}

/* The first batch: the epoch entry and the seal. */
static void begin(struct hand *h)
{
	hand_init(h);
	add_epoch(h, 1, &h->seal[0].secret.public_key);
	cr_assert_eq(close_good(h, CHAIN_DEEP), CHAIN_OK);
}

/* A second batch of this one body and a seal, judged both ways. */
static void second_is(struct span body, bool event, enum chain_verdict deep)
{
	for (int depth = CHAIN_SHALLOW; depth <= CHAIN_DEEP; depth++) {
		cleanup_hand struct hand h;
		begin(&h);
		h.account.stored = h.account.emitted = event;
		add(&h, body);
		enum chain_verdict v = close_good(&h, (enum chain_depth)depth);
		cr_expect_eq(v, depth == CHAIN_DEEP ? deep : CHAIN_OK, "verdict %d", v);
		if (v == CHAIN_BAD_BODY || v == CHAIN_BAD_REFERENCE)
			cr_expect_eq(h.result.bad_index, 2);
	}
}

Test(chain, batches_that_continue_each_other_are_taken)
{
	for (int codec = PACK_NONE; codec <= PACK_ZSTD; codec++) {
		cleanup_hand struct hand h;
		begin(&h);
		cr_assert(h.result.has_epoch);
		cr_assert_eq(h.result.epoch.epoch, 1);
		for (unsigned i = 1; i < 4; i++) {
			h.account.stored = h.account.emitted = i;
			add(&h, OPENED);
			add(&h, HEARTBEAT);
			struct seal s = next_seal(&h);
			add_seal(&h, &s);
			cr_assert_eq(
			        close_batch(&h, &(struct how){ .codec = (enum pack_codec)codec }, CHAIN_DEEP),
			        CHAIN_OK);
			cr_assert_eq(h.chain.tree.size, 2 + 3 * i);
			cr_assert_eq(h.result.seal.count, 3);
			cr_assert_not(h.result.has_epoch);
			cr_assert_eq(h.chain.account.stored, i);
		}
	}
}

Test(chain, the_identity_key_may_sign_any_batch)
{
	cleanup_hand struct hand h;
	begin(&h);
	struct seal s = next_seal(&h);
	add_seal(&h, &s);
	struct how how = { .lines = { &h.seal[1], &h.identity } };
	cr_assert_eq(close_batch(&h, &how, CHAIN_DEEP), CHAIN_OK);
}

Test(chain, a_gap_an_overlap_and_a_repetition_begin_in_the_wrong_place)
{
	cleanup_hand struct hand h;
	begin(&h);
	struct seal s = next_seal(&h);
	add_seal(&h, &s);
	cleanup_buf struct buf gap = { 0 }, overlap = { 0 }, good = { 0 };
	make(&h, &(struct how){ .first_shift = 1 }, &gap);
	make(&h, &(struct how){ .first_shift = UINT64_MAX }, &overlap);
	make(&h, &(struct how){ 0 }, &good);
	cr_assert_eq(judge(&h, buf_span(&gap), CHAIN_SHALLOW), CHAIN_WRONG_FIRST);
	cr_assert_eq(judge(&h, buf_span(&overlap), CHAIN_SHALLOW), CHAIN_WRONG_FIRST);
	cr_assert_eq(judge(&h, buf_span(&good), CHAIN_SHALLOW), CHAIN_OK);
	cr_assert_eq(judge(&h, buf_span(&good), CHAIN_SHALLOW), CHAIN_WRONG_FIRST);
}

Test(chain, packed_bytes_that_do_not_fit_the_header_do_not_unpack)
{
	for (int codec = PACK_NONE; codec <= PACK_ZSTD; codec++) {
		cleanup_hand struct hand h;
		begin(&h);
		struct seal s = next_seal(&h);
		add_seal(&h, &s);
		cleanup_buf struct buf more = { 0 }, damaged = { 0 };
		make(&h, &(struct how){ .codec = (enum pack_codec)codec, .more_count = 1 }, &more);
		cr_assert_eq(judge(&h, buf_span(&more), CHAIN_SHALLOW), CHAIN_UNPACK);
		make(&h, &(struct how){ .codec = (enum pack_codec)codec }, &damaged);
		if (codec == PACK_NONE)
			damaged.data[BATCH_HEADER_BYTES + 16] ^= 1; /* the first body's length */
		else
			damaged.data[27]++; /* the raw length */
		cr_assert_eq(judge(&h, buf_span(&damaged), CHAIN_SHALLOW), CHAIN_UNPACK);
	}
}

Test(chain, a_seal_less_run_of_too_many_entries_does_not_unpack)
{
	cleanup_hand struct hand h;
	begin(&h);
	add(&h, HEARTBEAT);
	struct seal s = next_seal(&h);
	add_seal(&h, &s);
	cr_assert_eq(close_batch(&h, &(struct how){ .more_count = UINT32_MAX }, CHAIN_SHALLOW), CHAIN_UNPACK);
}

Test(chain, one_changed_bit_of_seed_or_body_is_another_root)
{
	cleanup_hand struct hand h;
	begin(&h);
	add(&h, HEARTBEAT);
	struct seal s = next_seal(&h);
	add_seal(&h, &s);
	cleanup_buf struct buf b = { 0 };
	make(&h, &(struct how){ 0 }, &b);
	for (size_t at = 36; at < 68; at++) {
		b.data[at] ^= 0x10;
		cr_assert_eq(judge(&h, buf_span(&b), CHAIN_SHALLOW), CHAIN_WRONG_ROOT);
		b.data[at] ^= 0x10;
	}
	b.data[BATCH_HEADER_BYTES + 16 + 2 + 1] ^= 2; /* the heartbeat's kind */
	cr_assert_eq(judge(&h, buf_span(&b), CHAIN_SHALLOW), CHAIN_WRONG_ROOT);
	cr_assert_eq(close_batch(&h, &(struct how){ .wrong_root = true }, CHAIN_SHALLOW), CHAIN_WRONG_ROOT);
}

static enum chain_verdict signed_by(struct hand *h, struct how how)
{
	struct seal s = next_seal(h);
	add_seal(h, &s);
	return close_batch(h, &how, CHAIN_SHALLOW);
}

Test(chain, only_the_seal_key_that_was_named_may_seal)
{
	cleanup_hand struct hand h;
	begin(&h);
	struct signer foreign, renamed = h.seal[1];
	seal_signer(&h.origin, "seal/foreign", &foreign);
	cr_assert_eq(
	        key_make("acme/host/web1/2/seal", KEY_TYPE_ED25519, &renamed.secret.public_key, &renamed.key),
	        0);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &foreign } }), CHAIN_WRONG_SEAL);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[0] } }), CHAIN_WRONG_SEAL);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[2] } }), CHAIN_WRONG_SEAL);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.identity } }), CHAIN_WRONG_SEAL);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.identity, &h.seal[1] } }), CHAIN_WRONG_SEAL);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &renamed } }), CHAIN_WRONG_SEAL);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[1] } }), CHAIN_OK);
}

Test(chain, the_identity_line_is_the_enrolled_key_s_and_the_last)
{
	cleanup_hand struct hand h;
	begin(&h);
	struct signer other;
	test_signer("another/host/key", &other);
	struct signer claimed = other;
	claimed.key = h.identity.key;
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[1], &other } }), CHAIN_WRONG_IDENTITY);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[1], &claimed } }), CHAIN_WRONG_IDENTITY);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[1], &h.seal[1] } }),
	             CHAIN_WRONG_IDENTITY);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[1], &h.identity, &other } }),
	             CHAIN_WRONG_IDENTITY);
	cr_expect_eq(signed_by(&h, (struct how){ .lines = { &h.seal[1], &h.identity, &h.identity } }),
	             CHAIN_WRONG_IDENTITY);
}

Test(chain, the_first_batch_needs_the_identity_key)
{
	cleanup_hand struct hand h;
	hand_init(&h);
	add_epoch(&h, 1, &h.seal[0].secret.public_key);
	struct seal s = next_seal(&h);
	add_seal(&h, &s);
	cr_assert_eq(close_batch(&h, &(struct how){ .lines = { &h.seal[0] } }, CHAIN_SHALLOW),
	             CHAIN_WRONG_IDENTITY);
}

Test(chain, a_batch_ends_in_a_seal_that_fits_it)
{
	cleanup_hand struct hand h;
	begin(&h);
	add(&h, HEARTBEAT);
	cr_expect_eq(close_batch(&h, &(struct how){ 0 }, CHAIN_SHALLOW), CHAIN_NO_SEAL_ENTRY);
	add(&h, SPAN(0x85, 0x02, 0x00, 0x01, 0xf6, 0xa0));
	cr_expect_eq(close_batch(&h, &(struct how){ 0 }, CHAIN_SHALLOW), CHAIN_NO_SEAL_ENTRY);
	add(&h, SPAN(0xff));
	cr_expect_eq(close_batch(&h, &(struct how){ 0 }, CHAIN_SHALLOW), CHAIN_NO_SEAL_ENTRY);

	struct seal first = next_seal(&h), count = first, key = first;
	first.first++;
	count.count++;
	memset(key.next_key.b, 0, sizeof(key.next_key.b));
	const struct seal *wrong[] = { &first, &count, &key };
	for (size_t i = 0; i < 3; i++) {
		add_seal(&h, wrong[i]);
		cr_expect_eq(close_batch(&h, &(struct how){ 0 }, CHAIN_SHALLOW), CHAIN_NO_SEAL_ENTRY, "%zu",
		             i);
	}
}

static enum chain_verdict begun_with(uint64_t epoch, const struct ed25519_public *key)
{
	cleanup_hand struct hand h;
	hand_init(&h);
	if (epoch)
		add_epoch(&h, epoch, key ? key : &h.seal[0].secret.public_key);
	else
		add(&h, HEARTBEAT);
	return close_good(&h, CHAIN_SHALLOW);
}

Test(chain, an_epoch_begins_with_an_epoch_entry_that_fits_it)
{
	static const struct ed25519_public small = { { 1 } };
	cr_expect_eq(begun_with(1, NULL), CHAIN_OK);
	cr_expect_eq(begun_with(0, NULL), CHAIN_NO_EPOCH_ENTRY);
	cr_expect_eq(begun_with(2, NULL), CHAIN_NO_EPOCH_ENTRY);
	cr_expect_eq(begun_with(1, &small), CHAIN_NO_EPOCH_ENTRY);
}

Test(chain, a_batch_of_only_a_seal_can_not_begin_an_epoch)
{
	cleanup_hand struct hand h;
	hand_init(&h);
	cr_assert_eq(close_good(&h, CHAIN_SHALLOW), CHAIN_NO_EPOCH_ENTRY);
}

Test(chain, bodies_that_break_the_rules_are_stored_and_found_by_who_looks_deep)
{
	second_is(SPAN(0x84, 0x05, 0x00, 0x01, 0xf6), false, CHAIN_BAD_BODY);
	second_is(SPAN(0x85, 0x05, 0x00, 0x01, 0xf6, 0xa0, 0x00), false, CHAIN_BAD_BODY);
	/* a loss without a reason; with an exactness that nobody knows */
	second_is(SPAN(0x85, 0x06, 0x00, 0x01, 0xf6, 0xa1, 0x02, 0x00), false, CHAIN_BAD_BODY);
	second_is(SPAN(0x85, 0x06, 0x00, 0x01, 0xf6, 0xa2, 0x00, 0x00, 0x02, 0x04), false, CHAIN_BAD_BODY);
	/* the log's own entries have no process */
	second_is(SPAN(0x85, 0x05, 0x00, 0x01, 0x00, 0xa0), false, CHAIN_BAD_BODY);
}

Test(chain, seals_and_epochs_stand_only_where_they_belong)
{
	cleanup_buf struct buf seal = { 0 }, epoch = { 0 };
	struct signer some;
	test_signer("some", &some);
	struct seal s = { .first = 2, .count = 1, .next_key = some.secret.public_key };
	struct epoch_start e = { .epoch = 1, .first_key = some.secret.public_key };
	seal_put_body(&seal, &s, 0);
	epoch_put_body(&epoch, &e, 0);
	second_is(buf_span(&seal), false, CHAIN_BAD_BODY);
	second_is(buf_span(&epoch), false, CHAIN_BAD_BODY);
}

Test(chain, kinds_and_fields_that_nobody_knows_yet_are_carried)
{
	second_is(SPAN(0x85, 0x0f, 0x00, 0x04, 0xf6, 0xa1, 0x07, 0x80), false, CHAIN_OK);
	second_is(SPAN(0x85, 0x01, 0x00, 0x04, 0xf6, 0xa0), false, CHAIN_OK);
	second_is(SPAN(0x85, 0x19, 0x7f, 0xff, 0x00, 0x04, 0x01, 0xa0), true, CHAIN_OK);
	second_is(SPAN(0x85, 0x18, 0x20, 0x00, 0x02, 0xf6, 0xa1, 0x18, 0x63, 0x80), true, CHAIN_OK);
}

Test(chain, an_index_must_name_an_earlier_entry)
{
	second_is(BY(0x00), true, CHAIN_OK);
	second_is(BY(0x01), true, CHAIN_OK);
	second_is(BY(0x02), true, CHAIN_BAD_REFERENCE);
	second_is(BY(0x03), true, CHAIN_BAD_REFERENCE);
	/* an exec: pid, parent (3), previous (21) */
	second_is(SPAN(0x85, 0x11, 0x00, 0x02, 0x01, 0xa3, 0x00, 0x01, 0x03, 0x01, 0x15, 0x01), true,
	          CHAIN_OK);
	second_is(SPAN(0x85, 0x11, 0x00, 0x02, 0x01, 0xa2, 0x00, 0x01, 0x03, 0x02), true,
	          CHAIN_BAD_REFERENCE);
	second_is(SPAN(0x85, 0x11, 0x00, 0x02, 0x01, 0xa2, 0x00, 0x01, 0x15, 0x02), true,
	          CHAIN_BAD_REFERENCE);
	second_is(SPAN(0x85, 0x10, 0x00, 0x02, 0xf6, 0xa2, 0x00, 0x01, 0x03, 0x18, 0x63), true,
	          CHAIN_BAD_REFERENCE);
	/* the same numbers in a file event are flags and a path's marks */
	second_is(SPAN(0x85, 0x18, 0x20, 0x00, 0x02, 0xf6, 0xa1, 0x03, 0x18, 0x63), true, CHAIN_OK);
}

static enum chain_verdict with_account(struct hand *h, struct account a, enum chain_depth depth)
{
	struct seal s = next_seal(h);
	s.account = a;
	add_seal(h, &s);
	return close_batch(h, &(struct how){ 0 }, depth);
}

/* emitted, stored, filtered, lost, exactness after a second batch of one event. */
static void account_is(struct account a, enum chain_verdict want)
{
	for (int depth = CHAIN_SHALLOW; depth <= CHAIN_DEEP; depth++) {
		cleanup_hand struct hand h;
		begin(&h);
		add(&h, OPENED);
		enum chain_verdict v = with_account(&h, a, (enum chain_depth)depth);
		cr_expect_eq(v, depth == CHAIN_DEEP ? want : CHAIN_OK);
	}
}

Test(chain, the_account_must_add_up_to_what_is_there)
{
	account_is((struct account){ 1, 1, 0, 0, 0 }, CHAIN_OK);
	account_is((struct account){ 8, 1, 7, 0, 0 }, CHAIN_OK);
	account_is((struct account){ 2, 1, 0, 0, 0 }, CHAIN_BAD_ACCOUNT);
	account_is((struct account){ 0, 0, 0, 0, 0 }, CHAIN_BAD_ACCOUNT);
	account_is((struct account){ 2, 2, 0, 0, 0 }, CHAIN_BAD_ACCOUNT);
	account_is((struct account){ 2, 1, 0, 1, 0 }, CHAIN_BAD_ACCOUNT); /* lost without a loss entry */
	account_is((struct account){ 1, 1, 0, 0, 1 }, CHAIN_BAD_ACCOUNT); /* unsure without one */
	account_is((struct account){ 0, 1, UINT64_MAX, 0, 0 }, CHAIN_BAD_ACCOUNT);
	account_is((struct account){ 0, 1, UINT64_MAX - 5, 5, 0 }, CHAIN_BAD_ACCOUNT);
}

struct declared {
	uint64_t exactness;
	bool counted;
	uint64_t count;
};

static void loss_is(struct declared d, struct account a, enum chain_verdict want)
{
	cleanup_hand struct hand h;
	begin(&h);
	add_loss(&h, d.exactness, d.counted, d.count);
	cr_expect_eq(with_account(&h, a, CHAIN_DEEP), want);
}

Test(chain, losses_are_explained_by_their_entries)
{
	struct declared exact = { EXACT, true, 5 }, lower = { LOWER_BOUND, true, 5 },
	                upper = { UPPER_BOUND, true, 5 }, unknown = { UNKNOWN, false, 0 };
	loss_is(exact, (struct account){ 5, 0, 0, 5, EXACT }, CHAIN_OK);
	loss_is(lower, (struct account){ 5, 0, 0, 5, LOWER_BOUND }, CHAIN_OK);
	loss_is(upper, (struct account){ 0, 0, 0, 0, UPPER_BOUND }, CHAIN_OK);
	loss_is(unknown, (struct account){ 0, 0, 0, 0, UNKNOWN }, CHAIN_OK);
	loss_is(exact, (struct account){ 4, 0, 0, 4, EXACT }, CHAIN_BAD_ACCOUNT);
	loss_is(exact, (struct account){ 6, 0, 0, 6, EXACT }, CHAIN_BAD_ACCOUNT);
	loss_is(exact, (struct account){ 0, 0, 0, 0, EXACT }, CHAIN_BAD_ACCOUNT);
	loss_is(exact, (struct account){ 5, 0, 0, 5, LOWER_BOUND }, CHAIN_BAD_ACCOUNT);
	loss_is(lower, (struct account){ 5, 0, 0, 5, EXACT }, CHAIN_BAD_ACCOUNT);
	loss_is(upper, (struct account){ 5, 0, 0, 5, UPPER_BOUND }, CHAIN_BAD_ACCOUNT);
	loss_is(unknown, (struct account){ 0, 0, 0, 0, EXACT }, CHAIN_BAD_ACCOUNT);
}

Test(chain, loss_counts_that_overflow_are_no_account)
{
	cleanup_hand struct hand h;
	begin(&h);
	add_loss(&h, EXACT, true, UINT64_MAX);
	add_loss(&h, EXACT, true, 1);
	cr_assert_eq(with_account(&h, (struct account){ 0 }, CHAIN_DEEP), CHAIN_BAD_ACCOUNT);
}

Test(chain, no_count_ever_decreases)
{
	struct account was = { 9, 0, 4, 5, LOWER_BOUND };
	struct account wrong[] = { { 8, 0, 3, 5, LOWER_BOUND },
		                   { 8, 0, 4, 4, LOWER_BOUND },
		                   { 9, 0, 4, 5, EXACT } };
	for (size_t i = 0; i < ARRAY_SIZE(wrong) + 1; i++) {
		cleanup_hand struct hand h;
		begin(&h);
		add_loss(&h, LOWER_BOUND, true, 5);
		cr_assert_eq(with_account(&h, was, CHAIN_DEEP), CHAIN_OK);
		bool same = i == ARRAY_SIZE(wrong);
		cr_expect_eq(with_account(&h, same ? was : wrong[i], CHAIN_DEEP),
		             same ? CHAIN_OK : CHAIN_BAD_ACCOUNT);
	}
}

Test(chain, every_flipped_bit_of_a_batch_is_refused_somewhere)
{
	cleanup_hand struct hand h;
	begin(&h);
	add(&h, HEARTBEAT);
	struct seal s = next_seal(&h);
	add_seal(&h, &s);
	cleanup_buf struct buf b = { 0 };
	make(&h, &(struct how){ 0 }, &b);
	struct chain before = h.chain;
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		struct batch parsed;
		enum chain_verdict v = CHAIN_OK;
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ssize_t n = batch_parse(buf_span(&b), &parsed);
		if (n > 0)
			cr_assert_eq(chain_check(&h.chain, &parsed, CHAIN_SHALLOW, h.scratch, &v, &h.result),
			             0);
		cr_assert(n < 0 || v != CHAIN_OK, "bit %zu", bit);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_assert_eq(memcmp(&before, &h.chain, sizeof(before)), 0);
	cr_assert_eq(judge(&h, buf_span(&b), CHAIN_DEEP), CHAIN_OK);
}

Test(chain, every_verdict_has_words)
{
	for (int v = CHAIN_OK; v <= CHAIN_BAD_ACCOUNT; v++)
		cr_assert_str_neq(chain_verdict_name((enum chain_verdict)v), "unknown verdict");
	cr_assert_str_eq(chain_verdict_name((enum chain_verdict)99), "unknown verdict");
}
