#include "verify/shape.h"

#include <criterion/criterion.h>

#include "evidence/entry.h"
#include "lib/cbor.h"

static bool check(uint64_t kind, const struct buf *b, uint64_t *ret_field)
{
	struct cursor c;
	cr_assert_eq(b->err, 0);
	cursor_init(&c, b->data, b->len);
	return shape_check(kind, c, ret_field);
}

static void put_audit(struct buf *b, bool with_time, bool text_is_bytes)
{
	cbor_put_map(b, with_time ? 4 : 3);
	cbor_put_uint(b, AUDIT_TYPE);
	cbor_put_uint(b, 1112);
	cbor_put_uint(b, AUDIT_SERIAL);
	cbor_put_uint(b, 5);
	if (with_time) {
		cbor_put_uint(b, AUDIT_TIME);
		cbor_put_uint(b, 6);
	}
	cbor_put_uint(b, AUDIT_RECORDS);
	cbor_put_array(b, 2);
	for (int i = 0; i < 2; i++) {
		cbor_put_array(b, 2);
		cbor_put_uint(b, 1300);
		if (text_is_bytes)
			cbor_put_bytes(b, "x", 1);
		else
			cbor_put_uint(b, 1);
	}
}

Test(shape, an_audit_event_has_its_records_and_what_is_required)
{
	uint64_t field = 99;
	cleanup_buf struct buf good = { 0 }, absent = { 0 }, wrong = { 0 };
	put_audit(&good, true, true);
	cr_assert(check(KIND_AUDIT_LOGIN, &good, &field));
	put_audit(&absent, false, true);
	cr_assert_not(check(KIND_AUDIT_OTHER, &absent, &field));
	cr_assert_eq(field, AUDIT_TIME);
	put_audit(&wrong, true, false);
	cr_assert_not(check(KIND_AUDIT_LOGIN, &wrong, &field));
	cr_assert_eq(field, AUDIT_RECORDS);
}

Test(shape, a_row_has_exactly_as_many_numbers_as_its_form)
{
	for (size_t n = 3; n <= 5; n++) {
		uint64_t field = 99;
		cleanup_buf struct buf b = { 0 };
		cbor_put_map(&b, 2);
		cbor_put_uint(&b, PROCESS_PID);
		cbor_put_uint(&b, 1);
		cbor_put_uint(&b, PROCESS_UIDS);
		cbor_put_array(&b, n);
		for (size_t i = 0; i < n; i++)
			cbor_put_uint(&b, i);
		cr_assert_eq(check(KIND_EXEC, &b, &field), n == 4);
	}
}

Test(shape, a_hash_has_32_bytes)
{
	static const uint8_t hash[33];
	for (size_t n = 31; n <= 33; n++) {
		uint64_t field = 99;
		cleanup_buf struct buf b = { 0 };
		cbor_put_map(&b, 2);
		cbor_put_uint(&b, PROCESS_PID);
		cbor_put_uint(&b, 1);
		cbor_put_uint(&b, PROCESS_SHA256);
		cbor_put_bytes(&b, hash, n);
		cr_assert_eq(check(KIND_EXEC, &b, &field), n == 32);
	}
}

Test(shape, fields_and_kinds_that_nobody_knows_yet_are_carried)
{
	uint64_t field;
	cleanup_buf struct buf b = { 0 };
	cbor_put_map(&b, 2);
	cbor_put_uint(&b, FILE_RESULT);
	cbor_put_int(&b, -2);
	cbor_put_uint(&b, 900);
	cbor_put_map(&b, 0);
	cr_assert(check(KIND_OPEN, &b, &field));
	cr_assert(check(7777, &b, &field));
	cr_assert_not(check(KIND_GOODBYE, &b, &field));
}
