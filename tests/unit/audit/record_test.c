#include "audit/record.h"

#include <criterion/criterion.h>

static struct span text(const char *s)
{
	return span_str(s);
}

/* The n-th item (from 0) with this key, or false. */
static bool nth(const char *body, const char *key, int n, struct audit_item *ret)
{
	struct audit_iterator it;
	audit_iterator_init(&it, text(body));
	while (audit_iterator_next(&it, ret)) {
		if (span_is(ret->key, key) && n-- == 0)
			return true;
	}
	return false;
}

static void expect(const char *body, const char *key, const char *value, enum audit_form form, bool nested)
{
	struct audit_item item;
	uint8_t out[1024];
	cr_assert(nth(body, key, 0, &item), "no %s in %s", key, body);
	size_t n = audit_value_decode(&item, sizeof(out), out);
	cr_expect(span_is((struct span){ out, n }, value), "%s is '%.*s'", key, (int)n, (const char *)out);
	cr_expect_eq(item.form, form, "form of %s", key);
	cr_expect_eq(item.nested, nested, "nesting of %s", key);
}

static bool malformed(const char *body)
{
	struct audit_iterator it;
	struct audit_item item;
	audit_iterator_init(&it, text(body));
	while (audit_iterator_next(&it, &item))
		;
	return it.malformed;
}

Test(audit_record, a_stamp_is_milliseconds_and_serial)
{
	struct audit_stamp stamp;
	struct span body;
	cr_assert_eq(audit_record_stamp(text("audit(1490137971.011:50406): pid=1"), &stamp, &body), 0);
	cr_assert_eq(stamp.ms, 1490137971011);
	cr_assert_eq(stamp.serial, 50406);
	cr_assert(span_is(body, " pid=1"));
}

Test(audit_record, a_stamp_takes_the_largest_serial_and_a_missing_colon)
{
	struct audit_stamp stamp;
	struct span body;
	cr_assert_eq(audit_record_stamp(text("audit(0.000:4294967295) x"), &stamp, &body), 0);
	cr_assert_eq(stamp.serial, UINT32_MAX);
	cr_assert(span_is(body, " x"));
}

Test(audit_record, a_broken_stamp_is_refused_and_writes_nothing)
{
	static const char *const broken[] = { "",
		                              "audit",
		                              "audit(",
		                              "audit(1.2",
		                              "audit(1.2:3",
		                              "audit(.2:3): ",
		                              "audit(1.:3): ",
		                              "audit(1.2:): ",
		                              "audit(1.1000:3): ",
		                              "audit(1.2:4294967296): ",
		                              "audit(99999999999999999999.2:3): ",
		                              "audit(-1.2:3): ",
		                              " audit(1.2:3): ",
		                              "type=LOGIN msg=audit(1.2:3): " };
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct audit_stamp stamp = { .ms = 7 };
		struct span body = { .len = 7 };
		cr_expect_eq(audit_record_stamp(text(broken[i]), &stamp, &body), -EBADMSG, "%s", broken[i]);
		cr_expect_eq(stamp.ms, 7);
		cr_expect_eq(body.len, 7);
	}
}

Test(audit_record, quoted_hex_and_bare_are_told_apart_by_the_raw_text)
{
	const char *body = "comm=\"DEADBEEF\" exe=2F62696E2F61 b name=(null) acct=ABC key=abcd";
	expect(body, "comm", "DEADBEEF", AUDIT_FORM_QUOTED, false);
	expect(body, "exe", "/bin/a", AUDIT_FORM_HEX, false);
	expect(body, "acct", "ABC", AUDIT_FORM_BARE, false);
	expect(body, "key", "abcd", AUDIT_FORM_BARE, false);
}

Test(audit_record, a_quoted_value_may_hold_spaces_and_equals_signs)
{
	expect("a0=\"x y=z\" a1=\"\" a2=2", "a0", "x y=z", AUDIT_FORM_QUOTED, false);
	expect("a0=\"x y=z\" a1=\"\" a2=2", "a1", "", AUDIT_FORM_QUOTED, false);
	expect("a0=\"x y=z\" a1=\"\" a2=2", "a2", "2", AUDIT_FORM_BARE, false);
}

Test(audit_record, an_empty_value_is_no_reason_to_take_the_next_field)
{
	expect("mac= pfs=curve", "mac", "", AUDIT_FORM_BARE, false);
	expect("mac= pfs=curve", "pfs", "curve", AUDIT_FORM_BARE, false);
}

Test(audit_record, what_a_program_wrote_is_marked_nested)
{
	const char *body = " pid=7 uid=0 msg='op=login acct=28696E76616C69642075736572 res=failed'";
	expect(body, "pid", "7", AUDIT_FORM_BARE, false);
	expect(body, "op", "login", AUDIT_FORM_BARE, true);
	expect(body, "res", "failed", AUDIT_FORM_BARE, true);
}

Test(audit_record, a_quote_inside_a_programs_text_does_not_end_it)
{
	struct audit_item item;
	const char *body = "pid=7 msg='op=x' pid=1 uid=0 res=success msg='acct=\"root\"'";
	cr_assert(nth(body, "pid", 1, &item));
	cr_assert(item.nested);
	cr_assert(nth(body, "uid", 0, &item));
	cr_assert(item.nested);
	cr_assert(nth(body, "acct", 0, &item) || nth(body, "msg", 0, &item));
	cr_assert(item.nested);
}

Test(audit_record, an_enrichment_mark_inside_a_programs_text_means_nothing)
{
	struct audit_item item;
	cr_assert(nth("pid=7 msg='op=x \x1dUID=\"root\" y=1'\x1dUID=\"bob\"", "UID", 0, &item));
	cr_assert(item.nested);
	cr_assert_not(item.enriched);
	cr_assert(nth("pid=7 msg='op=x \x1dUID=\"root\" y=1'\x1dUID=\"bob\"", "UID", 1, &item));
	cr_assert(item.enriched);
	cr_assert_not(item.nested);
}

Test(audit_record, enriched_fields_follow_the_mark)
{
	struct audit_item item;
	cr_assert(nth("uid=0 res=1\x1dUID=\"root\" AUID=\"unset\"", "res", 0, &item));
	cr_assert(span_is(item.value, "1"));
	cr_assert(nth("uid=0 res=1\x1dUID=\"root\" AUID=\"unset\"", "AUID", 0, &item));
	cr_assert(item.enriched);
	cr_assert(span_is(item.value, "unset"));
}

Test(audit_record, old_prose_gives_its_fields_too)
{
	const char *body = " user pid=2 msg='PAM: setcred acct=root : exe=\"/usr/sbin/crond\" (hostname=?, "
	                   "addr=10.0.0.1, terminal=cron res=success)'";
	expect(body, "acct", "root", AUDIT_FORM_BARE, true);
	expect(body, "hostname", "?", AUDIT_FORM_BARE, true);
	expect(body, "addr", "10.0.0.1", AUDIT_FORM_BARE, true);
	expect(body, "res", "success", AUDIT_FORM_BARE, true);
}

Test(audit_record, the_word_before_a_key_is_given_with_it)
{
	struct audit_item item;
	cr_assert(nth("login pid=1 uid=0 old auid=4294967295 new auid=0", "auid", 0, &item));
	cr_assert(span_is(item.word, "old"));
	cr_assert(nth("login pid=1 uid=0 old auid=4294967295 new auid=0", "auid", 1, &item));
	cr_assert(span_is(item.word, "new"));
	cr_assert(nth("login pid=1 uid=0 old auid=4294967295 new auid=0", "uid", 0, &item));
	cr_assert_eq(item.word.len, 0);
}

Test(audit_record, an_open_quote_is_malformed_and_gives_what_is_there)
{
	cr_assert(malformed("a=1 comm=\"ab"));
	expect("a=1 comm=\"ab", "comm", "ab", AUDIT_FORM_QUOTED, false);
	cr_assert(malformed("a=1 msg='op=x res=1"));
	expect("a=1 msg='op=x res=1", "res", "1", AUDIT_FORM_BARE, true);
	cr_assert(malformed("a=1 msg='"));
	cr_assert_not(malformed("a=1 msg=''"));
	cr_assert_not(malformed("a=1 comm=\"ab\""));
}

Test(audit_record, text_without_a_field_has_none)
{
	static const char *const none[] = { "",     " ",   "=",  "==",   "= =", "word",
		                            "\x1d", "' '", "\"", "(,(,", "\n" };
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct audit_iterator it;
		struct audit_item item;
		audit_iterator_init(&it, text(none[i]));
		cr_expect_not(audit_iterator_next(&it, &item), "%s", none[i]);
	}
}

Test(audit_record, no_body_of_zero_bytes_is_read)
{
	struct audit_iterator it;
	struct audit_item item;
	audit_iterator_init(&it, (struct span){ 0 });
	cr_assert_not(audit_iterator_next(&it, &item));
}

Test(audit_record, numbers_are_decimal_and_of_32_bits)
{
	struct audit_item item = { .value = text("4294967295") };
	uint32_t v = 5;
	cr_assert_eq(audit_value_number(&item, &v), 0);
	cr_assert_eq(v, UINT32_MAX);
	item.value = text("-1");
	cr_assert_eq(audit_value_number(&item, &v), 0);
	cr_assert_eq(v, UINT32_MAX);
	static const char *const wrong[] = { "", "4294967296", "1x", "0x1", "-2", " 1", "unset" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		v = 5;
		item.value = text(wrong[i]);
		cr_expect_eq(audit_value_number(&item, &v), -EBADMSG, "%s", wrong[i]);
		cr_expect_eq(v, 5);
	}
}

Test(audit_record, decoding_stops_at_the_room_given)
{
	struct audit_item item = { .value = text("41424344"), .form = AUDIT_FORM_HEX };
	uint8_t out[4] = "....";
	cr_assert_eq(audit_value_bytes(&item), 4);
	cr_assert_eq(audit_value_decode(&item, 2, out), 2);
	cr_assert_arr_eq(out, "AB..", 4);
}

Test(audit_record, marks_of_no_value_are_known)
{
	static const char *const absent[] = { "", "?", "(null)", "(none)" };
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		cr_expect(audit_value_absent(&(struct audit_item){ .value = text(absent[i]) }));
	cr_expect_not(audit_value_absent(&(struct audit_item){ .value = text("??") }));
}

Test(audit_record, every_cut_and_every_flipped_byte_ends)
{
	const char *whole =
	        "pid=1 old auid=2 comm=\"a b\" exe=2F61 msg='op=\"x\" (hostname=?, acct=41)'\x1dUID=\"r\"";
	size_t len = strlen(whole);
	cleanup_free uint8_t *copy = malloc(len);
	for (size_t at = 0; at < len; at++) {
		for (int byte = 0; byte < 256; byte++) {
			memcpy(copy, whole, len);
			copy[at] = (uint8_t)byte;
			struct audit_iterator it;
			struct audit_item item;
			size_t items = 0;
			audit_iterator_init(&it, (struct span){ copy, byte == 0 ? at : len });
			while (audit_iterator_next(&it, &item))
				items++;
			cr_assert_leq(items, len / 2);
		}
	}
}
