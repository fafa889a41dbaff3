#include "lib/address_range.h"

#include <arpa/inet.h>

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static int parse(const char *text, struct address_range *ret)
{
	return address_range_parse(span_str(text), ret);
}

Test(address_range, there_is_one_text_for_one_range)
{
	static const char *const good[] = { "0.0.0.0/0",     "10.0.0.0/8", "192.0.2.128/25", "192.0.2.1/32",
		                            "2001:db8::/32", "::/0",       "::1/128",        "fe80::/10" };
	static const char *const wrong[] = { "",
		                             "/",
		                             "10.0.0.0",
		                             "10.0.0.0/",
		                             "10.0.0.0/33",
		                             "10.0.0.0/08",
		                             "10.0.0.0/-1",
		                             "10.0.0.1/8",
		                             "010.0.0.0/8",
		                             "10.0.0/8",
		                             " 10.0.0.0/8",
		                             "10.0.0.0/8 ",
		                             "2001:DB8::/32",
		                             "2001:db8:0::/32",
		                             "2001:db8::/129",
		                             "2001:db8::1/64",
		                             "::1/127",
		                             "host/8",
		                             "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64" };
	struct address_range r;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		cr_expect_eq(parse(good[i], &r), 0, "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(parse(wrong[i], &r), -EBADMSG, "%s", wrong[i]);
}

static bool holds(const char *range, const char *address)
{
	struct address_range r;
	uint8_t bytes[16];
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	cr_assert_eq(parse(range, &r), 0);
	cr_assert_eq(inet_pton(family, address, bytes), 1);
	return address_range_holds(&r, family, bytes);
}

Test(address_range, an_address_is_held_by_its_first_bits)
{
	cr_expect(holds("0.0.0.0/0", "203.0.113.9"));
	cr_expect(holds("192.0.2.128/25", "192.0.2.255"));
	cr_expect_not(holds("192.0.2.128/25", "192.0.2.127"));
	cr_expect(holds("192.0.2.1/32", "192.0.2.1"));
	cr_expect_not(holds("192.0.2.1/32", "192.0.2.0"));
	cr_expect(holds("2001:db8::/33", "2001:db8:7fff::1"));
	cr_expect_not(holds("2001:db8::/33", "2001:db8:8000::1"));
	cr_expect_not(holds("::/0", "192.0.2.1"));
	cr_expect_not(holds("0.0.0.0/0", "2001:db8::1"));
	cr_expect(holds("192.0.2.0/24", "::ffff:192.0.2.7"), "mapped into IPv6 it is the same address");
}
