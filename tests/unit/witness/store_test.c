#include "tests/support/vectors.h"
#include "tests/unit/witness/kit.h"

Test(store, a_witness_that_lost_its_state_does_not_start)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	kit_close(&k);
	fault_env_remove(k.env, "store/state");
	cr_assert_eq(kit_open(&k), -ENOENT);
	cr_expect_not_null(strstr(k.error, "must not go on with its key"));
}

Test(store, one_state_is_for_one_key)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cr_assert_eq(kit_ask(&k, &l, 0, 4), 200);
	kit_close(&k);
	cr_expect_eq(store_create(k.env, "store", &k.witness.key, k.error, sizeof(k.error)), -EEXIST);
	test_cosigner("another.example", &k.witness);
	cr_expect_eq(kit_open(&k), -EKEYREJECTED);
	cr_expect_eq(store_create(k.env, "store", &k.witness.key, k.error, sizeof(k.error)), -EEXIST);
	test_cosigner("witness.example", &k.witness);
	cr_assert_eq(kit_open(&k), 0, "%s", k.error);
	cr_expect_eq(seen_find(&k.store.seen, TEXT("acme/log"))->checkpoint.size, 4);
}

Test(store, two_processes_do_not_share_a_folder)
{
	cleanup_kit struct kit k;
	struct store second;
	kit_init(&k);
	cr_expect_eq(store_open(k.env, "store", &k.witness.key, &second, k.error, sizeof(k.error)),
	             -EWOULDBLOCK);
	cr_expect_not_null(strstr(k.error, "another witness works in it"));
	cr_expect_lt(store_open(k.env, "nowhere", &k.witness.key, &second, k.error, sizeof(k.error)), 0);
}

/* Every cut and every flipped bit of the file. */
Test(store, a_damaged_state_is_refused)
{
	cleanup_kit struct kit k;
	struct test_log l;
	cleanup_buf struct buf good = { 0 };
	size_t n;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cr_assert_eq(kit_ask(&k, &l, 0, 4), 200);
	kit_close(&k);
	const uint8_t *p = fault_env_content(k.env, "store/state", &n);
	buf_put(&good, p, n);
	for (size_t cut = 0; cut < n; cut++) {
		fault_env_put(k.env, "store/state", good.data, cut);
		cr_assert_eq(kit_open(&k), -EBADMSG, "cut at %zu", cut);
	}
	for (size_t at = 0; at < n; at++) {
		good.data[at] ^= 1;
		fault_env_put(k.env, "store/state", good.data, n);
		cr_assert_eq(kit_open(&k), -EBADMSG, "flipped at %zu", at);
		good.data[at] ^= 1;
	}
	fault_env_put(k.env, "store/state", good.data, n);
	cr_assert_eq(kit_open(&k), 0, "%s", k.error);
}

/* With the right sum, but of content that this program does not write. */
Test(store, a_state_of_another_form_is_refused)
{
	static const char *const rows[] = {
		"log 1 5\nxxxxx", "log 1\n", "log x 5\nxxxxx", "log 1 99999999\n",
		"row 1 5\nxxxxx", "\n",      "log 1 0\n",
	};
	cleanup_kit struct kit k;
	kit_init(&k);
	kit_close(&k);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf b = { 0 };
		struct hash h;
		char digits[65];
		buf_put_str(&b, "swornlog-witness/v1\n");
		key_put(&b, &k.witness.key);
		buf_printf(&b, "\n%s", rows[i]);
		sha256(b.data, b.len, &h);
		for (size_t at = 0; at < 32; at++)
			snprintf(digits + 2 * at, 3, "%02x", h.b[at]);
		buf_printf(&b, "end %s\n", digits);
		fault_env_put(k.env, "store/state", b.data, b.len);
		cr_expect_eq(kit_open(&k), -EBADMSG, "%s", rows[i]);
	}
}

static void add(struct seen_list *l, const char *origin, int *ret)
{
	cleanup_buf struct buf note = { 0 }, text = { 0 };
	struct test_log log;
	struct seen s;
	test_log_init(&log, origin, 0, 0);
	test_log_note(&log, 3, &note);
	cr_assert_eq(seen_init(&s, buf_span(&note), NOW_S), 0);
	*ret = seen_put(&text, &log.key.key, l, &s);
	if (*ret == 0)
		seen_take(l, &s);
	seen_done(&s);
}

Test(store, as_many_logs_as_there_is_room_for_and_no_more)
{
	cleanup(seen_list_done) struct seen_list l = { 0 };
	char origin[32];
	int r;
	for (int i = 0; i < SEEN_MAX; i++) {
		snprintf(origin, sizeof(origin), "log.example/%d", i);
		add(&l, origin, &r);
		cr_assert_eq(r, 0);
	}
	add(&l, "log.example/7", &r);
	cr_expect_eq(r, 0);
	add(&l, "one.more/log", &r);
	cr_expect_eq(r, -ENOSPC);
	cr_expect_eq(l.count, SEEN_MAX);
}

Test(store, what_is_written_is_read_back)
{
	cleanup(seen_list_done) struct seen_list l = { 0 }, back = { 0 };
	cleanup_buf struct buf text = { 0 }, again = { 0 };
	struct signer w;
	int r;
	test_cosigner("witness.example", &w);
	add(&l, "acme/log", &r);
	add(&l, "other/log", &r);
	cr_assert_eq(seen_put(&text, &w.key, &l, NULL), 0);
	cr_assert_eq(seen_parse(buf_span(&text), &w.key, &back), 0);
	cr_assert_eq(seen_put(&again, &w.key, &back, NULL), 0);
	cr_assert(bytes_equal(buf_span(&again), buf_span(&text)));
	cr_assert_eq(seen_newest_s(&back), NOW_S);
}

Test(store, the_state_has_the_form_of_its_vector)
{
	cleanup(seen_list_done) struct seen_list l = { 0 };
	cleanup_buf struct buf text = { 0 };
	struct signer w;
	int r;
	test_cosigner("witness.example/first", &w);
	add(&l, "vectors.example/log", &r);
	add(&l, "other.example/log", &r);
	cr_assert_eq(seen_put(&text, &w.key, &l, NULL), 0);
	cr_expect(vector_is("witness-state.txt", buf_span(&text)));
}
