/* The sink's side of witnesses, over a process that the test plays itself. */
#include "sink/witnesses_state.h"

#include <sys/socket.h>
#include <unistd.h>

#include "evidence/cosignature.h"
#include "tests/unit/sink/kit.h"

#define WITNESSES 3
#define SECOND_US 1000000u

struct scene {
	struct kit kit;
	struct host_log host;
	struct signer witness[WITNESSES];
	struct policy *policy;
	struct witnesses *w;
	int process; /* the other end */
};

static void scene_init(struct scene *s)
{
	cleanup_buf struct buf text = { 0 };
	char error[200];
	int pair[2];
	*s = (struct scene){ 0 };
	kit_init(&s->kit);
	kit_host(&s->kit, "web1", &s->host);
	for (int i = 0; i < WITNESSES; i++) {
		char name[] = "witness.example/w0";
		name[17] = (char)('0' + i);
		test_cosigner(name, &s->witness[i]);
		buf_printf(&text, "witness w%d ", i);
		key_put(&text, &s->witness[i].key);
		buf_put_str(&text, " https://localhost:1\n");
	}
	buf_put_str(&text, "group most 2 w0 w1 w2\nquorum most\n");
	cr_assert_eq(policy_parse(buf_span(&text), &s->policy, error, sizeof(error)), 0, "%s", error);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	s->w = calloc(1, sizeof(*s->w));
	*s->w = (struct witnesses){ .policy = s->policy,
		                    .log = &s->kit.core->genesis.log,
		                    .process = { .fd = pair[0] },
		                    .count = WITNESSES,
		                    .quorum_is_usual = true };
	cosigned_init(&s->w->round, s->policy, s->w->log);
	s->process = pair[1];
	s->kit.core->asks_witnesses = true;
	fault_env_tick(s->kit.env, 10 * SECOND_US);
}

static void scene_done(struct scene *s)
{
	close(s->w->process.fd);
	close(s->process);
	cosigned_done(&s->w->round);
	free(s->w);
	policy_free(s->policy);
	kit_done(&s->kit);
}

#define cleanup_scene cleanup(scene_done)

static void say(struct scene *s, const struct witness_message *m)
{
	cleanup_buf struct buf b = { 0 };
	witness_message_put(&b, m);
	cr_assert_eq(send(s->process, b.data, b.len, MSG_NOSIGNAL), (ssize_t)b.len);
}

static bool hear(struct scene *s, struct witness_message *ret)
{
	static uint8_t packet[WITNESS_PACKET_MAX];
	ssize_t n = recv(s->process, packet, sizeof(packet), MSG_DONTWAIT);
	return n > 0 && witness_message_parse((struct span){ packet, (size_t)n }, ret) == 0;
}

/* Witness i signs the checkpoint that was offered last. */
static void cosign(struct scene *s, int i, struct span offered, uint64_t size)
{
	cleanup_buf struct buf line = { 0 };
	struct note n;
	cr_assert_eq(note_parse(offered, &n), 0);
	cr_assert_eq(cosignature_put(&line, n.text, 1795507200, &s->witness[i]), 0);
	say(s, &(struct witness_message){ .type = WITNESS_COSIGNED,
	                                  .witness = (uint8_t)i,
	                                  .size = size,
	                                  .bytes = buf_span(&line) });
}

static void grow(struct scene *s)
{
	cr_assert_eq(kit_append(&s->kit, &s->host, &(struct host_log_batch){ .events = 2 }), 200);
}

/* A tick of publication; the offer that it made, if any, is copied. */
static bool tick(struct scene *s, struct buf *ret_offer, uint64_t *ret_size)
{
	struct witness_message m;
	cr_assert_eq(witnesses_publish(s->w, s->kit.core), 0);
	if (!hear(s, &m))
		return false;
	cr_assert_eq(m.type, WITNESS_OFFER);
	buf_reset(ret_offer);
	buf_put(ret_offer, m.bytes.data, m.bytes.len);
	*ret_size = m.size;
	return true;
}

static struct policy_verdict published(struct scene *s)
{
	struct policy_verdict v;
	size_t n;
	const uint8_t *p = fault_env_content(s->kit.env, "store/fleet/checkpoint", &n);
	cr_assert_not_null(p);
	cr_assert_eq(policy_check(s->policy, (struct span){ p, n }, s->w->log, &v), 0);
	return v;
}

Test(witnesses, a_checkpoint_is_published_when_it_has_the_quorum_and_receipts_carry_it)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf offer = { 0 };
	uint64_t size, before;
	scene_init(&s);
	before = published(&s).checkpoint.size;
	grow(&s);
	cr_assert(tick(&s, &offer, &size));
	cr_assert_eq(size, s.kit.core->log.frontier.size);
	grow(&s);
	cosign(&s, 2, buf_span(&offer), size);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	cr_assert_eq(published(&s).checkpoint.size, before, "one of three is not enough");
	cosign(&s, 0, buf_span(&offer), size);
	cosign(&s, 1, buf_span(&offer), size);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	struct policy_verdict v = published(&s);
	cr_assert(v.quorum && v.checkpoint.size == size && v.cosigned == 7);

	cleanup_buf struct buf receipt = { 0 }, entry = { 0 };
	struct receipt r;
	struct fleet_head none = { 0 }, head;
	cr_assert_eq(receipts_put(s.kit.core, s.kit.core->hosts.row[0], 0, &receipt), 0);
	cr_assert_eq(receipt_parse(buf_span(&receipt), &entry, &r), 0);
	cr_assert_eq(receipt_check(&r, s.w->log, &none, &head), RECEIPT_OK);
	cr_assert_gt(r.witnessed.len, 0);
	cr_assert_gt(head.size, size, "the proof bridges what was added since");
}

Test(witnesses, the_slowest_is_not_waited_for_when_the_quorum_is_there)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf offer = { 0 }, next = { 0 };
	uint64_t size, later;
	scene_init(&s);
	grow(&s);
	cr_assert(tick(&s, &offer, &size));
	cosign(&s, 0, buf_span(&offer), size);
	cosign(&s, 1, buf_span(&offer), size);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	grow(&s);
	cr_assert(tick(&s, &next, &later), "at the next tick it is published, and the next one offered");
	cr_assert_eq(published(&s).checkpoint.size, size);
	cosign(&s, 2, buf_span(&offer), size);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	cr_assert_eq(s.w->round.witnesses, 0u, "a line for the one before is of no use");
}

Test(witnesses, without_a_quorum_publication_waits_a_moment_once_and_then_not_at_all)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf offer = { 0 };
	uint64_t size, again;
	scene_init(&s);
	grow(&s);
	cr_assert(tick(&s, &offer, &size));
	fault_env_tick(s.kit.env, 2 * SECOND_US);
	cr_assert_not(tick(&s, &offer, &again));
	cr_assert_lt(published(&s).checkpoint.size, size);
	fault_env_tick(s.kit.env, 2 * SECOND_US);
	tick(&s, &offer, &again);
	cr_assert_eq(published(&s).checkpoint.size, size);
	grow(&s);
	tick(&s, &offer, &again);
	cr_assert_eq(published(&s).checkpoint.size, s.kit.core->log.frontier.size);
	/* When they are back, the next one waits for them again. */
	cosign(&s, 0, buf_span(&offer), again);
	cosign(&s, 1, buf_span(&offer), again);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	cr_assert(s.w->quorum_is_usual);
	cr_assert_eq(s.kit.core->witnessed, again);
}

Test(witnesses, a_wrong_line_is_as_none)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf offer = { 0 }, line = { 0 };
	uint64_t size;
	scene_init(&s);
	grow(&s);
	cr_assert(tick(&s, &offer, &size));
	/* Another witness's line, a line over something else, two lines, rubbish. */
	struct note n;
	cr_assert_eq(note_parse(buf_span(&offer), &n), 0);
	cr_assert_eq(cosignature_put(&line, n.text, 1, &s.witness[1]), 0);
	struct witness_message m = {
		.type = WITNESS_COSIGNED, .witness = 0, .size = size, .bytes = buf_span(&line)
	};
	say(&s, &m);
	buf_reset(&line);
	cr_assert_eq(cosignature_put(&line, (struct span){ (const uint8_t *)"x\n", 2 }, 1, &s.witness[0]), 0);
	m.bytes = buf_span(&line);
	say(&s, &m);
	buf_reset(&line);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(cosignature_put(&line, n.text, 1, &s.witness[i]), 0);
	m.bytes = buf_span(&line);
	say(&s, &m);
	m.bytes = (struct span){ (const uint8_t *)"\xe2\x80\x94 rubbish\n\n", 13 };
	say(&s, &m);
	m.bytes = (struct span){ NULL, 0 };
	say(&s, &m);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	cr_assert_eq(s.w->round.witnesses, 0u);
	cr_assert(s.w->witness[0].failing);
	cosign(&s, 0, buf_span(&offer), size);
	cosign(&s, 1, buf_span(&offer), size);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	cr_assert(s.w->round.quorum, "and takes nothing away");
}

Test(witnesses, proofs_are_given_for_what_is_there_and_for_nothing_else)
{
	cleanup_scene struct scene s;
	struct witness_message m;
	scene_init(&s);
	grow(&s);
	uint64_t size = s.kit.core->log.frontier.size;
	const struct {
		uint64_t old, size;
		bool given;
	} asked[] = { { 1, size, true },       { 1, 2, true },  { 0, size, false },
		      { size, size, false },   { 2, 1, false }, { 1, size + 1, false },
		      { 3, UINT64_MAX, false } };
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		say(&s, &(struct witness_message){ .type = WITNESS_WANTS_PROOF,
		                                   .witness = 1,
		                                   .old = asked[i].old,
		                                   .size = asked[i].size });
		cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
		cr_assert(hear(&s, &m));
		cr_assert(m.type == WITNESS_PROOF && m.witness == 1 && m.old == asked[i].old);
		cr_assert_eq(m.bytes.len > 0, asked[i].given, "%zu", i);
	}
}

static size_t planned_claims(struct scene *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->kit.core->commit.planned_count; i++) {
		struct fleet_entry e;
		cr_assert_eq(fleet_parse_entry(buf_span(&s->kit.core->commit.planned[i].entry), &e), 0);
		n += e.kind == FLEET_SINK && e.what == SINK_WITNESS_AHEAD;
	}
	return n;
}

Test(witnesses, a_claim_beyond_the_log_is_entered_once_in_a_while_and_changes_nothing_else)
{
	cleanup_scene struct scene s;
	scene_init(&s);
	for (uint64_t i = 0; i < 100; i++)
		say(&s, &(struct witness_message){
		                .type = WITNESS_AHEAD, .witness = 1, .old = 1000 + i, .size = 3 });
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	cr_assert_eq(planned_claims(&s), 1);
	grow(&s);
	cr_assert_not(s.kit.core->dead);
}

/* A checkpoint of this log that a witness says it holds. */
static int latest(struct scene *s, uint64_t size, const struct hash *root, const struct signer *log)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	checkpoint_put_text(&text, "acme/log", size, root);
	cr_assert_eq(note_put(&note, buf_span(&text), &log, 1), 0);
	cr_assert_eq(cosignature_put(&note, buf_span(&text), 1795507200, &s->witness[1]), 0);
	say(s, &(struct witness_message){ .type = WITNESS_LATEST, .witness = 1, .bytes = buf_span(&note) });
	return witnesses_read(s->w, s->kit.core);
}

Test(witnesses, a_checkpoint_by_the_logs_own_key_that_does_not_fit_ends_all_signing)
{
	cleanup_scene struct scene s;
	struct hash root, other = { { 1 } };
	struct signer stranger;
	scene_init(&s);
	test_signer("acme/log", &stranger);
	stranger.secret = s.kit.fleet.admin.secret;
	cr_assert_eq(fleet_log_root(&s.kit.core->log, 2, &root), 0);
	cr_assert_eq(latest(&s, 2, &root, &s.kit.fleet.log), 0, "an older one that fits");
	cr_assert_eq(latest(&s, 2, &other, &stranger), 0, "what this log did not sign says nothing");
	cr_assert_eq(latest(&s, 2, &other, &s.kit.fleet.log), -ESTALE);
	cr_assert_eq(latest(&s, 100, &root, &s.kit.fleet.log), -ESTALE);
}

Test(witnesses, a_process_that_is_gone_or_talks_nonsense_is_not_waited_for)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf offer = { 0 };
	scene_init(&s);
	cr_assert_eq(send(s.process, "x", 1, MSG_NOSIGNAL), 1);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), -EPIPE);
	say(&s, &(struct witness_message){ .type = WITNESS_LATEST, .witness = WITNESSES });
	cr_assert_eq(witnesses_read(s.w, s.kit.core), -EPIPE);
	shutdown(s.process, SHUT_RDWR);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), -EPIPE);
	witnesses_lost(s.w);
	grow(&s);
	cr_assert_eq(witnesses_publish(s.w, s.kit.core), 0);
	cr_assert_eq(published(&s).checkpoint.size, s.kit.core->log.frontier.size);
}

Test(witnesses, a_full_disk_is_tried_again)
{
	cleanup_scene struct scene s;
	cleanup_buf struct buf offer = { 0 };
	uint64_t size;
	scene_init(&s);
	grow(&s);
	cr_assert(tick(&s, &offer, &size));
	fault_env_fail_always(s.kit.env, FAULT_RENAME, -ENOSPC);
	for (int i = 0; i < WITNESSES; i++)
		cosign(&s, i, buf_span(&offer), size);
	cr_assert_eq(witnesses_read(s.w, s.kit.core), 0);
	cr_assert_eq(witnesses_publish(s.w, s.kit.core), -ENOSPC);
	fault_env_fail_always(s.kit.env, FAULT_RENAME, 0);
	cr_assert_eq(witnesses_publish(s.w, s.kit.core), 0);
	cr_assert(published(&s).quorum && published(&s).checkpoint.size == size);
}
