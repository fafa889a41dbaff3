#include "evidence/shape.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static bool ok(uint64_t kind, struct span fields)
{
	struct entry e = { .kind = kind, .fields = fields };
	return shape_ok(&e);
}

Test(shape, kinds_and_fields_without_a_form_pass)
{
	cr_assert(ok(0, SPAN(0xa1, 0x00, 0x80)));
	cr_assert(ok(KIND_CIPHERTEXT, SPAN(0xa0)));
	cr_assert(ok(KIND_HEARTBEAT, SPAN(0xa1, 0x00, 0x00)));
	cr_assert(ok(KIND_SEAL, SPAN(0xa0)));
	cr_assert(ok(19, SPAN(0xa1, 0x00, 0xf6)));
	cr_assert(ok(31, SPAN(0xa1, 0x00, 0xf6)));
	cr_assert(ok(46, SPAN(0xa1, 0x00, 0xf6)));
	cr_assert(ok(69, SPAN(0xa0)));
	cr_assert(ok(UINT64_MAX, SPAN(0xa0)));
	cr_assert(ok(KIND_OPEN, SPAN(0xa1, 0x12, 0xf6)));
	cr_assert(ok(KIND_OPEN, SPAN(0xa1, 0x1b, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0xf6)));
}

Test(shape, required_fields_must_be_there)
{
	cr_assert_not(ok(KIND_GOODBYE, SPAN(0xa0)));
	cr_assert_not(ok(KIND_AGENT, SPAN(0xa1, 0x01, 0x40)));
	cr_assert_not(ok(KIND_EXEC, SPAN(0xa1, 0x01, 0x00)));
	cr_assert_not(ok(KIND_EXIT, SPAN(0xa0)));
	cr_assert_not(ok(KIND_AUDIT_LOGIN, SPAN(0xa3, 0x00, 0x01, 0x01, 0x02, 0x02, 0x03)));
	cr_assert_not(ok(KIND_POSTURE, SPAN(0xa0)));
	cr_assert(ok(KIND_OPEN, SPAN(0xa0)));
}

/* Fields of a good entry with one value of another type, one by one. */
static void each_type_counts(uint64_t kind, struct span good)
{
	cr_expect(ok(kind, good), "kind %d", (int)kind);
	for (size_t at = 1; at < good.len; at++) {
		uint8_t bad[256];
		memcpy(bad, good.data, good.len);
		if (bad[at] != 0xf5)
			continue;
		bad[at] = 0xf6;
		cr_expect_not(ok(kind, (struct span){ bad, good.len }), "kind %d, byte %zu", (int)kind, at);
	}
}

Test(shape, posture_has_its_form)
{
	struct span good = SPAN(0xa8, 0x00, 0x82, 0x83, 0x41, 'a', 0x02, 0x01, 0x83, 0x40, 0x04, 0x00, 0x01,
	                        0x83, 0x01, 0x02, 0x40, 0x02, 0x82, 0x00, 0x18, 0x20, 0x03, 0x81, 0x41, 'w',
	                        0x04, 0xf5, 0x05, 0x41, '6', 0x06, 0xf5, 0x07, 0x40);
	each_type_counts(KIND_POSTURE, good);
	uint8_t bad[64];
	memcpy(bad, good.data, good.len);
	bad[3] = 0x82; /* a hook of two */
	cr_assert_not(ok(KIND_POSTURE, (struct span){ bad, good.len }));
}

Test(shape, rows_have_exactly_their_length)
{
	/* pid, uids */
	cr_assert(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x07, 0x84, 0, 0, 0, 0)));
	cr_assert_not(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x07, 0x83, 0, 0, 0)));
	cr_assert_not(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x07, 0x85, 0, 0, 0, 0, 0)));
	cr_assert_not(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x07, 0x84, 0, 0, 0, 0x20)));
	cr_assert_not(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x07, 0x00)));
	/* namespaces */
	cr_assert(ok(KIND_PROCESS, SPAN(0xa2, 0x00, 0x01, 0x0d, 0x87, 1, 2, 3, 4, 5, 6, 7)));
	cr_assert_not(ok(KIND_PROCESS, SPAN(0xa2, 0x00, 0x01, 0x0d, 0x86, 1, 2, 3, 4, 5, 6)));
	/* arguments */
	cr_assert(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x05, 0x80)));
	cr_assert(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x05, 0x82, 0x41, 'a', 0x40)));
	cr_assert_not(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x05, 0x82, 0x41, 'a', 0x00)));
	cr_assert_not(ok(KIND_EXEC, SPAN(0xa2, 0x00, 0x01, 0x05, 0x41, 'a')));
	/* audit records */
	cr_assert(ok(KIND_AUDIT_LOGIN, SPAN(0xa4, 0, 1, 1, 2, 2, 3, 3, 0x81, 0x82, 5, 0x41, 'x')));
	cr_assert_not(ok(KIND_AUDIT_LOGIN, SPAN(0xa4, 0, 1, 1, 2, 2, 3, 3, 0x81, 0x81, 5)));
	cr_assert_not(ok(KIND_AUDIT_LOGIN, SPAN(0xa4, 0, 1, 1, 2, 2, 3, 3, 0x81, 0x82, 0x40, 0x40)));
}

Test(shape, a_result_is_any_integer_and_nothing_else)
{
	cr_assert(ok(KIND_UNLINK, SPAN(0xa1, 0x01, 0x00)));
	cr_assert(ok(KIND_UNLINK, SPAN(0xa1, 0x01, 0x21)));
	cr_assert_not(ok(KIND_UNLINK, SPAN(0xa1, 0x01, 0x40)));
	cr_assert_not(ok(KIND_UNLINK, SPAN(0xa1, 0x01, 0xf6)));
	cr_assert_not(ok(KIND_UNLINK, SPAN(0xa1, 0x01, 0x80)));
}

/* The type of every field of the families with many, as section 7 lists them: u, i, b or t. */
static void family_is(uint64_t kind, const char *types, const struct span prefix)
{
	static const struct {
		char type;
		uint8_t value;
	} values[] = { { 'u', 0x05 }, { 'n', 0x25 }, { 'b', 0x40 }, { 't', 0xf4 } };
	for (size_t key = prefix.len / 2; types[key]; key++) {
		for (size_t v = 0; v < ARRAY_SIZE(values) && types[key] != '-'; v++) {
			uint8_t fields[64] = { (uint8_t)(0xa0 | (prefix.len / 2 + 1)) };
			size_t n = 1 + prefix.len;
			memcpy(fields + 1, prefix.data, prefix.len);
			if (key > 23)
				fields[n++] = 0x18;
			fields[n++] = (uint8_t)key;
			fields[n++] = values[v].value;
			bool want = values[v].type == types[key] ||
			            (types[key] == 'i' && (values[v].type == 'u' || values[v].type == 'n'));
			cr_expect_eq(ok(kind, (struct span){ fields, n }), want, "kind %d field %zu type %c",
			             (int)kind, key, values[v].type);
		}
	}
}

Test(shape, every_field_has_the_type_of_its_family)
{
	for (uint64_t kind = KIND_OPEN; kind <= KIND_IO_URING; kind++)
		family_is(kind, "bibuuuuuububuuuuuu", TEXT(""));
	for (uint64_t kind = KIND_PROCESS; kind <= KIND_EXEC; kind++)
		family_is(kind, "uuuub-b--uubu-buuuuuuub", SPAN(0x00, 0x01));
	family_is(KIND_EXIT, "uut", SPAN(0x00, 0x00));
	family_is(KIND_GOODBYE, "u", TEXT(""));
	family_is(KIND_AGENT, "ub", SPAN(0x00, 0x00));
	cr_assert(ok(KIND_AUDIT_OTHER, SPAN(0xa4, 0, 1, 1, 2, 2, 3, 3, 0x80)));
	for (uint64_t kind = KIND_AUDIT_LOGIN; kind <= KIND_AUDIT_OTHER; kind++)
		family_is(kind, "uuu-uuuubbbbbbtu", SPAN(0, 1, 1, 2, 2, 3, 3, 0x80));
}
