#include "sink/snapshot.h"

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
	struct snapshot s = { .fleet = k->core->log.frontier, .note = SPAN_OF(k->core->log.note) };
	snapshot_put(ret, &s, &k->core->hosts);
	cr_assert_eq(buf_err(ret), 0);
}

Test(snapshot, what_was_put_parses_to_the_same)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf b = { 0 }, again = { 0 };
	make(&k, &b);
	struct snapshot s;
	struct hosts hosts = { 0 };
	cr_assert_eq(snapshot_parse(SPAN_OF(b), "acme", &s, &hosts), 0);
	cr_assert_eq(hosts.count, 3);
	cr_assert_eq(hosts.row[1]->head.epoch, 2);
	cr_assert_eq(hosts.row[2]->head.epoch, 0);
	cr_assert(hash_equal(&hosts.row[0]->head.root, &k.core->hosts.row[0]->head.root));
	snapshot_put(&again, &s, &hosts);
	cr_assert(span_equal(SPAN_OF(b), SPAN_OF(again)));
	hosts_done(&hosts);
}

Test(snapshot, another_fleets_is_refused)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf b = { 0 };
	make(&k, &b);
	struct snapshot s;
	struct hosts hosts = { 0 };
	cr_assert_eq(snapshot_parse(SPAN_OF(b), "umbrella", &s, &hosts), -EBADMSG);
	hosts_done(&hosts);
}

Test(snapshot, every_cut_is_refused_and_every_flip_is_survived)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf b = { 0 };
	make(&k, &b);
	for (size_t i = 0; i < b.len; i++) {
		struct snapshot s;
		struct hosts cut = { 0 }, flipped = { 0 };
		cr_assert_eq(snapshot_parse((struct span){ b.data, i }, "acme", &s, &cut), -EBADMSG, "at %zu",
		             i);
		hosts_done(&cut);
		b.data[i] ^= 0x24;
		(void)!snapshot_parse(SPAN_OF(b), "acme", &s, &flipped);
		hosts_done(&flipped);
		b.data[i] ^= 0x24;
	}
}

Test(snapshot, hosts_out_of_order_are_refused)
{
	struct hosts hosts = { 0 };
	struct host *h;
	struct host_log one;
	struct statement e = { .host = "b" };
	host_log_init(&one, "acme", "b", 1);
	e.identity = one.identity.key;
	cr_assert_eq(hosts_append(&hosts, &e, &h), 0);
	cr_assert_eq(hosts_append(&hosts, &e, &h), -EBADMSG);
	e.host[0] = 'a';
	cr_assert_eq(hosts_append(&hosts, &e, &h), -EBADMSG);
	hosts_done(&hosts);
}
