#include "verify/store.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/make_store.h"

struct fixture {
	struct make_store store;
	struct host_log host;
	uint64_t second; /* of the next statement */
};

static const struct host_log_batch some = { .events = 3 }, vouched = { .events = 3, .identity = true };

static void make(struct fixture *f)
{
	*f = (struct fixture){ .second = 1795507300 };
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
}

static void finish(struct fixture *f)
{
	make_store_remove(&f->store);
	make_store_done(&f->store);
}
#define cleanup_fixture cleanup(finish)

static void append(struct fixture *f, struct host_log *h, const struct host_log_batch *what)
{
	make_store_batch(&f->store, h, what);
	make_store_commit(&f->store);
}

static struct log_point head(const struct host_log *h)
{
	struct log_point p = { .epoch = h->origin.epoch, .size = h->tree.size };
	frontier_root(&h->tree, &p.root);
	return p;
}

/* Signed by the administrator, and by the auditor unless `alone`. */
static void state_by(struct fixture *f, struct statement s, bool alone)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	const struct signer *people[] = { &f->store.fleet.admin, &f->store.fleet.auditor };
	memcpy(s.fleet, f->store.fleet.name, sizeof(s.fleet));
	if (s.host[0] == '\0')
		memcpy(s.host, "web", 4);
	if (s.identity.name[0] == '\0')
		s.identity = f->host.identity.key;
	if (s.time_s == 0)
		s.time_s = f->second++;
	memcpy(s.reason, "test", 5);
	statement_put_text(&text, &s);
	cr_assert_eq(note_put(&note, (struct span){ text.data, text.len }, people, alone ? 1 : 2), 0);
	make_store_statement(&f->store, (struct span){ note.data, note.len });
}

static void state(struct fixture *f, struct statement s)
{
	state_by(f, s, false);
}

static void new_identity(struct host_log *h, const char *seed)
{
	struct signer s;
	test_signer(seed, &s);
	struct key key;
	cr_assert_eq(key_make(h->identity.key.name, KEY_TYPE_ED25519, &s.secret.public_key, &key), 0);
	s.key = key;
	h->identity = s;
}

/* How often the word is said, of a store in journals and of one in segments alike. */
static uint64_t count(struct fixture *f, enum verdict v)
{
	struct verify_options o = {
		.dirfd = f->store.dirfd,
		.anchor = { f->store.fleet.genesis_note.data, f->store.fleet.genesis_note.len },
		.jobs = 1,
	};
	cleanup_report struct report r = { 0 };
	cleanup_buf struct buf b = { 0 };
	make_store_publish(&f->store);
	cr_assert_eq(verify_store(&o, &r), 0);
	report_put_text(&b, &r, false);
	fwrite(b.data, 1, b.len, stderr);
	uint64_t all = 0;
	for (enum verdict i = 0; i < VERDICT_COUNT; i++) {
		if (i != v && i != VERDICT_UNWITNESSED && verdict_is_fault(i))
			all += r.findings.count[i];
	}
	cr_expect_eq(all, 0, "nothing else is found");
	return r.findings.count[v];
}

/* A rotation from the announcement on. */
static void rotate(struct fixture *f, struct host_log *next)
{
	*next = f->host;
	new_identity(next, "web/2");
	const struct host_log_batch announcing = {
		.events = 1, .identity = true, .next = &next->identity, .announce = true
	};
	append(f, &f->host, &some);
	uint64_t index = f->host.tree.size + 1;
	append(f, &f->host, &announcing);
	state(f, (struct statement){ .kind = STATEMENT_ROTATE,
	                             .identity = next->identity.key,
	                             .certificate = f->host.certificate,
	                             .point = { .epoch = 1, .size = index } });
	struct signer identity = next->identity;
	*next = f->host;
	next->identity = identity;
}

Test(statements, a_rotation_that_was_announced_is_followed)
{
	cleanup_fixture struct fixture f;
	struct host_log next;
	make(&f);
	rotate(&f, &next);
	/* Until it learns of the statement the host signs with both. */
	const struct host_log_batch both = { .events = 1, .identity = true, .next = &next.identity };
	struct host_log old = next;
	old.identity = f.host.identity;
	append(&f, &old, &both);
	struct signer identity = next.identity;
	next = old;
	next.identity = identity;
	make_store_rotate(&f.store, true);
	append(&f, &next, &vouched);
	cr_assert_eq(count(&f, VERDICT_MALFORMED), 0);
}

Test(statements, the_old_key_alone_is_not_enough_after_a_rotation)
{
	cleanup_fixture struct fixture f;
	struct host_log next;
	make(&f);
	rotate(&f, &next);
	append(&f, &f.host, &vouched);
	cr_assert_gt(count(&f, VERDICT_WRONGLY_SEALED), 0);
}

Test(statements, a_rotation_that_the_old_key_did_not_announce_is_found)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	struct host_log next = f.host;
	new_identity(&next, "web/2");
	state(&f, (struct statement){ .kind = STATEMENT_ROTATE,
	                              .identity = next.identity.key,
	                              .certificate = next.certificate,
	                              .point = { .epoch = 1, .size = 1 } });
	append(&f, &next, &vouched);
	cr_assert_eq(count(&f, VERDICT_MALFORMED), 1);
}

Test(statements, what_comes_after_a_revocation_is_marked_and_what_came_before_is_not)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	state(&f, (struct statement){ .kind = STATEMENT_REVOKE, .point = head(&f.host) });
	cr_assert_eq(count(&f, VERDICT_REVOKED), 0);
	append(&f, &f.host, &some);
	append(&f, &f.host, &some);
	make_store_rotate(&f.store, true);
	cr_assert_eq(count(&f, VERDICT_REVOKED), 1);
}

Test(statements, an_administrator_alone_can_t_disown_what_has_a_receipt)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	struct log_point before = head(&f.host);
	append(&f, &f.host, &some);
	/* Nor can everybody together. */
	state(&f, (struct statement){ .kind = STATEMENT_REVOKE, .point = before });
	cr_assert_eq(count(&f, VERDICT_MALFORMED), 1, "and it has no effect");
}

Test(statements, a_revocation_by_one_person_has_no_effect)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	state_by(&f, (struct statement){ .kind = STATEMENT_REVOKE, .point = head(&f.host) }, true);
	append(&f, &f.host, &some);
	cr_assert_eq(count(&f, VERDICT_WRONGLY_SEALED), 1);
}

Test(statements, a_host_can_t_be_given_another_hosts_key_or_name)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	struct host_log other;
	host_log_init(&other, "acme", "db", 1);
	struct statement s = { .kind = STATEMENT_ENROL, .host = "db", .certificate = other.certificate };
	cr_assert_eq(key_make("acme/host/db", KEY_TYPE_ED25519, &f.host.identity.key.pub, &s.identity), 0);
	state(&f, s);
	cr_assert_eq(count(&f, VERDICT_CLONED), 1);
}

Test(statements, a_retired_host_says_nothing_any_more)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	state(&f, (struct statement){ .kind = STATEMENT_RETIRE });
	append(&f, &f.host, &some);
	cr_assert_eq(count(&f, VERDICT_REVOKED), 1);
}

Test(statements, a_new_enrolment_goes_on_in_a_new_epoch)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	state(&f, (struct statement){ .kind = STATEMENT_REVOKE, .point = head(&f.host) });
	struct host_log next;
	make_store_host(&f.store, &next, "web", 2);
	new_identity(&next, "web/2");
	next.cause = EPOCH_REENROLLED;
	state(&f, (struct statement){ .kind = STATEMENT_RE_ENROL,
	                              .identity = next.identity.key,
	                              .certificate = next.certificate,
	                              .point = head(&f.host) });
	append(&f, &next, &some);
	cr_assert_eq(count(&f, VERDICT_EPOCH), 1);
	state(&f, (struct statement){ .kind = STATEMENT_CLOSE, .point.epoch = 2 });
	cr_assert_eq(count(&f, VERDICT_EPOCH), 0, "people have closed it");
}

Test(statements, the_old_log_ends_where_the_host_is_enrolled_anew)
{
	cleanup_fixture struct fixture f;
	make(&f);
	append(&f, &f.host, &some);
	struct host_log next = f.host;
	new_identity(&next, "web/2");
	state(&f, (struct statement){ .kind = STATEMENT_RE_ENROL,
	                              .identity = next.identity.key,
	                              .certificate = next.certificate,
	                              .point = head(&f.host) });
	append(&f, &next, &some);
	cr_assert_eq(count(&f, VERDICT_REVOKED), 1);
}
