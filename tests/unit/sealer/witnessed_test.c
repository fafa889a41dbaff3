/* Witnessed checkpoints in receipts: kept, missed when they stay away; and two histories of the fleet log. */
#include "sealer/witnessing.h"
#include "tests/unit/sealer/world.h"

Test(witnessing, is_late_when_the_oldest_uncovered_receipt_is_and_not_before)
{
	struct witnessing w;
	witnessing_init(&w, 60);
	cr_assert_eq(witnessing_look(&w, 1000), WITNESSING_SAME, "without receipts nothing is late");
	witnessing_receipt(&w, 5, 1000);
	witnessing_receipt(&w, 6, 1050);
	cr_assert_eq(witnessing_look(&w, 1060), WITNESSING_SAME);
	cr_assert_eq(witnessing_look(&w, 1061), WITNESSING_LATE);
	cr_assert_eq(witnessing_look(&w, 1062), WITNESSING_SAME, "it is said once");
	witnessing_covered(&w, 5);
	cr_assert_eq(witnessing_look(&w, 1062), WITNESSING_AGAIN, "the second is not late yet");
	cr_assert_eq(witnessing_look(&w, 1111), WITNESSING_LATE);
	witnessing_covered(&w, 6);
	cr_assert_eq(witnessing_look(&w, 5000), WITNESSING_AGAIN);
	witnessing_receipt(&w, 6, 5000);
	cr_assert_eq(witnessing_look(&w, 9000), WITNESSING_SAME, "what is covered already is not waited for");
}

Test(witnessing, a_log_that_always_lags_by_less_than_the_bound_is_not_late)
{
	struct witnessing w;
	witnessing_init(&w, 60000);
	for (uint64_t i = 1; i < 1000; i++) {
		witnessing_receipt(&w, i, i * 1000);
		if (i > 50)
			witnessing_covered(&w, i - 50);
		cr_assert_eq(witnessing_look(&w, i * 1000), WITNESSING_SAME, "second %llu",
		             (unsigned long long)i);
	}
}

Test(witnessing, many_receipts_take_no_more_room_and_are_late_in_time)
{
	struct witnessing w;
	witnessing_init(&w, 1000);
	uint64_t now = 0;
	for (; witnessing_look(&w, now) == WITNESSING_SAME; now++)
		witnessing_receipt(&w, now + 1, now);
	cr_assert_eq(now, 1001);
	cr_assert_leq(w.count, (size_t)WITNESSING_MARKS);
}

struct scene {
	struct world w;
	struct signer witness[2];
	struct policy *policy;
};

static void scene_init(struct scene *s)
{
	struct buf text = { 0 };
	char error[200];
	world_init(&s->w);
	for (size_t i = 0; i < 2; i++) {
		char name[] = "witness.example/w0";
		name[17] = (char)('0' + i);
		cr_assert_eq(cosigner_generate(env_system(), name, &s->witness[i]), 0);
		buf_printf(&text, "witness w%zu ", i);
		key_put(&text, &s->witness[i].key);
		buf_put_str(&text, "\n");
		s->w.fleet.witness[i] = &s->witness[i];
	}
	buf_put_str(&text, "group both all w0 w1\nquorum both\n");
	cr_assert_eq(policy_parse((struct span){ text.data, text.len }, &s->policy, error, sizeof(error)), 0,
	             "%s", error);
	buf_done(&text);
	s->w.fleet.asks_witnesses = true;
	s->w.fleet.witness_count = 2;
	s->w.policy = s->policy;
	s->w.within_us = 60000000;
	world_stop(&s->w);
	world_start(&s->w);
	tick(&s->w, 20000);
}

static void scene_done(struct scene *s)
{
	world_done(&s->w);
	policy_free(s->policy);
}

/* An event is sealed and receipted. */
static const char *seal_and_receipt(struct world *w)
{
	const char *said;
	event(w, KIND_OPEN, 0, 0);
	tick(w, 1100000);
	receipt_for_newest(w, 1, &said);
	return said;
}

static bool status_says(struct world *w, const char *words)
{
	struct buf b = { 0 };
	sealer_put_status(w->sealer, &b);
	buf_put_u8(&b, 0);
	bool says = strstr((const char *)b.data, words);
	buf_done(&b);
	return says;
}

Test(witnessed, the_newest_checkpoint_with_a_quorum_is_kept_across_restarts)
{
	struct scene s;
	scene_init(&s);
	cr_assert_null(seal_and_receipt(&s.w));
	cr_assert_not(fault_env_exists(s.w.env, "spool/witnessed"));
	cr_assert(status_says(&s.w, "\"witnessed\": \"none yet\""));
	s.w.fleet.witnessed = 1;
	cr_assert_null(seal_and_receipt(&s.w));
	cr_assert(fault_env_exists(s.w.env, "spool/witnessed"));
	cr_assert_eq(status_number(&s.w, "witnessed_size"), 1);
	cr_assert_eq(status_number(&s.w, "witnesses"), 2);
	world_stop(&s.w);
	world_start(&s.w);
	cr_assert_eq(status_number(&s.w, "witnessed_size"), 1);
	cr_assert(status_says(&s.w, "\"witnessed\": \"quorum\""));
	scene_done(&s);
}

Test(witnessed, too_few_or_wrong_cosignatures_count_for_nothing_and_the_receipt_is_taken)
{
	struct scene s;
	scene_init(&s);
	s.w.fleet.witnessed = 1;
	s.w.fleet.witness_count = 1;
	cr_assert_null(seal_and_receipt(&s.w));
	cr_assert_eq(status_number(&s.w, "witnessed_size"), 0);
	struct signer stranger = s.witness[1];
	stranger.secret = s.witness[0].secret;
	s.w.fleet.witness[1] = &stranger;
	s.w.fleet.witness_count = 2;
	cr_assert_null(seal_and_receipt(&s.w));
	cr_assert_eq(status_number(&s.w, "witnessed_size"), 0);
	cr_assert_eq(sealer_held(s.w.sealer), 2);
	cr_assert_not(fault_env_exists(s.w.env, "spool/witnessed"));
	scene_done(&s);
}

Test(witnessed, receipts_without_witnesses_are_an_entry_and_an_alarm_and_so_is_their_return)
{
	struct scene s;
	struct hash ignored;
	scene_init(&s);
	cr_assert_null(seal_and_receipt(&s.w));
	tick(&s.w, 59000000);
	cr_assert(status_says(&s.w, "\"alarm\": \"\""));
	tick(&s.w, 2000000);
	tick(&s.w, 20000);
	cr_assert_eq(agent_entries(&s.w, AGENT_UNWITNESSED, &ignored), 1);
	cr_assert(status_says(&s.w, "\"alarm\": \"receipts are not witnessed in time\""));
	cr_assert(status_says(&s.w, "\"witnessed\": \"late\""));
	s.w.fleet.witnessed = 1;
	cr_assert_null(seal_and_receipt(&s.w));
	tick(&s.w, 20000);
	cr_assert_eq(agent_entries(&s.w, AGENT_WITNESSED_AGAIN, &ignored), 1);
	cr_assert(status_says(&s.w, "\"alarm\": \"\""));
	scene_done(&s);
}

Test(witnessed, without_a_policy_or_a_quorum_nothing_is_missed)
{
	struct scene s;
	scene_init(&s);
	struct policy *open = NULL;
	char error[200];
	cr_assert_eq(policy_parse((struct span){ (const uint8_t *)"quorum none\n", 12 }, &open, error,
	                          sizeof(error)),
	             0);
	for (int i = 0; i < 2; i++) {
		s.w.policy = i ? open : NULL;
		world_stop(&s.w);
		world_start(&s.w);
		tick(&s.w, 20000);
		cr_assert_null(seal_and_receipt(&s.w));
		tick(&s.w, 200000000);
		cr_assert(status_says(&s.w, "\"alarm\": \"\""));
	}
	policy_free(open);
	scene_done(&s);
}

static void content_is(struct world *w, const char *path, const struct buf *want)
{
	size_t n;
	const uint8_t *p = fault_env_content(w->env, path, &n);
	cr_assert_not_null(p, "%s", path);
	cr_assert(n == want->len && memcmp(p, want->data, n) == 0, "%s", path);
}

Test(histories, both_notes_are_kept_and_an_entry_and_an_alarm_say_so)
{
	struct scene s;
	struct hash ignored;
	struct buf held = { 0 }, shown = { 0 };
	scene_init(&s);
	cr_assert_null(seal_and_receipt(&s.w));
	cr_assert_null(seal_and_receipt(&s.w));
	fleet_note(&s.w.fleet, 2, 0, &held);
	s.w.fleet.leaf[0].b[0] ^= 1;
	const char *said = seal_and_receipt(&s.w);
	cr_assert_not_null(said);
	cr_assert_eq(sealer_held(s.w.sealer), 2, "the head that was held stays");
	cr_assert_eq(sealer_histories(s.w.sealer), 1);
	fleet_note(&s.w.fleet, 3, 0, &shown);
	content_is(&s.w, "spool/inconsistent-0-held", &held);
	content_is(&s.w, "spool/inconsistent-0-shown", &shown);
	tick(&s.w, 20000);
	cr_assert_eq(agent_entries(&s.w, AGENT_INCONSISTENT, &ignored), 1);
	cr_assert(status_says(&s.w, "\"alarm\": \"ATTACK: "));
	world_stop(&s.w);
	world_start(&s.w);
	cr_assert(status_says(&s.w, "\"alarm\": \"ATTACK: "), "until somebody takes the notes away");
	buf_done(&held);
	buf_done(&shown);
	scene_done(&s);
}

Test(histories, a_witnessed_checkpoint_of_another_history_is_one_too)
{
	struct scene s;
	struct batch b;
	struct buf bytes = { 0 };
	scene_init(&s);
	cr_assert_null(seal_and_receipt(&s.w));
	s.w.fleet.witnessed = 1;
	event(&s.w, KIND_OPEN, 0, 0);
	tick(&s.w, 1100000);
	cr_assert(newest(&s.w, 1, &b));
	char origin[ORIGIN_MAX + 1];
	origin_format(&b.origin, origin);
	commit(&s.w.fleet, origin, b.head.size, &b.head.root, 1, &bytes);
	/* The same receipt with the cosigned checkpoint of a log that was rewritten. */
	struct receipt r;
	struct buf entry = { 0 }, other = { 0 }, text = { 0 };
	const char *said;
	cr_assert_eq(receipt_parse((struct span){ bytes.data, bytes.len }, &entry, &r), 0);
	s.w.fleet.leaf[0].b[0] ^= 1;
	fleet_note(&s.w.fleet, 1, 2, &other);
	r.witnessed = (struct span){ other.data, other.len };
	receipt_put(&text, &r);
	cr_assert_eq(sealer_receipt(s.w.sealer, (struct span){ text.data, text.len }, &said), 0);
	cr_assert_not_null(said);
	content_is(&s.w, "spool/inconsistent-0-held", &other);
	cr_assert_eq(sealer_held(s.w.sealer), 1);
	buf_done(&bytes);
	buf_done(&entry);
	buf_done(&other);
	buf_done(&text);
	scene_done(&s);
}

Test(histories, the_same_attack_again_is_not_kept_again_and_many_are_bounded)
{
	struct scene s;
	scene_init(&s);
	cr_assert_null(seal_and_receipt(&s.w));
	for (unsigned i = 1; i < 40; i++) {
		s.w.fleet.leaf[0].b[1]++;
		size_t size = s.w.fleet.size;
		cr_assert_not_null(seal_and_receipt(&s.w));
		/* The very same note a second time. */
		s.w.fleet.size = size;
		const char *said;
		receipt_for_newest(&s.w, 1, &said);
		cr_assert_not_null(said);
	}
	cr_assert_eq(sealer_histories(s.w.sealer), 16);
	cr_assert(fault_env_exists(s.w.env, "spool/inconsistent-15-shown"));
	cr_assert_not(fault_env_exists(s.w.env, "spool/inconsistent-16-shown"));
	scene_done(&s);
}

Test(histories, a_disk_that_takes_no_notes_does_not_keep_the_entry_away)
{
	struct scene s;
	struct hash ignored;
	scene_init(&s);
	cr_assert_null(seal_and_receipt(&s.w));
	event(&s.w, KIND_OPEN, 0, 0);
	tick(&s.w, 1100000);
	s.w.fleet.leaf[0].b[0] ^= 1;
	fault_env_fail(s.w.env, FAULT_RENAME, 1, -EIO);
	const char *said;
	receipt_for_newest(&s.w, 1, &said);
	cr_assert_not_null(said);
	tick(&s.w, 20000);
	cr_assert_eq(agent_entries(&s.w, AGENT_INCONSISTENT, &ignored), 1);
	scene_done(&s);
}
