#include "lib/http.h"

#include <criterion/criterion.h>

static struct span text(const char *s)
{
	return span_str(s);
}

static ssize_t parse(const char *s, struct http_head *ret)
{
	return http_parse_head(text(s), "x-wanted", ret);
}

Test(http, a_head_is_parsed)
{
	struct http_head h;
	const char *s = "POST /v1/hosts/a/append HTTP/1.1\r\nHost: x\r\ncontent-length:  12 "
	                "\r\nX-Wanted: 7\r\n"
	                "Expect: 100-continue\r\nConnection: close\r\n\r\nbody";
	cr_assert_eq(parse(s, &h), (ssize_t)strlen(s) - 4);
	cr_assert(span_is(h.method, "POST") && span_is(h.target, "/v1/hosts/a/append"));
	cr_assert(h.has_length && h.length == 12 && span_is(h.field, "7") && h.expects && h.close);
}

Test(http, every_cut_of_a_head_asks_for_more)
{
	struct http_head h;
	const char *s = "POST / HTTP/1.1\r\nA: b\r\n\r\n";
	for (size_t n = 0; n < strlen(s); n++)
		cr_assert_eq(http_parse_head((struct span){ (const uint8_t *)s, n }, "x-wanted", &h), 0,
		             "%zu", n);
	cr_assert_eq(parse(s, &h), (ssize_t)strlen(s));
}

Test(http, what_could_be_read_in_two_ways_is_refused)
{
	static const char *const heads[] = {
		"POST / HTTP/1.0\r\n\r\n",
		"POST /\r\n\r\n",
		"POST  / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1 \r\n\r\n",
		" POST / HTTP/1.1\r\n\r\n",
		"\r\n\r\n",
		"PO(ST / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\nA : b\r\n\r\n",
		"POST / HTTP/1.1\r\n A: b\r\n\r\n",
		"POST / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
		"POST / HTTP/1.1\r\nA\r\n\r\n",
		"POST / HTTP/1.1\r\n: b\r\n\r\n",
		"POST / HTTP/1.1\r\nA: \x01\r\n\r\n",
		"POST / HTTP/1.1\nA: b\r\n\r\n",
		"POST / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1,1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n",
		"POST / HTTP/1.1\r\nExpect: 200-ok\r\n\r\n",
		"POST / HTTP/1.1\r\nX-Wanted: 1\r\nX-Wanted: 1\r\n\r\n",
	};
	struct http_head h;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		cr_expect_eq(parse(heads[i], &h), -EBADMSG, "%s", heads[i]);
}

Test(http, a_head_has_a_greatest_length)
{
	cleanup_buf struct buf b = { 0 };
	struct http_head h;
	buf_put_str(&b, "POST / HTTP/1.1\r\nA: ");
	while (b.len < HTTP_MAX_HEAD)
		buf_put_u8(&b, 'a');
	cr_assert_eq(http_parse_head((struct span){ b.data, b.len }, NULL, &h), -EMSGSIZE);
}

Test(http, an_answer_says_how_long_it_is)
{
	cleanup_buf struct buf b = { 0 };
	http_put_head(&b, 409, 12, true);
	cr_assert(span_is(
	        (struct span){ b.data, b.len },
	        "HTTP/1.1 409 Conflict\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\n"
	        "Connection: close\r\n\r\n"));
}
