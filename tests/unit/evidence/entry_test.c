#include "evidence/entry.h"

#include <criterion/criterion.h>

#include "lib/cbor.h"

#define BYTES(...) ((const uint8_t[]){ __VA_ARGS__ })
#define SPAN(...)  ((struct span){ BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)) })
#define REFUSED(s)                                                                                           \
	do {                                                                                                 \
		struct entry untouched_ = { .kind = 77 };                                                    \
		cr_assert_eq(entry_parse_body(s, &untouched_), -EBADMSG);                                    \
		cr_assert_eq(untouched_.kind, 77);                                                           \
	} while (0)

Test(entry, a_body_is_an_array_of_five_in_the_documented_order)
{
	cleanup_buf struct buf b = { 0 };
	struct entry e = { .kind = KIND_UNLINK,
		           .time_us = -2,
		           .sensors = SENSOR_BPF_TRACEPOINT,
		           .process = 300,
		           .fields = SPAN(0xa1, 0x00, 0x42, '/', 'a') };
	entry_put_body(&b, &e);
	cr_assert_eq(buf_err(&b), 0);
	struct span want = SPAN(0x85, 0x18, 0x22, 0x21, 0x02, 0x19, 0x01, 0x2c, 0xa1, 0x00, 0x42, '/', 'a');
	cr_assert(span_equal((struct span){ b.data, b.len }, want));
}

Test(entry, no_process_is_written_as_null)
{
	cleanup_buf struct buf b = { 0 };
	struct entry e = { .kind = 64, .process = ENTRY_NO_PROCESS, .fields = SPAN(0xa0) };
	entry_put_body(&b, &e);
	struct span want = SPAN(0x85, 0x18, 0x40, 0x00, 0x00, 0xf6, 0xa0);
	cr_assert(span_equal((struct span){ b.data, b.len }, want));
}

Test(entry, a_body_parses_into_its_outer_fields)
{
	struct entry e;
	struct span body = SPAN(0x85, 0x11, 0x19, 0x10, 0x00, 0x04, 0x07, 0xa1, 0x00, 0x18, 0x64);
	cr_assert_eq(entry_parse_body(body, &e), 0);
	cr_assert_eq(e.kind, KIND_EXEC);
	cr_assert_eq(e.time_us, 4096);
	cr_assert_eq(e.sensors, SENSOR_BPF_FENTRY);
	cr_assert_eq(e.process, 7);
	cr_assert(span_equal(e.fields, SPAN(0xa1, 0x00, 0x18, 0x64)));
}

Test(entry, a_kind_that_nobody_knows_yet_parses)
{
	struct entry e;
	cr_assert_eq(entry_parse_body(SPAN(0x85, 0x19, 0x7f, 0xff, 0x00, 0x00, 0xf6, 0xa0), &e), 0);
	cr_assert_eq(e.kind, 0x7fff);
	cr_assert_eq(e.process, ENTRY_NO_PROCESS);
}

Test(entry, every_cut_of_a_body_is_refused)
{
	struct span body = SPAN(0x85, 0x11, 0x19, 0x10, 0x00, 0x04, 0x07, 0xa1, 0x00, 0x42, 1, 2);
	for (size_t n = 0; n < body.len; n++)
		REFUSED(((struct span){ body.data, n }));
}

Test(entry, a_byte_after_the_map_is_refused)
{
	REFUSED(SPAN(0x85, 0x11, 0x00, 0x04, 0x07, 0xa0, 0x00));
}

Test(entry, keys_out_of_order_in_a_nested_map_are_refused)
{
	REFUSED(SPAN(0x85, 0x11, 0x00, 0x04, 0x07, 0xa1, 0x00, 0xa2, 0x02, 0x00, 0x01, 0x00));
}

Test(entry, a_number_that_is_not_in_its_shortest_form_is_refused)
{
	REFUSED(SPAN(0x85, 0x18, 0x11, 0x00, 0x04, 0x07, 0xa0));
}

Test(entry, fields_that_are_no_map_are_refused)
{
	REFUSED(SPAN(0x85, 0x11, 0x00, 0x04, 0x07, 0x80));
}

Test(entry, the_number_that_means_no_process_is_refused_as_a_number)
{
	REFUSED(SPAN(0x85, 0x11, 0x00, 0x04, 0x1b, 255, 255, 255, 255, 255, 255, 255, 255, 0xa0));
}

Test(entry, a_body_longer_than_an_entry_holds_is_refused)
{
	cleanup_buf struct buf b = { 0 };
	buf_put(&b, BYTES(0x85, 0x11, 0x00, 0x04, 0xf6, 0xa1, 0x00, 0x59), 8);
	size_t room = ENTRY_BODY_MAX - b.len - 2;
	buf_put_u16be(&b, (uint16_t)room);
	memset(buf_extend(&b, room), 'a', room);
	struct entry e;
	cr_assert_eq(entry_parse_body((struct span){ b.data, b.len }, &e), 0);

	b.data[8] = (uint8_t)((room + 1) >> 8);
	b.data[9] = (uint8_t)(room + 1);
	buf_put_u8(&b, 'a');
	REFUSED(((struct span){ b.data, b.len }));
}

Test(entry, every_kind_and_reason_has_a_name_and_an_unknown_one_has_none)
{
	cr_assert_str_eq(entry_kind_name(KIND_EXEC), "exec");
	cr_assert_str_eq(entry_kind_name(KIND_AUDIT_LOGIN), "audit_login");
	cr_assert_null(entry_kind_name(0));
	cr_assert_null(entry_kind_name(UINT64_MAX));
	for (uint64_t kind = KIND_OPEN; kind <= KIND_IO_URING; kind++)
		cr_assert_not_null(entry_kind_name(kind));
	for (uint64_t reason = 0; reason <= LOSS_ACCOUNTING; reason++)
		cr_assert_not_null(loss_reason_name(reason));
	cr_assert_null(loss_reason_name(LOSS_ACCOUNTING + 1));
	cr_assert_str_eq(exactness_name(UNKNOWN), "unknown");
	cr_assert_null(exactness_name(UNKNOWN + 1));
}

Test(entry, logins_and_the_agents_own_state_are_critical_and_file_events_are_not)
{
	cr_assert(entry_kind_critical(KIND_AUDIT_LOGIN));
	cr_assert(entry_kind_critical(KIND_POSTURE));
	cr_assert_not(entry_kind_critical(KIND_OPEN));
	cr_assert_not(entry_kind_critical(KIND_EXEC));
}

static bool credentials_critical(int old_euid, int new_euid)
{
	cleanup_buf struct buf b = { 0 };
	cbor_put_map(&b, old_euid < 0 ? 1 : 2);
	for (int after = old_euid < 0; after < 2; after++) {
		cbor_put_uint(&b, after ? SYSTEM_NEW_UIDS : SYSTEM_OLD_UIDS);
		cbor_put_array(&b, 4);
		cbor_put_uint(&b, 0);
		cbor_put_uint(&b, (uint64_t)(after ? new_euid : old_euid));
		cbor_put_uint(&b, 0);
		cbor_put_uint(&b, 0);
	}
	return entry_critical(KIND_CREDENTIALS, (struct span){ b.data, b.len });
}

Test(entry, to_become_root_is_critical_and_to_leave_it_is_not)
{
	cr_assert(credentials_critical(1000, 0));
	cr_assert(credentials_critical(-1, 0));
	cr_assert_not(credentials_critical(0, 0));
	cr_assert_not(credentials_critical(0, 1000));
	cr_assert_not(entry_critical(KIND_CREDENTIALS, (struct span){ (const uint8_t *)"\xa0", 1 }));
	cr_assert_not(entry_critical(KIND_CREDENTIALS, (struct span){ 0 }));
	cr_assert(entry_critical(KIND_AUDIT_LOGIN, (struct span){ 0 }));
}
