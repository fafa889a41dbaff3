#include "verify/witnessed.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "evidence/cosignature.h"
#include "tests/support/bytes.h"
#include "tests/support/make_store.h"
#include "verify/store.h"

#define WITNESSES 3

/* A small store whose published checkpoint some of three witnesses have cosigned; a quorum is two. */
struct fixture {
	struct make_store store;
	struct host_log host;
	struct signer witness[WITNESSES];
	struct policy *policy;
};

static void begin(struct fixture *f, const char *quorum)
{
	static const char *const names[WITNESSES] = { "one", "two", "three" };
	cleanup_buf struct buf text = { 0 };
	char error[256];
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
	for (size_t i = 0; i < WITNESSES; i++) {
		char name[32];
		snprintf(name, sizeof(name), "w%zu.example", i);
		test_cosigner(name, &f->witness[i]);
		buf_printf(&text, "witness %s ", names[i]);
		key_put(&text, &f->witness[i].key);
		buf_put_u8(&text, '\n');
	}
	buf_printf(&text, "group all 2 one two three\nquorum %s\n", quorum);
	cr_assert_eq(policy_parse(buf_span(&text), &f->policy, error, sizeof(error)), 0, "%s", error);
}

static void finish(struct fixture *f)
{
	policy_free(f->policy);
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

/* Cosign what is published now. */
static void cosign(struct fixture *f, size_t n)
{
	struct note parsed;
	cleanup_buf struct buf note = { 0 };
	make_store_publish(&f->store);
	buf_put(&note, f->store.note.data, f->store.note.len);
	cr_assert_eq(note_parse(buf_span(&f->store.note), &parsed), 0);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(cosignature_put(&note, parsed.text, 1795507300 + i, &f->witness[i]), 0);
	int fd = openat(f->store.dirfd, "fleet/checkpoint", O_WRONLY | O_TRUNC | O_CLOEXEC);
	cr_assert_eq(write(fd, note.data, note.len), (ssize_t)note.len);
	close(fd);
}

static void check(struct fixture *f, struct report *ret)
{
	struct verify_options o = {
		.dirfd = f->store.dirfd,
		.anchor = buf_span(&f->store.fleet.genesis_note),
		.policy = f->policy,
	};
	cr_assert_eq(verify_store(&o, ret), 0);
}

static void expect_line(const struct report *r, const char *expected)
{
	cleanup_buf struct buf line = { 0 };
	report_put_verdict(&line, r);
	cr_assert(bytes_equal(buf_span(&line), span_str(expected)));
}

Test(witnessed, a_quorum_is_named_with_its_witnesses_and_the_newest_time)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	begin(&f, "all");
	cosign(&f, 2);
	check(&f, &r);
	cr_assert(report_clean(&r));
	cr_assert(r.witnessed.quorum);
	cr_assert_not(r.unwitnessed);
	cr_assert_str_eq(r.witnessed.names, "one, two");
	cr_assert_eq(r.witnessed.time_s, 1795507301);
	expect_line(&r, "verified; witnessed");
	finish(&f);
}

Test(witnessed, too_few_are_a_fault)
{
	struct fixture f;
	cleanup_report struct report r = { 0 }, none = { 0 };
	begin(&f, "all");
	cosign(&f, 1);
	check(&f, &r);
	cr_assert_eq(r.findings.count[VERDICT_UNWITNESSED], 1);
	expect_line(&r, "NOT verified: 1 unwitnessed; no quorum of witnesses, only 1");
	cosign(&f, 0);
	check(&f, &none);
	expect_line(&none, "NOT verified: 1 unwitnessed; no witness");
	finish(&f);
}

Test(witnessed, entries_behind_the_cosigned_checkpoint_are_said)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	cleanup_buf struct buf note = { 0 };
	begin(&f, "all");
	cosign(&f, 2);
	cr_assert_eq(f.store.tree.size, 2);
	int fd = openat(f.store.dirfd, "fleet/checkpoint", O_RDONLY | O_CLOEXEC);
	char kept[4096];
	ssize_t n = read(fd, kept, sizeof(kept));
	close(fd);
	make_store_batch(&f.store, &f.host, &(struct host_log_batch){ .events = 1 });
	make_store_commit(&f.store);
	make_store_publish(&f.store);
	fd = openat(f.store.dirfd, "fleet/checkpoint", O_WRONLY | O_TRUNC | O_CLOEXEC);
	cr_assert_eq(write(fd, kept, (size_t)n), n);
	close(fd);
	/* As a sink does that has not published yet: its tiles are the older ones. */
	cr_assert_eq(unlinkat(f.store.dirfd, "fleet/tile/0/000.p/3", 0), 0);
	cr_assert_eq(unlinkat(f.store.dirfd, "fleet/tile/entries/000.p/3", 0), 0);
	check(&f, &r);
	cr_assert_eq(r.witnessed.size, 2);
	finish(&f);
	cr_assert_not(r.unwitnessed);
	cleanup_buf struct buf line = { 0 };
	report_put_verdict(&line, &r);
	cr_assert_not_null(memmem(line.data, line.len, "witnessed, but for the newest 1 fleet entries", 44));
}

Test(witnessed, without_a_policy_or_with_an_open_one_it_is_no_fault_and_said)
{
	struct fixture f;
	cleanup_report struct report open = { 0 }, none = { 0 };
	begin(&f, "none");
	cosign(&f, 0);
	check(&f, &open);
	expect_line(&open, "verified; no witness");
	policy_free(f.policy);
	f.policy = NULL;
	cosign(&f, 3);
	check(&f, &none);
	expect_line(&none, "verified; no witness");
	finish(&f);
}

Test(witnessed, a_cosignature_that_does_not_verify_is_wrongly_sealed)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	begin(&f, "all");
	f.witness[0].secret = f.witness[2].secret;
	cosign(&f, 2);
	check(&f, &r);
	cr_assert_eq(r.findings.count[VERDICT_WRONGLY_SEALED], 1);
	cr_assert(r.unwitnessed);
	finish(&f);
}
