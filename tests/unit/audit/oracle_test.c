/* Our reading of recorded audit logs against what another implementation (go-libaudit) made of them. */
#include "audit/assembler.h"
#include "audit/log.h"
#include "evidence/audit_type.h"
#include "tests/support/test_data.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

/* Fields that it gives as they are in the text, once quotes and hex are undone. */
static const char *const plain[] = { "pid",  "ppid", "uid",       "gid",      "euid",     "suid",   "exe",
	                             "comm", "name", "cwd",       "acct",     "cmd",      "item",   "inode",
	                             "dev",  "mode", "hostname",  "addr",     "terminal", "tty",    "op",
	                             "unit", "argc", "proctitle", "grantors", "items",    "tclass", "data",
	                             "fp",   "id",   "cipher",    "list" };

static bool is_plain(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (strcmp(plain[i], key) == 0)
			return true;
	}
	return false;
}

/* Hex is only undone where the field's meaning says that it is a string. */
static bool is_number(const char *key)
{
	static const char *const numbers[] = { "pid",   "ppid", "uid",      "gid",  "euid",    "suid", "item",
		                               "inode", "dev",  "mode",     "id",   "fp",      "argc", "list",
		                               "items", "op",   "hostname", "addr", "terminal" };
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(numbers[i], key) == 0)
			return true;
	}
	return false;
}

static void compare_field(const char *key, const char *want, struct span body)
{
	struct audit_iterator it;
	struct audit_item item;
	uint8_t out[AUDIT_RECORD_MAX_BYTES];
	audit_iterator_init(&it, body);
	while (audit_iterator_next(&it, &item)) {
		if (!span_is(item.key, key))
			continue;
		if (is_number(key) && item.form == AUDIT_FORM_HEX)
			item.form = AUDIT_FORM_BARE;
		size_t n = audit_value_decode(&item, sizeof(out), out);
		cr_expect(span_is((struct span){ out, n }, want), "%s: '%.*s', want '%s'", key, (int)n,
		          (const char *)out, want);
		return;
	}
	cr_expect_fail("no %s in %.*s", key, (int)body.len, (const char *)body.data);
}

/* "2017-03-31T21:29:12.404Z", its fraction without trailing zeros. */
static uint64_t parse_time(const char *s)
{
	struct tm tm = { 0 };
	const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	cr_assert_not_null(rest, "%s", s);
	uint64_t ms = 0, unit = 100;
	for (rest += *rest == '.'; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
		ms += (uint64_t)(*rest - '0') * unit;
	return (uint64_t)timegm(&tm) * 1000 + ms;
}

static size_t compare_record(const json_t *record)
{
	struct audit_stamp stamp;
	struct span body;
	const char *raw = json_string_value(json_object_get(record, "raw_msg"));
	cr_assert_not_null(raw);
	struct span text = { (const uint8_t *)raw, strlen(raw) };
	cr_assert_eq(audit_record_stamp(text, &stamp, &body), 0, "%s", raw);
	cr_expect_eq(stamp.serial, json_integer_value(json_object_get(record, "sequence")));
	cr_expect_eq(stamp.ms, parse_time(json_string_value(json_object_get(record, "@timestamp"))));
	const char *type = json_string_value(json_object_get(record, "record_type"));
	bool socket_address = strcmp(type, "sockaddr") == 0; /* its addr is worked out, not read */
	size_t compared = 0;
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(record, "data"), key, value)
	{
		bool argument =
		        strcmp(type, "execve") == 0 && key[0] == 'a' && key[1] >= '0' && key[1] <= '9';
		if (socket_address || (!is_plain(key) && !argument))
			continue;
		compare_field(key, json_string_value(value), body);
		compared++;
	}
	return compared;
}

Test(audit_oracle, fields_are_what_another_implementation_reads)
{
	static const char *const names[] = { "audit-rhel6",    "audit-rhel7",    "audit-ubuntu14",
		                             "audit-ubuntu16", "audit-ubuntu17", "test2",
		                             "test3" };
	size_t compared = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[128];
		cleanup_buf struct buf golden = { 0 };
		snprintf(name, sizeof(name), "audit-go-libaudit/auparse/testdata/%s.log.golden", names[i]);
		if (!test_data_read(name, &golden))
			cr_skip_test("no test data beside the checkout");
		json_t *records = json_loadb((const char *)golden.data, golden.len, 0, NULL);
		cr_assert(json_is_array(records));
		size_t at;
		json_t *record;
		json_array_foreach(records, at, record)
		{
			if (json_object_get(record, "raw_msg"))
				compared += compare_record(record);
		}
		json_decref(records);
	}
	cr_assert_gt(compared, 300, "only %zu fields compared", compared);
}

struct counts {
	size_t events;
	uint32_t serial[16];
	size_t records[16];
};

static void on_event(void *context, const struct audit_assembled *e)
{
	struct counts *c = context;
	cr_assert_lt(c->events, ARRAY_SIZE(c->serial));
	c->serial[c->events] = e->stamp.serial;
	c->records[c->events++] = e->count;
}

/* Every line comes a millisecond after the one before. */
static bool assemble(const char *name, struct counts *ret, uint64_t *ret_missing)
{
	cleanup_buf struct buf log = { 0 };
	cleanup_audit_assembler struct audit_assembler *a = NULL;
	struct audit_assembler_config config = { .on_event = on_event, .context = ret };
	struct cursor c;
	uint64_t now_us = 0;
	if (!test_data_read(name, &log))
		return false;
	cr_assert_eq(audit_assembler_new(&config, &a), 0);
	buf_put_str(&log, "\n");
	cursor_init(&c, log.data, log.len);
	while (cursor_left(&c) > 0) {
		uint16_t type;
		struct span text;
		struct span line = cursor_line(&c);
		if (line.len == 0)
			continue;
		cr_assert_eq(audit_log_split(line, &type, &text), 0);
		audit_assembler_push(a, type, text, now_us += 1000);
	}
	audit_assembler_flush(a, now_us + 10000000);
	*ret_missing = audit_assembler_stats(a).missing_serials;
	return true;
}

static void expect_events(const char *name, const struct counts *want, uint64_t want_missing)
{
	struct counts got = { 0 };
	uint64_t missing;
	if (!assemble(name, &got, &missing))
		cr_skip_test("no test data beside the checkout");
	cr_expect_eq(missing, want_missing, "%s: %lu missing", name, (unsigned long)missing);
	cr_assert_eq(got.events, want->events);
	for (size_t i = 0; i < got.events; i++) {
		cr_expect_eq(got.serial[i], want->serial[i]);
		cr_expect_eq(got.records[i], want->records[i], "serial %u: %zu records", got.serial[i],
		             got.records[i]);
	}
}

Test(audit_oracle, an_orderly_log_gives_its_events)
{
	struct counts want = { 5, { 58, 59, 60, 61, 62 }, { 2, 5, 5, 4, 1 } };
	expect_events("audit-go-libaudit/testdata/normal.log", &want, 0);
}

Test(audit_oracle, records_out_of_order_find_their_events)
{
	struct counts want = { 5, { 58, 59, 60, 61, 62 }, { 2, 5, 5, 4, 1 } };
	expect_events("audit-go-libaudit/testdata/out_of_order.log", &want, 0);
}

Test(audit_oracle, lost_serial_numbers_are_counted)
{
	struct counts want = { 5, { 49, 59, 60, 61, 62 }, { 2, 5, 5, 4, 1 } };
	expect_events("audit-go-libaudit/testdata/lost_messages.log", &want, 9);
}

Test(audit_oracle, serial_numbers_that_roll_over_are_not_lost)
{
	struct counts want = { 5, { 4294967294, 4294967295, 0, 1, 2 }, { 1, 1, 1, 1, 1 } };
	expect_events("audit-go-libaudit/testdata/rollover.log", &want, 0);
}
