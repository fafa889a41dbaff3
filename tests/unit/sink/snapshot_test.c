#include "sink/snapshot.h"

#include "tests/support/bytes.h"
#include "tests/unit/sink/kit.h"

/* A snapshot of a core with three hosts: one that has appended, one in its second epoch, one that has not
 * begun. */
static void make(struct kit *k, struct buf *ret)
{
	kit_init(k);
	struct host_log a, b, c;
	kit_host(k, "a", &a);
	kit_host(k, "b", &b);
	kit_host(k, "c", &c);
	cr_assert_eq(kit_append(k, &a, &(struct host_log_batch){ .events = 7 }), 200);
	cr_assert_eq(kit_append(k, &b, &(struct host_log_batch){ .events = 7 }), 200);
	host_log_init(&b, "acme", "b", 2);
	cr_assert_eq(kit_append(k, &b, &(struct host_log_batch){ .events = 1 }), 200);
	struct snapshot s = { .fleet = k->core->log.frontier, .note = buf_span(&k->core->log.note) };
	snapshot_put(ret, &s, &k->core->hosts, &k->core->roll);
	cr_assert_eq(buf_err(ret), 0);
}

Test(snapshot, what_was_put_parses_to_the_same)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf b = { 0 }, again = { 0 };
	make(&k, &b);
	struct snapshot s;
	struct hosts hosts = { 0 };
	struct roll roll;
	roll_init(&roll, &k.core->genesis);
	cr_assert_eq(snapshot_parse(buf_span(&b), &s, &hosts, &roll), 0);
	cr_assert_eq(hosts.count, 3);
	cr_assert_eq(hosts.row[1]->head.epoch, 2);
	cr_assert_eq(hosts.row[2]->head.epoch, 0);
	cr_assert(hash_equal(&hosts.row[0]->head.root, &k.core->hosts.row[0]->head.root));
	snapshot_put(&again, &s, &hosts, &roll);
	cr_assert(span_equal(buf_span(&b), buf_span(&again)));
	hosts_done(&hosts);
	roll_done(&roll);
}

Test(snapshot, another_fleets_is_refused)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf b = { 0 };
	make(&k, &b);
	struct snapshot s;
	struct hosts hosts = { 0 };
	cleanup_test_fleet struct test_fleet other;
	struct roll roll;
	test_fleet_init(&other, "umbrella");
	roll_init(&roll, &other.genesis);
	cr_assert_eq(snapshot_parse(buf_span(&b), &s, &hosts, &roll), -EBADMSG);
	hosts_done(&hosts);
	roll_done(&roll);
}

Test(snapshot, every_cut_is_refused_and_every_flip_is_survived)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf b = { 0 };
	make(&k, &b);
	for (size_t i = 0; i < b.len; i++) {
		struct snapshot s;
		struct hosts cut = { 0 }, flipped = { 0 };
		struct roll roll, odd;
		roll_init(&roll, &k.core->genesis);
		roll_init(&odd, &k.core->genesis);
		cr_assert_eq(snapshot_parse((struct span){ b.data, i }, &s, &cut, &roll), -EBADMSG, "at %zu",
		             i);
		hosts_done(&cut);
		roll_done(&roll);
		b.data[i] ^= 0x24;
		(void)!snapshot_parse(buf_span(&b), &s, &flipped, &odd);
		hosts_done(&flipped);
		roll_done(&odd);
		b.data[i] ^= 0x24;
	}
}

Test(snapshot, hosts_out_of_order_are_refused)
{
	struct hosts hosts = { 0 };
	struct host *h;
	cr_assert_eq(hosts_append(&hosts, TEXT("b"), &h), 0);
	cr_assert_eq(hosts_append(&hosts, TEXT("b"), &h), -EBADMSG);
	cr_assert_eq(hosts_append(&hosts, TEXT("a"), &h), -EBADMSG);
	hosts_done(&hosts);
}
