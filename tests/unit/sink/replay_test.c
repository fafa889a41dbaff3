#include "tests/unit/sink/kit.h"

static const char first_journal[] = "store/journal/00000000000000000001.journal";

/* A store with three commits; *ret_last is where the last group begins. */
static void make(struct kit *k, struct host_log *h, uint64_t *ret_last, uint64_t *ret_acked)
{
	kit_init(k);
	kit_host(k, "web1", h);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(kit_append(k, h, &(struct host_log_batch){ .events = 3 }), 200);
	*ret_last = k->core->journal.size;
	*ret_acked = h->tree.size;
	cr_assert_eq(kit_append(k, h, &(struct host_log_batch){ .events = 3 }), 200);
	core_free(TAKE_PTR(k->core));
}

static struct host *host(const struct kit *k)
{
	return hosts_find(&k->core->hosts, (struct span){ (const uint8_t *)"web1", 4 });
}

/* The journal as it was after n bytes; false if it never had so many. */
static bool cut_at(struct kit *k, size_t n)
{
	size_t whole;
	uint8_t *content = fault_env_content(k->env, first_journal, &whole);
	if (n >= whole)
		return false;
	cleanup_free uint8_t *copy = malloc(whole);
	memcpy(copy, content, n);
	fault_env_put(k->env, first_journal, copy, n);
	return true;
}

Test(replay, a_torn_group_is_cut_at_every_byte_and_what_was_before_it_stays)
{
	bool more = true;
	for (size_t n = 0; more; n++) {
		cleanup_kit struct kit k;
		struct host_log h, again;
		uint64_t last, acked;
		make(&k, &h, &last, &acked);
		more = cut_at(&k, last + n);
		cr_assert_eq(kit_open(&k), 0, "at %zu: %s", n, k.error);
		cr_assert_eq(host(&k)->head.size, more ? acked : h.tree.size, "at %zu", n);
		host_log_init(&again, "acme", "web1", 1);
		again.fleet_vkey = h.fleet_vkey;
		cleanup_buf struct buf all = { 0 };
		for (int i = 0; i < 4; i++)
			host_log_batch(&again, &(struct host_log_batch){ .events = 3 }, &all);
		cr_assert_eq(kit_send(&k, "web1", &all, 0, NULL), 200);
		kit_reopen(&k);
		cr_assert_eq(host(&k)->head.size, again.tree.size);
	}
}

Test(replay, a_flipped_bit_before_the_last_group_is_no_torn_tail)
{
	cleanup_kit struct kit k;
	struct host_log h;
	uint64_t last, acked;
	make(&k, &h, &last, &acked);
	size_t whole;
	uint8_t *content = fault_env_content(k.env, first_journal, &whole);
	cleanup_free uint8_t *copy = malloc(whole);
	memcpy(copy, content, whole);
	for (size_t i = 0; i < last; i += 7) {
		copy[i] ^= 0x10;
		fault_env_put(k.env, first_journal, copy, whole);
		cr_assert_lt(kit_open(&k), 0, "byte %zu", i);
		size_t n;
		(void)fault_env_content(k.env, first_journal, &n);
		cr_assert_eq(n, whole, "nothing is cut");
		copy[i] ^= 0x10;
	}
}

Test(replay, a_journal_behind_the_published_checkpoint_is_refused)
{
	cleanup_kit struct kit k;
	struct host_log h;
	uint64_t last, acked;
	make(&k, &h, &last, &acked);
	cr_assert_eq(kit_open(&k), 0);
	cr_assert_eq(core_publish(k.core), 0);
	core_free(TAKE_PTR(k.core));
	size_t whole;
	uint8_t *content = fault_env_content(k.env, first_journal, &whole);
	cleanup_free uint8_t *copy = malloc(whole);
	memcpy(copy, content, whole);
	fault_env_put(k.env, first_journal, copy, last);
	cr_assert_eq(kit_open(&k), -EBADMSG);
	cr_assert_str_not_empty(k.error);
}

Test(replay, batches_are_hashed_in_when_they_are_needed)
{
	cleanup_kit struct kit k;
	struct host_log h;
	uint64_t last, acked;
	make(&k, &h, &last, &acked);
	cr_assert_eq(kit_open(&k), 0);
	cr_assert_eq(k.core->unhashed_hosts, 1);
	cr_assert_eq(host(&k)->head.size, h.tree.size);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 1 }), 200);
	cr_assert_eq(k.core->unhashed_hosts, 0);
}

Test(replay, batches_are_hashed_in_when_there_is_time)
{
	cleanup_kit struct kit k;
	struct host_log h;
	uint64_t last, acked;
	make(&k, &h, &last, &acked);
	cr_assert_eq(kit_open(&k), 0);
	struct host *some;
	int r = -1, steps = 0;
	for (; hash_in_next(k.core, &some, &r); steps++)
		cr_assert_eq(r, 1);
	cr_assert_eq(steps, 2, "the third batch is the last step");
	cr_assert_eq(k.core->unhashed_hosts, 0);
	struct hash root;
	frontier_root(&host(&k)->chain.tree, &root);
	cr_assert(hash_equal(&root, &host(&k)->head.root));
}

Test(replay, a_store_without_its_journal_is_not_begun_anew)
{
	cleanup_kit struct kit k;
	struct host_log h;
	uint64_t last, acked;
	make(&k, &h, &last, &acked);
	fault_env_remove(k.env, first_journal);
	cr_assert_eq(kit_open(&k), -EBADMSG);
}

Test(replay, a_store_of_another_genesis_is_refused)
{
	cleanup_kit struct kit k;
	struct host_log h;
	uint64_t last, acked;
	make(&k, &h, &last, &acked);
	cleanup_test_fleet struct test_fleet other;
	test_fleet_init(&other, "umbrella");
	k.options.genesis = buf_span(&other.genesis_note);
	k.options.signer = &other.log;
	cr_assert_eq(kit_open(&k), -EKEYREJECTED);
}

Test(replay, the_fleet_logs_key_must_be_the_one_of_the_genesis)
{
	cleanup_kit struct kit k;
	kit_new(&k);
	struct signer other;
	test_signer("acme/log2", &other);
	k.options.signer = &other;
	cr_assert_eq(kit_open(&k), -EKEYREJECTED);
}

Test(replay, one_process_at_a_time_has_the_store)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct core *second;
	cr_assert_eq(core_open(k.env, &k.options, &second, k.error, sizeof(k.error)), -EWOULDBLOCK);
}

Test(replay, unknown_files_among_the_journals_are_refused)
{
	cleanup_kit struct kit k;
	struct host_log h;
	uint64_t last, acked;
	make(&k, &h, &last, &acked);
	fault_env_put(k.env, "store/journal/00000000000000000003.journal", "x", 1);
	cr_assert_eq(kit_open(&k), -EBADMSG);
	fault_env_remove(k.env, "store/journal/00000000000000000003.journal");
	fault_env_put(k.env, "store/journal/notes.txt", "x", 1);
	cr_assert_eq(kit_open(&k), -EBADMSG);
	fault_env_remove(k.env, "store/journal/notes.txt");
	fault_env_put(k.env, "store/journal/00000000000000000002.journal.tmp", "x", 1);
	cr_assert_eq(kit_open(&k), 0, "unfinished files are swept away");
}
