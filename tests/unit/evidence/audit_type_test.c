#include "evidence/audit_type.h"

#include <criterion/criterion.h>
#include <libaudit.h>

Test(audit_type, every_name_is_the_one_that_libaudit_uses)
{
	size_t known = 0;
	for (int number = 0; number <= 3000; number++) {
		const char *name = audit_type_name((uint64_t)number);
		const char *theirs = audit_msg_type_to_name(number);
		if (!name)
			continue;
		known++;
		if (theirs)
			cr_expect_str_eq(name, theirs);
	}
	cr_assert_gt(known, 150);
}

Test(audit_type, every_event_type_that_libaudit_knows_is_known)
{
	for (int number = 1100; number <= 2999; number++) {
		const char *theirs = audit_msg_type_to_name(number);
		if (theirs)
			cr_expect_not_null(audit_type_name((uint64_t)number), "%d %s", number, theirs);
	}
}

Test(audit_type, a_type_that_nobody_knows_has_no_name)
{
	cr_assert_null(audit_type_name(0));
	cr_assert_null(audit_type_name(1340 + 30));
	cr_assert_null(audit_type_name(UINT64_MAX));
}

Test(audit_type, unknown_types_take_the_shape_of_their_range)
{
	cr_assert_eq(audit_type_shape(1198), AUDIT_SHAPE_SINGLE);
	cr_assert_eq(audit_type_shape(2998), AUDIT_SHAPE_SINGLE);
	cr_assert_eq(audit_type_shape(1398), AUDIT_SHAPE_FREE);
	cr_assert_eq(audit_type_shape(1300), AUDIT_SHAPE_PART);
	cr_assert_eq(audit_type_shape(1327), AUDIT_SHAPE_PART);
	cr_assert_eq(audit_type_shape(1006), AUDIT_SHAPE_FREE);
}

Test(audit_type, every_known_name_gives_its_number_back)
{
	for (int number = 0; number <= 3000; number++) {
		const char *name = audit_type_name((uint64_t)number);
		uint16_t back = 0;
		if (!name)
			continue;
		struct span span = { (const uint8_t *)name, strlen(name) };
		cr_assert_eq(audit_type_number(span, &back), 0);
		cr_expect_eq(back, number, "%s", name);
	}
}

Test(audit_type, an_unknown_types_number_is_read_from_its_brackets)
{
	static const char right[] = "UNKNOWN[1329]";
	uint16_t number = 0;
	cr_assert_eq(audit_type_number(span_str(right), &number), 0);
	cr_assert_eq(number, 1329);
	static const char *const wrong[] = { "",           "UNKNOWN[",    "UNKNOWN[]", "UNKNOWN[65536]",
		                             "UNKNOWN[1",  "UNKNOWN[-1]", "login",     "LOGINX",
		                             "UNKNOWN[1]]" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct span name = { (const uint8_t *)wrong[i], strlen(wrong[i]) };
		cr_expect_eq(audit_type_number(name, &number), -ENOENT, "%s", wrong[i]);
	}
	cr_assert_eq(number, 1329);
}
