#include "cli/filter_options.h"

#include <criterion/criterion.h>

#include "cli/when.h"
#include "lib/cbor.h"

#define NOW 1795507200000000u

static const struct origin web = { .fleet = "acme", .host = "web", .epoch = 1 };

static bool matches(const struct filter *f, uint64_t kind, const struct buf *fields,
                    const struct actor *actor)
{
	struct entry entry = { .kind = kind,
		               .process = ENTRY_NO_PROCESS,
		               .fields = { fields->data, fields->len } };
	struct event e = { .origin = &web, .wall_us = NOW, .entry = &entry, .actor = actor };
	return filter_match(f, &e);
}

static void one_path(struct buf *b, const char *path)
{
	cbor_put_map(b, 1);
	cbor_put_uint(b, FILE_PATH);
	cbor_put_bytes(b, path, strlen(path));
}

Test(when, times_are_read_as_utc_or_as_how_long_ago)
{
	uint64_t t;
	cr_assert_eq(when_parse("2026-11-24T08:00:00Z", 0, &t), 0);
	cr_assert_eq(t, NOW);
	cr_assert_eq(when_parse("2026-11-24 08:00", 0, &t), 0);
	cr_assert_eq(t, NOW);
	cr_assert_eq(when_parse("2026-11-24", 0, &t), 0);
	cr_assert_eq(t, NOW - 8 * 3600 * 1000000ull);
	cr_assert_eq(when_parse("10m", NOW, &t), 0);
	cr_assert_eq(t, NOW - 600 * 1000000ull);
	cr_assert_eq(when_parse("99999999d", NOW, &t), 0);
	cr_assert_eq(t, 0);
}

Test(when, anything_else_is_refused)
{
	static const char *const bad[] = { "",    "m",          "10",        "-3m",
		                           "10w", "2026-13-01", "yesterday", "9223372036854775807d" };
	uint64_t t;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_eq(when_parse(bad[i], NOW, &t), -EINVAL);
}

Test(filter, without_options_all_but_seals_and_heartbeats_are_shown)
{
	struct filter f = FILTER_ALL;
	cleanup_buf struct buf none = { 0 };
	cbor_put_map(&none, 0);
	cr_assert_null(filter_prepare(&f, NOW));
	cr_assert(matches(&f, KIND_UNLINK, &none, NULL));
	cr_assert(matches(&f, KIND_LOSS, &none, NULL));
	cr_assert_not(matches(&f, KIND_SEAL, &none, NULL));
	cr_assert_not(matches(&f, KIND_HEARTBEAT, &none, NULL));
	f.own = true;
	cr_assert(matches(&f, KIND_SEAL, &none, NULL));
}

Test(filter, kinds_are_names_or_numbers)
{
	struct filter f = FILTER_ALL;
	cleanup_buf struct buf none = { 0 };
	cbor_put_map(&none, 0);
	f.kinds = (struct option_list){ .count = 2, .item = { "exec,open", "64" } };
	cr_assert_null(filter_prepare(&f, NOW));
	cr_assert(matches(&f, KIND_OPEN, &none, NULL));
	cr_assert(matches(&f, KIND_AUDIT_LOGIN, &none, NULL));
	cr_assert_not(matches(&f, KIND_UNLINK, &none, NULL));
	struct filter bad = FILTER_ALL;
	bad.kinds = (struct option_list){ .count = 1, .item = { "exec,,open" } };
	cr_assert_str_eq(filter_prepare(&bad, NOW), "exec,,open");
}

Test(filter, host_time_path_pid_and_session_narrow_it_down)
{
	struct filter f = FILTER_ALL;
	struct actor a = { .pid = 5, .has_session = true, .session = 3 };
	cleanup_buf struct buf path = { 0 };
	one_path(&path, "/etc/shadow");
	cr_assert_null(filter_prepare(&f, NOW));
	f.path_prefix = "/etc/";
	f.pid = 5;
	f.session = 3;
	f.host = "web";
	cr_assert(matches(&f, KIND_OPEN, &path, &a));
	cr_assert_not(matches(&f, KIND_OPEN, &path, NULL));
	f.path_prefix = "/var";
	cr_assert_not(matches(&f, KIND_OPEN, &path, &a));
	f.path_prefix = "/etc";
	f.session = 4;
	cr_assert_not(matches(&f, KIND_OPEN, &path, &a));
	f.session = FILTER_NONE;
	f.host = "db";
	cr_assert_not(matches(&f, KIND_OPEN, &path, &a));
	f.host = NULL;
	f.since_us = NOW + 1;
	cr_assert_not(matches(&f, KIND_OPEN, &path, &a));
}

Test(filter, a_login_is_found_by_the_pid_that_it_tells_of)
{
	struct filter f = FILTER_ALL;
	cleanup_buf struct buf fields = { 0 };
	cbor_put_map(&fields, 1);
	cbor_put_uint(&fields, AUDIT_PID);
	cbor_put_uint(&fields, 77);
	cr_assert_null(filter_prepare(&f, NOW));
	f.pid = 77;
	cr_assert(matches(&f, KIND_AUDIT_LOGIN, &fields, NULL));
	cr_assert_not(matches(&f, KIND_OPEN, &fields, NULL));
}

Test(filter, the_help_names_every_kind)
{
	for (uint64_t kind = KIND_CIPHERTEXT + 1; kind < 256; kind++) {
		const char *name = entry_kind_name(kind);
		cr_expect(!name || strstr(FILTER_HELP, name), "%s", name ? name : "");
	}
}
