#include "evidence/name.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

#define SIXTY_THREE "a23456789-123456789.123456789-123456789-123456789-123456789-12z"

Test(name, labels_are_lower_case_and_end_in_letters_or_digits)
{
	static const char *const right[] = { "a", "0", "web1", "a-b", "a.b.c", "a--b", "a..b", SIXTY_THREE };
	static const char *const wrong[] = { "",    "A",        "-a",    "a-",           ".a",  "a.",
		                             ".",   "..",       "a_b",   "a b",          "a/b", "a+b",
		                             "a\n", "\xc3\xa9", "a\x7f", SIXTY_THREE "x" };
	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		cr_expect(label_ok(span_str(right[i])), "%s", right[i]);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_not(label_ok(span_str(wrong[i])), "%s", wrong[i]);
	cr_assert_not(label_ok((struct span){ (const uint8_t *)"a\0b", 3 }));
	cr_assert_not(label_ok((struct span){ 0 }));
}

Test(name, an_origin_is_fleet_host_and_epoch)
{
	struct origin o;
	cr_assert_eq(origin_parse(TEXT("acme/host/web1/4294967295"), &o), 0);
	cr_assert_str_eq(o.fleet, "acme");
	cr_assert_str_eq(o.host, "web1");
	cr_assert_eq(o.epoch, UINT32_MAX);
	cr_assert_eq(origin_parse(TEXT("host/host/host/1"), &o), 0);
	cr_assert_str_eq(o.fleet, "host");
}

Test(name, any_other_origin_is_refused_and_leaves_the_result_alone)
{
	static const char *const wrong[] = { "",
		                             "acme",
		                             "acme/host/web1",
		                             "acme/host/web1/",
		                             "acme/host/web1/0",
		                             "acme/host/web1/01",
		                             "acme/host/web1/+1",
		                             "acme/host/web1/4294967296",
		                             "acme/host/web1/1/",
		                             "acme/host/web1/1/seal",
		                             "acme/host//1",
		                             "/host/web1/1",
		                             "acme//web1/1",
		                             "acme/hosts/web1/1",
		                             "acme/log/web1/1",
		                             "ACME/host/web1/1",
		                             "acme/host/we b/1",
		                             " acme/host/web1/1",
		                             "acme/host/web1/1\n",
		                             "acme/host/" SIXTY_THREE "x/1" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct origin o = { .epoch = 77 };
		cr_expect_eq(origin_parse(span_str(wrong[i]), &o), -EBADMSG, "%s", wrong[i]);
		cr_assert_eq(o.epoch, 77);
	}
}

Test(name, names_are_written_as_the_tables_of_section_2_say)
{
	struct origin o = { .fleet = "acme", .host = "web1", .epoch = 3 };
	char origin[ORIGIN_MAX + 1], name[KEY_NAME_MAX + 1];
	origin_format(&o, origin);
	cr_assert_str_eq(origin, "acme/host/web1/3");
	origin_seal_name(&o, name);
	cr_assert_str_eq(name, "acme/host/web1/3/seal");
	origin_identity_name(&o, name);
	cr_assert_str_eq(name, "acme/host/web1");
	fleet_log_name("acme", name);
	cr_assert_str_eq(name, "acme/log");
}

Test(name, the_longest_names_fit)
{
	struct origin o = { .fleet = SIXTY_THREE, .host = SIXTY_THREE, .epoch = UINT32_MAX };
	char origin[ORIGIN_MAX + 1], name[KEY_NAME_MAX + 1];
	origin_format(&o, origin);
	cr_assert_eq(strlen(origin), ORIGIN_MAX);
	cr_assert_str_eq(origin, SIXTY_THREE "/host/" SIXTY_THREE "/4294967295");
	struct origin back;
	cr_assert_eq(origin_parse(span_str(origin), &back), 0);
	cr_assert_str_eq(back.host, SIXTY_THREE);
	origin_seal_name(&o, name);
	cr_assert_eq(strlen(name), ORIGIN_MAX + 5);
	fleet_log_name(SIXTY_THREE, name);
	cr_assert_eq(strlen(name), 67);
}
