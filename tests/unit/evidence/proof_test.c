#include "evidence/proof.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/make_proof.h"

/* One file at a time. */
static struct buf scratch;
static struct proof parsed;
static struct proof_facts facts;
static const char *why;

static void clean(void)
{
	buf_done(&scratch);
}

TestSuite(proof, .fini = clean);

/* -1: malformed; else the step that fails. */
static int outcome(const struct made_proof *m, struct span file)
{
	if (proof_parse(file, &scratch, &parsed) < 0)
		return -1;
	return (int)proof_check(&parsed, buf_span(&m->fleet.genesis_note), &facts, &why);
}

static int outcome_of(const struct made_proof *m)
{
	cleanup_buf struct buf file = { 0 };
	proof_put(&file, &m->proof);
	cr_assert_eq(buf_err(&file), 0);
	return outcome(m, buf_span(&file));
}

Test(proof, holds_through_a_checkpoint_that_the_identity_key_signed)
{
	cleanup_made_proof struct made_proof m;
	make_proof_init(&m, "acme", MADE_DIRECT);
	cr_assert_eq(outcome_of(&m), PROOF_STEPS, "%s", why);
	cr_expect_eq(facts.fleet.size, 3);
	cr_expect_eq(facts.host.size, 4);
	cr_expect_str_eq(facts.host_standing.identity.name, "acme/host/web-1");
	cr_expect_eq(facts.identity_index, 1);
	cr_expect_eq(facts.entry.kind, KIND_OPEN);
	cr_expect_eq(facts.seal.count, 4);
	cr_expect_eq(facts.process.kind, KIND_PROCESS);
	cr_expect_eq(facts.commit_time_us, 1795507201000000);
}

Test(proof, holds_along_the_seal_keys_since_the_identity_keys_last_signature)
{
	cleanup_made_proof struct made_proof m;
	make_proof_init(&m, "acme", MADE_LINKED);
	cr_assert_eq(outcome_of(&m), PROOF_STEPS, "%s", why);
	cr_expect_eq(parsed.link_count, 2);
	cr_expect_eq(facts.host.size, 8);
}

Test(proof, is_written_back_to_the_same_bytes)
{
	for (int way = MADE_DIRECT; way <= MADE_LINKED; way++) {
		cleanup_made_proof struct made_proof m;
		cleanup_buf struct buf file = { 0 }, again = { 0 };
		make_proof_init(&m, "acme", (enum made_way)way);
		proof_put(&file, &m.proof);
		cr_assert_eq(proof_parse(buf_span(&file), &scratch, &parsed), 0);
		proof_put(&again, &parsed);
		cr_assert(bytes_equal(buf_span(&again), buf_span(&file)));
	}
}

/* The line of a seal key that nothing in the file names is not verified: the identity key's, below it,
 * vouches. */
static void unverified(struct span file, const char *block, size_t *ret_from, size_t *ret_to)
{
	const uint8_t *at = memmem(file.data, file.len, block, strlen(block));
	cr_assert(at);
	const uint8_t *name = memmem(at, (size_t)(file.data + file.len - at), "/seal ", 6);
	const uint8_t *end = memchr(name, '\n', (size_t)(file.data + file.len - name));
	*ret_from = (size_t)(name - file.data) + 6;
	*ret_to = (size_t)(end - file.data);
}

static void flip_all(enum made_way way, const char *unverified_block)
{
	cleanup_made_proof struct made_proof m;
	cleanup_buf struct buf file = { 0 };
	size_t from, to;
	make_proof_init(&m, "acme", way);
	proof_put(&file, &m.proof);
	unverified(buf_span(&file), unverified_block, &from, &to);
	for (size_t i = 0; i < file.len; i++) {
		file.data[i] ^= 1;
		int r = outcome(&m, buf_span(&file));
		if (i < from || i >= to)
			cr_assert_neq(r, PROOF_STEPS, "byte %zu of %zu was flipped", i, file.len);
		file.data[i] ^= 1;
	}
}

Test(proof, fails_with_any_byte_flipped)
{
	flip_all(MADE_DIRECT, "checkpoint ");
}

Test(proof, with_links_fails_with_any_byte_flipped)
{
	flip_all(MADE_LINKED, "link ");
}

Test(proof, that_is_cut_anywhere_fails)
{
	cleanup_made_proof struct made_proof m;
	cleanup_buf struct buf file = { 0 };
	make_proof_init(&m, "acme", MADE_LINKED);
	proof_put(&file, &m.proof);
	for (size_t n = 0; n < file.len; n++)
		cr_assert_neq(outcome(&m, (struct span){ file.data, n }), PROOF_STEPS, "%zu bytes", n);
	buf_put_u8(&file, '\n');
	cr_assert_neq(outcome(&m, buf_span(&file)), PROOF_STEPS);
}

/* The fleet checkpoint with another's signature. */
static struct span signed_by(const struct made_proof *m, const struct signer *signer, struct buf *ret)
{
	struct note n;
	cr_assert_eq(note_parse(m->proof.note, &n), 0);
	cr_assert_eq(note_put(ret, n.text, &signer, 1), 0);
	return buf_span(ret);
}

Test(proof, names_the_step_that_fails)
{
	cleanup_made_proof struct made_proof m, other;
	cleanup_buf struct buf foreign = { 0 };
	make_proof_init(&m, "acme", MADE_DIRECT);
	make_proof_init(&other, "other", MADE_DIRECT);
	struct proof good = m.proof;
	m.proof.genesis.b[0] ^= 1;
	cr_expect_eq(outcome_of(&m), PROOF_GENESIS);
	m.proof = good;
	m.proof.note = signed_by(&m, &other.fleet.log, &foreign);
	cr_expect_eq(outcome_of(&m), PROOF_FLEET_LOG);
	m.proof = good;
	m.proof.statement[0] = good.commit;
	cr_expect_eq(outcome_of(&m), PROOF_STATEMENTS);
	m.proof = good;
	m.proof.commit = good.statement[0];
	cr_expect_eq(outcome_of(&m), PROOF_STATEMENTS, "enrolled no earlier than the commit");
	m.proof = good;
	m.proof.head_size--;
	cr_expect_eq(outcome_of(&m), PROOF_COMMIT);
	m.proof = good;
	m.proof.heads = 4; /* the path leads to the root in a tree of that size, too */
	cr_expect_eq(outcome_of(&m), PROOF_COMMIT);
	m.proof = good;
	m.proof.head_path = (struct span){ 0 };
	cr_expect_eq(outcome_of(&m), PROOF_HEAD);
	m.proof = good;
	m.proof.entry.entry = good.process.entry;
	cr_expect_eq(outcome_of(&m), PROOF_ENTRY);
	m.proof = good;
	m.proof.seal = good.entry;
	cr_expect_eq(outcome_of(&m), PROOF_SEAL);
	m.proof = good;
	m.proof.has_process = false;
	cr_expect_eq(outcome_of(&m), PROOF_PROCESS);
	m.proof = good;
	m.proof.process = good.entry;
	cr_expect_eq(outcome_of(&m), PROOF_PROCESS);
}

Test(proof, needs_the_identity_key_at_the_beginning_of_its_chain)
{
	cleanup_made_proof struct made_proof m;
	make_proof_init(&m, "acme", MADE_LINKED);
	struct proof good = m.proof;
	m.proof.link_count = 0;
	cr_expect_eq(outcome_of(&m), PROOF_SIGNED, "no link");
	m.proof = good;
	m.proof.link[0] = good.link[1];
	m.proof.link_count = 1;
	cr_expect_eq(outcome_of(&m), PROOF_SIGNED, "a chain that begins with a key that nobody named");
	m.proof = good;
	m.proof.link_count = 1;
	cr_expect_eq(outcome_of(&m), PROOF_SIGNED, "a chain with a gap");
	m.proof = good;
	m.proof.link[1] = good.link[0];
	cr_expect_eq(outcome_of(&m), PROOF_SIGNED, "the same link twice");
}

Test(proof, of_a_batch_that_was_revoked_before_its_commit_fails)
{
	cleanup_made_proof struct made_proof m;
	make_proof_init(&m, "acme", MADE_REVOKED);
	cr_assert_eq(outcome_of(&m), PROOF_SEAL, "%s", why);
	cr_expect_eq(parsed.statement_count, 2);
	cr_expect(strstr(why, "revoked"));
	/* Left out it can't be known: that is what only the store tells. */
	m.proof.statement_count = 1;
	cr_expect_eq(outcome_of(&m), PROOF_STEPS);
}

Test(proof, of_a_log_that_another_fleet_enrolled_fails)
{
	cleanup_made_proof struct made_proof m, other;
	cleanup_buf struct buf file = { 0 };
	make_proof_init(&m, "acme", MADE_DIRECT);
	make_proof_init(&other, "other", MADE_DIRECT);
	m.proof.origin = other.proof.origin;
	cr_expect_eq(outcome_of(&m), PROOF_STATEMENTS);
	proof_put(&file, &other.proof);
	cr_expect_eq(outcome(&m, buf_span(&file)), PROOF_GENESIS);
}

Test(proof, file_is_bounded)
{
	cleanup_made_proof struct made_proof m;
	cleanup_buf struct buf file = { 0 };
	make_proof_init(&m, "acme", MADE_DIRECT);
	struct proof *p = &m.proof;
	p->statement_count = PROOF_MAX_STATEMENTS;
	for (size_t i = 1; i < PROOF_MAX_STATEMENTS; i++)
		p->statement[i] = p->statement[0];
	proof_put(&file, p);
	cr_assert_eq(proof_parse(buf_span(&file), &scratch, &parsed), 0);
	/* One more. */
	const uint8_t *at = memmem(file.data, file.len, "statement ", 10);
	size_t start = (size_t)(at - file.data);
	size_t end = (size_t)((const uint8_t *)memmem(at, file.len - start, "\n\n", 2) - file.data) + 2;
	cleanup_buf struct buf more = { 0 };
	buf_put(&more, file.data, end);
	buf_put(&more, file.data + start, file.len - start);
	cr_assert_eq(proof_parse(buf_span(&more), &scratch, &parsed), -EBADMSG);
	/* Larger than any. */
	buf_reset(&more);
	buf_put_str(&more, PROOF_FIRST_LINE "\n");
	cr_assert(buf_extend(&more, PROOF_MAX_BYTES));
	cr_assert_eq(proof_parse(buf_span(&more), &scratch, &parsed), -EBADMSG);
}
