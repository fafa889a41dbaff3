#include "audit/event.h"
#include "lib/cbor.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define NOW_US 9000000000ULL

struct built {
	struct buf fields;
	struct intake_event event;
	int result;
};

static void built_done(struct built *b)
{
	buf_done(&b->fields);
}

#define cleanup_built cleanup(built_done)

static uint32_t asked_pid;

static uint64_t process_of(void *context, uint32_t pid, uint64_t boot_us)
{
	(void)context;
	(void)boot_us;
	asked_pid = pid;
	return pid + 1000;
}

static struct audit_line line(uint16_t type, const char *text)
{
	return (struct audit_line){ type, { (const uint8_t *)text, strlen(text) } };
}

static struct built build(const struct audit_assembled *event, int64_t wall_minus_boot_us)
{
	struct built b = { 0 };
	struct audit_event_config config = { .process = process_of };
	b.result = audit_event_build(&config, event, wall_minus_boot_us, NOW_US, &b.fields, &b.event);
	return b;
}

static struct built build_line(uint16_t type, const char *text)
{
	struct audit_line l = line(type, text);
	struct audit_assembled event = {
		.stamp = { 1000000, 7 }, .lines = &l, .count = 1, .first_us = NOW_US
	};
	struct built b = build(&event, 0);
	cr_assert_eq(b.result, 0);
	return b;
}

/* Leaves the cursor at the value of a field; false if the map has none. The whole map must be sound. */
static bool at_field(const struct built *b, enum audit_field field, struct cursor *ret)
{
	struct cursor c;
	int64_t previous = -1;
	bool found = false;
	cursor_init(&c, b->event.fields.data, b->event.fields.len);
	for (size_t pairs = cbor_map(&c); pairs > 0; pairs--) {
		if (cbor_key(&c, &previous) == (uint64_t)field) {
			found = true;
			*ret = c;
		}
		cbor_skip(&c);
	}
	cr_assert_eq(cursor_finish(&c), 0);
	return found;
}

static void expect_bytes(const struct built *b, enum audit_field field, const char *value)
{
	struct cursor c;
	if (!value) {
		cr_expect_not(at_field(b, field, &c), "field %d is there", field);
		return;
	}
	cr_assert(at_field(b, field, &c), "no field %d", field);
	struct span got = cbor_bytes(&c);
	cr_expect(span_is(got, value), "field %d: %.*s", field, (int)got.len, (const char *)got.data);
}

static void expect_number(const struct built *b, enum audit_field field, uint64_t value)
{
	struct cursor c;
	cr_assert(at_field(b, field, &c), "no field %d", field);
	cr_expect_eq(cbor_uint(&c), value, "field %d", field);
}

static void expect_success(const struct built *b, bool value)
{
	struct cursor c;
	cr_assert(at_field(b, AUDIT_SUCCESS, &c));
	cr_expect_eq(cbor_bool(&c), value);
}

Test(audit_event, a_login_is_encoded_byte_for_byte_as_documented)
{
	static const uint8_t want[] = "\xa8"
	                              "\x00\x19\x04\x58"
	                              "\x01\x07"
	                              "\x02\x1a\x00\x0f\x42\x40"
	                              "\x03\x81\x82\x19\x04\x58\x58\x35"
	                              "audit(1000.000:7): pid=5 uid=0 msg='op=login res=yes'"
	                              "\x04\x05"
	                              "\x05\x00"
	                              "\x08\x45login"
	                              "\x0e\xf5";
	cleanup_built struct built b =
	        build_line(1112, "audit(1000.000:7): pid=5 uid=0 msg='op=login res=yes'");
	cr_assert_eq(b.event.fields.len, sizeof(want) - 1);
	cr_assert_arr_eq(b.event.fields.data, want, sizeof(want) - 1);
	cr_assert_eq(b.event.kind, KIND_AUDIT_LOGIN);
	cr_assert_eq(b.event.sensors, SENSOR_AUDIT);
	cr_assert_eq(b.event.process, 1005);
	cr_assert_eq(asked_pid, 5);
	cr_assert_eq(b.event.self | b.event.parent | b.event.previous, 0);
}

Test(audit_event, a_users_record_gives_all_its_fields)
{
	cleanup_built struct built b = build_line(
	        1112,
	        "audit(1.0:7): pid=12635 uid=3 auid=1000 ses=36 msg='op=login acct=28696E76616C6964"
	        "207573657229 exe=\"/usr/sbin/sshd\" hostname=h.example addr=179.38.151.221 terminal=sshd "
	        "res=failed'");
	expect_number(&b, AUDIT_PID, 12635);
	expect_number(&b, AUDIT_UID, 3);
	expect_number(&b, AUDIT_LOGINUID, 1000);
	expect_number(&b, AUDIT_SESSION, 36);
	expect_bytes(&b, AUDIT_OP, "login");
	expect_bytes(&b, AUDIT_ACCOUNT, "(invalid user)");
	expect_bytes(&b, AUDIT_EXE, "/usr/sbin/sshd");
	expect_bytes(&b, AUDIT_HOSTNAME, "h.example");
	expect_bytes(&b, AUDIT_ADDRESS, "179.38.151.221");
	expect_bytes(&b, AUDIT_TERMINAL, "sshd");
	expect_success(&b, false);
}

Test(audit_event, what_is_not_set_is_absent)
{
	cleanup_built struct built b = build_line(
	        1100, "audit(1.0:7): pid=5 uid=0 auid=4294967295 ses=4294967295 msg='op=x acct=\"?\" "
	              "exe=? hostname=? addr=? terminal=(none)'");
	expect_bytes(&b, AUDIT_LOGINUID, NULL);
	expect_bytes(&b, AUDIT_SESSION, NULL);
	expect_bytes(&b, AUDIT_ACCOUNT, NULL);
	expect_bytes(&b, AUDIT_EXE, NULL);
	expect_bytes(&b, AUDIT_HOSTNAME, NULL);
	expect_bytes(&b, AUDIT_ADDRESS, NULL);
	expect_bytes(&b, AUDIT_TERMINAL, NULL);
	expect_bytes(&b, AUDIT_SUCCESS, NULL);
	expect_bytes(&b, AUDIT_MARKS, NULL);
}

Test(audit_event, a_program_cannot_claim_another_pid_uid_or_session)
{
	cleanup_built struct built b = build_line(
	        1112, "audit(1.0:7): msg='pid=1 uid=0 auid=0 ses=1 res=success' pid=2 uid=2 msg='x=1'");
	expect_bytes(&b, AUDIT_PID, NULL);
	expect_bytes(&b, AUDIT_UID, NULL);
	expect_bytes(&b, AUDIT_LOGINUID, NULL);
	expect_bytes(&b, AUDIT_SESSION, NULL);
	cr_assert_eq(b.event.process, INTAKE_NO_PROCESS);
}

Test(audit_event, a_quoted_account_of_hex_digits_is_taken_as_it_is)
{
	cleanup_built struct built b = build_line(1112, "audit(1.0:7): pid=5 msg='acct=\"DEADBEEF\"'");
	expect_bytes(&b, AUDIT_ACCOUNT, "DEADBEEF");
}

Test(audit_event, a_host_whose_name_looks_like_hex_is_not_decoded)
{
	cleanup_built struct built b = build_line(1112, "audit(1.0:7): pid=5 msg='hostname=ADDED addr=BEEF'");
	expect_bytes(&b, AUDIT_HOSTNAME, "ADDED");
	expect_bytes(&b, AUDIT_ADDRESS, "BEEF");
}

Test(audit_event, a_login_record_gives_the_new_loginuid_in_both_spellings)
{
	cleanup_built struct built now = build_line(
	        1006, "audit(1.0:7): pid=9 uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 "
	              "ses=3 res=1");
	expect_number(&now, AUDIT_LOGINUID, 1000);
	expect_number(&now, AUDIT_SESSION, 3);
	expect_success(&now, true);
	cleanup_built struct built old =
	        build_line(1006, "audit(1.0:7): login pid=9 uid=0 old auid=4294967295 new auid=500");
	expect_number(&old, AUDIT_LOGINUID, 500);
}

Test(audit_event, outcomes_are_read_in_all_their_spellings)
{
	static const struct {
		const char *text;
		bool success;
	} cases[] = { { "res=success", true }, { "res=1", true },          { "success=yes", true },
		      { "res=failed", false }, { "result=Success", true }, { "res=0", false },
		      { "success=no", false } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64];
		snprintf(text, sizeof(text), "audit(1.0:7): %s", cases[i].text);
		cleanup_built struct built b = build_line(1305, text);
		expect_success(&b, cases[i].success);
	}
	cleanup_built struct built b = build_line(1305, "audit(1.0:7): res=maybe");
	expect_bytes(&b, AUDIT_SUCCESS, NULL);
}

Test(audit_event, the_family_is_that_of_the_first_record_that_has_one)
{
	struct audit_line lines[] = { line(1300, "audit(1.0:7): a=1"), line(1305, "audit(1.0:7): op=set") };
	struct audit_assembled event = { .lines = lines, .count = 2 };
	cr_assert_eq(audit_event_kind(&event), KIND_AUDIT_CONFIG);
	static const struct {
		uint16_t type;
		enum entry_kind kind;
	} cases[] = { { 1006, KIND_AUDIT_LOGIN },   { 1100, KIND_AUDIT_LOGIN },
		      { 1114, KIND_AUDIT_ACCOUNT }, { 1305, KIND_AUDIT_CONFIG },
		      { 1200, KIND_AUDIT_CONFIG },  { 1701, KIND_AUDIT_ANOMALY },
		      { 2100, KIND_AUDIT_ANOMALY }, { 1799, KIND_AUDIT_ANOMALY },
		      { 1400, KIND_AUDIT_OTHER },   { 65535, KIND_AUDIT_OTHER } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		lines[0].type = cases[i].type;
		event.count = 1;
		cr_expect_eq(audit_event_kind(&event), cases[i].kind, "type %u", cases[i].type);
	}
}

Test(audit_event, all_records_of_an_event_are_kept_byte_for_byte)
{
	struct audit_line lines[] = { line(1300, "audit(1.0:7): pid=5 success=no exe=\"/bin/cat\""),
		                      line(1302, "audit(1.0:7): name=\"/etc/shadow\" \x01\xff'") };
	struct audit_assembled event = { .stamp = { 1, 7 }, .lines = lines, .count = 2 };
	cleanup_built struct built b = build(&event, 0);
	struct cursor c;
	cr_assert(at_field(&b, AUDIT_RECORDS, &c));
	cr_assert_eq(cbor_array(&c), 2);
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(cbor_array(&c), 2);
		cr_assert_eq(cbor_uint(&c), lines[i].type);
		cr_assert(span_equal(cbor_bytes(&c), lines[i].text));
	}
	expect_number(&b, AUDIT_TYPE, 1300);
	expect_bytes(&b, AUDIT_EXE, "/bin/cat");
	expect_success(&b, false);
}

Test(audit_event, an_event_larger_than_an_entry_is_cut_to_whole_records)
{
	static char text[AUDIT_RECORD_MAX_BYTES + 1];
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "audit(1.0:7): ", 14);
	struct audit_line lines[4];
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		lines[i] = line(1309, text);
	struct audit_assembled event = { .stamp = { 1, 7 }, .lines = lines, .count = ARRAY_SIZE(lines) };
	cleanup_built struct built b = build(&event, 0);
	cr_assert_eq(b.result, 0);
	cr_assert_leq(b.event.fields.len, AUDIT_FIELDS_MAX_BYTES);
	struct cursor c;
	cr_assert(at_field(&b, AUDIT_RECORDS, &c));
	cr_assert_eq(cbor_array(&c), 3);
	expect_number(&b, AUDIT_MARKS, ENTRY_MARK_TRUNCATED);
}

Test(audit_event, the_largest_event_that_fits_makes_a_valid_entry)
{
	static char text[AUDIT_RECORD_MAX_BYTES + 1];
	memset(text, 'b', sizeof(text) - 1);
	int n = snprintf(text, sizeof(text),
	                 "audit(1.0:7): pid=4294967294 uid=4294967294 auid=4294967294 "
	                 "ses=4294967294 res=1 op=");
	text[n] = 'b';
	for (size_t i = 1; i <= 5; i++) {
		static const char *const keys[] = { "acct", "exe", "hostname", "addr", "terminal" };
		char key[16];
		int k = snprintf(key, sizeof(key), " %s=", keys[i - 1]);
		memcpy(text + i * 2500, key, (size_t)k);
	}
	struct audit_line lines[60];
	lines[0] = line(1300, text);
	for (size_t i = 1; i < ARRAY_SIZE(lines); i++)
		lines[i] = line(65535, "audit(1.0:7): x");
	lines[1] = lines[2] = line(1300, text);
	struct audit_assembled event = {
		.stamp = { UINT32_MAX * 1000ULL, UINT32_MAX }, .lines = lines, .count = 60, .incomplete = true
	};
	cleanup_built struct built b = build(&event, 0);
	cr_assert_eq(b.result, 0);
	cleanup_buf struct buf body = { 0 };
	entry_put_body(&body, &(struct entry){ .kind = b.event.kind,
	                                       .time_us = INT64_MIN,
	                                       .sensors = 255,
	                                       .process = UINT64_MAX - 1,
	                                       .fields = b.event.fields });
	struct entry parsed;
	cr_assert_eq(entry_parse_body((struct span){ body.data, body.len }, &parsed), 0);
	cr_assert_leq(body.len, ENTRY_BODY_MAX);
	expect_number(&b, AUDIT_MARKS, ENTRY_MARK_STRING_TRUNCATED | ENTRY_MARK_INCOMPLETE);
}

Test(audit_event, what_is_wrong_with_an_event_is_marked)
{
	struct audit_line l = line(1300, "audit(1.0:7): comm=\"open");
	struct audit_assembled event = { .lines = &l, .count = 1, .dropped = 1, .incomplete = true };
	cleanup_built struct built b = build(&event, 0);
	expect_number(&b, AUDIT_MARKS, ENTRY_MARK_TRUNCATED | ENTRY_MARK_INCOMPLETE | ENTRY_MARK_MALFORMED);
}

Test(audit_event, a_record_without_a_stamp_is_kept_without_serial_and_time)
{
	struct audit_line l = line(1112, "nonsense pid=1");
	struct audit_assembled event = { .lines = &l, .count = 1, .malformed = true, .first_us = 44 };
	cleanup_built struct built b = build(&event, 0);
	expect_bytes(&b, AUDIT_SERIAL, NULL);
	expect_bytes(&b, AUDIT_TIME, NULL);
	expect_bytes(&b, AUDIT_PID, NULL);
	expect_number(&b, AUDIT_MARKS, ENTRY_MARK_MALFORMED);
	cr_assert_eq(b.event.boot_us, 44);
}

Test(audit_event, wall_time_becomes_boot_time_and_never_lies_ahead)
{
	struct audit_line l = line(1112, "audit(1.0:7): pid=1");
	struct audit_assembled event = { .stamp = { 5000, 7 }, .lines = &l, .count = 1, .first_us = 77 };
	cleanup_built struct built right = build(&event, 1000000);
	cr_assert_eq(right.event.boot_us, 4000000);
	cleanup_built struct built ahead = build(&event, -(int64_t)NOW_US);
	cr_assert_eq(ahead.event.boot_us, NOW_US);
	cleanup_built struct built before_boot = build(&event, 6000000);
	cr_assert_eq(before_boot.event.boot_us, 77);
	cleanup_built struct built overflow = build(&event, INT64_MIN);
	cr_assert_eq(overflow.event.boot_us, 77);
}

Test(audit_event, without_a_process_lookup_the_actor_stays_unnamed)
{
	struct audit_line l = line(1112, "audit(1.0:7): pid=1");
	struct audit_assembled event = { .lines = &l, .count = 1 };
	struct audit_event_config config = { 0 };
	cleanup_buf struct buf fields = { 0 };
	struct intake_event ret;
	cr_assert_eq(audit_event_build(&config, &event, 0, 0, &fields, &ret), 0);
	cr_assert_eq(ret.process, INTAKE_NO_PROCESS);
}
