#include "lib/text.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

Test(text, decimals_are_plain_and_fit_63_bits)
{
	static const struct {
		const char *text;
		uint64_t value;
	} right[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "10", 10 },
		{ "4294967296", 4294967296 },
		{ "9223372036854775807", INT64_MAX },
	};
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		uint64_t v = 99;
		cr_assert_eq(text_decimal(span_str(right[i].text), &v), 0);
		cr_assert_eq(v, right[i].value);
	}
	static const char *const wrong[] = { "",
		                             "00",
		                             "01",
		                             "+1",
		                             "-1",
		                             " 1",
		                             "1 ",
		                             "1\n",
		                             "0x1",
		                             "1e3",
		                             "1.0",
		                             "a",
		                             "9223372036854775808",
		                             "18446744073709551616",
		                             "99999999999999999999",
		                             "00000000000000000001" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		uint64_t v = 99;
		cr_expect_eq(text_decimal(span_str(wrong[i]), &v), -EBADMSG, "'%s'", wrong[i]);
		cr_assert_eq(v, 99);
	}
	uint64_t v;
	cr_assert_eq(text_decimal((struct span){ (const uint8_t *)"1\0", 2 }, &v), -EBADMSG);
}

static const struct {
	const char *raw, *encoded;
} rfc4648[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/" },
};

Test(text, base64_is_that_of_rfc_4648)
{
	for (size_t i = 0; i < ARRAY_SIZE(rfc4648); i++) {
		cleanup_buf struct buf b = { 0 }, d = { 0 };
		text_put_base64(&b, rfc4648[i].raw, strlen(rfc4648[i].raw));
		cr_assert_eq(buf_err(&b), 0);
		cr_assert(bytes_equal(buf_span(&b), span_str(rfc4648[i].encoded)));
		cr_assert_eq(text_base64(span_str(rfc4648[i].encoded), &d), 0);
		cr_assert(bytes_equal(buf_span(&d), span_str(rfc4648[i].raw)));
		char exact[8] = "-------";
		cr_assert_eq(text_base64_exact(buf_span(&b), exact, strlen(rfc4648[i].raw)), 0);
		cr_assert_eq(memcmp(exact, rfc4648[i].raw, strlen(rfc4648[i].raw)), 0);
		cr_assert_eq(exact[strlen(rfc4648[i].raw)], '-');
	}
}

Test(text, any_other_base64_is_refused)
{
	static const char *const wrong[] = {
		"Z",     "Zg",     "Zg=",  "Zg===",    "Zh==",     "Zm9=",   "Zm8==",
		"====",  "=Zg=",   "Z===", "Zg==Zg==", "Zm8=Zm8=", "Zm9v\n", "Zm9v Zm9",
		" Zm9v", "Zm\n9v", "Zm9-", "Zm9_",     "Zm9*",     "Zg=\n",  "\x80\x80\x80\x80",
		"A=A=",  "Zm9vZg"
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_buf struct buf b = { 0 };
		buf_put_str(&b, "kept");
		cr_expect_eq(text_base64(span_str(wrong[i]), &b), -EBADMSG, "'%s'", wrong[i]);
		cr_assert(bytes_equal(buf_span(&b), TEXT("kept")));
	}
}

Test(text, base64_of_another_length_than_asked_for_is_refused_and_writes_nothing)
{
	char out[9] = "untouched";
	cr_assert_eq(text_base64_exact(TEXT("Zm9v"), out, 2), -EBADMSG);
	cr_assert_eq(text_base64_exact(TEXT("Zm9v"), out, 4), -EBADMSG);
	cr_assert_eq(text_base64_exact(TEXT("Zm8="), out, 3), -EBADMSG);
	cr_assert_eq(text_base64_exact(TEXT("Zm9v"), out, 0), -EBADMSG);
	cr_assert_eq(text_base64_exact(TEXT("Zm9vZg=*"), out, 4), -EBADMSG);
	cr_assert_eq(memcmp(out, "untouched", 9), 0);
}

Test(text, the_start_of_base64_is_decoded_and_all_of_it_checked)
{
	char out[4] = "....";
	size_t n = 7;
	cr_assert_eq(text_base64_start(TEXT("Zm9vYmFy"), out, 4, &n), 0);
	cr_assert_eq(n, 6);
	cr_assert_eq(memcmp(out, "foob", 4), 0);
	cr_assert_eq(text_base64_start(TEXT("Zg=="), out, 4, &n), 0);
	cr_assert_eq(n, 1);
	cr_assert_eq(memcmp(out, "foob", 4), 0);
	cr_assert_eq(text_base64_start(TEXT("Zm9vYmFyZ==="), out, 4, &n), -EBADMSG);
	cr_assert_eq(n, 1);
}

Test(text, hex_is_lower_case_and_of_the_length_asked_for)
{
	cleanup_buf struct buf b = { 0 };
	text_put_hex(&b, BYTES(0x00, 0x9a, 0xff), 3);
	cr_assert(bytes_equal(buf_span(&b), TEXT("009aff")));
	uint8_t out[3] = { 1, 1, 1 };
	static const char *const wrong[] = { "009aF0", "009af", "009aff0", "009afg", "009af ", "", "0x9aff" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cr_expect_eq(text_hex_exact(span_str(wrong[i]), out, 3), -EBADMSG, "'%s'", wrong[i]);
		cr_assert_eq(out[0], 1);
	}
	cr_assert_eq(text_hex_exact(TEXT("009aff"), out, 3), 0);
	cr_assert(bytes_equal((struct span){ out, 3 }, SPAN(0x00, 0x9a, 0xff)));
	cr_assert_eq(text_hex_exact((struct span){ 0 }, out, 0), 0);
}

Test(text, split_parts_at_the_first_separator)
{
	struct span rest;
	cr_assert(span_is(text_split(TEXT("a/b/c"), '/', &rest), "a"));
	cr_assert(span_is(rest, "b/c"));
	cr_assert(span_is(text_split(TEXT("/b"), '/', &rest), ""));
	cr_assert(span_is(rest, "b"));
	cr_assert(span_is(text_split(TEXT("a/"), '/', &rest), "a"));
	cr_assert_eq(rest.len, 0);
	cr_assert_not_null(rest.data);
	cr_assert(span_is(text_split(TEXT("abc"), '/', &rest), "abc"));
	cr_assert_null(rest.data);
	cr_assert_eq(text_split((struct span){ 0 }, '/', &rest).len, 0);
	cr_assert_null(rest.data);
}

Test(text, utf8_is_that_of_rfc_3629)
{
	static const char *const right[] = { "",
		                             "a",
		                             "\x7f",
		                             "\xc2\x80",
		                             "\xdf\xbf",
		                             "\xe0\xa0\x80",
		                             "\xed\x9f\xbf",
		                             "\xee\x80\x80",
		                             "\xef\xbf\xbf",
		                             "\xf0\x90\x80\x80",
		                             "\xf4\x8f\xbf\xbf" };
	static const char *const wrong[] = { "\x80",
		                             "\xbf",
		                             "\xc0\x80",
		                             "\xc1\xbf",
		                             "\xe0\x9f\xbf",
		                             "\xed\xa0\x80",
		                             "\xed\xbf\xbf",
		                             "\xf0\x8f\xbf\xbf",
		                             "\xf4\x90\x80\x80",
		                             "\xf5\x80\x80\x80",
		                             "\xf8\x88\x80\x80\x80",
		                             "\xff",
		                             "\xc2",
		                             "\xe2\x82",
		                             "\xf0\x9f\x98",
		                             "\xc2"
		                             "a",
		                             "\xe2\x28\xa1",
		                             "ok\xfe" };
	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		cr_expect(text_is_utf8(span_str(right[i])), "right %zu", i);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_not(text_is_utf8(span_str(wrong[i])), "wrong %zu", i);
	cr_assert(text_is_utf8((struct span){ (const uint8_t *)"a\0b", 3 }));
}

static void escapes_to(struct span in, const char *want)
{
	cleanup_buf struct buf b = { 0 };
	text_put_escaped(&b, in);
	cr_expect(bytes_equal(buf_span(&b), span_str(want)));
}

Test(text, what_could_move_a_terminal_or_mislead_its_reader_is_escaped)
{
	escapes_to(TEXT("plain ~ text"), "plain ~ text");
	escapes_to(TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	escapes_to(TEXT("a\nb\tc\\d\r"), "a\\nb\\tc\\\\d\\x0d");
	escapes_to(TEXT("\x1b[31m\x07\x7f"), "\\x1b[31m\\x07\\x7f");
	escapes_to((struct span){ (const uint8_t *)"\0", 1 }, "\\x00");
	escapes_to(TEXT("\xc2\x9b"
	                "2J"),
	           "\\xc2\\x9b2J"); /* C1 CSI */
	escapes_to(TEXT("\x9b"
	                "2J"),
	           "\\x9b2J"); /* the same as a lone byte */
	escapes_to(TEXT("\xe2\x80\xae"
	                "evil"),
	           "\\xe2\\x80\\xaeevil");                            /* right-to-left override */
	escapes_to(TEXT("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");          /* isolate */
	escapes_to(TEXT("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");          /* byte order mark */
	escapes_to(TEXT("\xf3\xa0\x81\x81"), "\\xf3\\xa0\\x81\\x81"); /* tag character */
	escapes_to(TEXT("\xe2\x82"), "\\xe2\\x82");                   /* cut */
	escapes_to((struct span){ 0 }, "");
}

static void json_of(struct span in, const char *want)
{
	cleanup_buf struct buf b = { 0 };
	text_put_json(&b, in);
	cr_expect(bytes_equal(buf_span(&b), span_str(want)));
}

Test(text, json_text_is_valid_and_fit_for_a_terminal)
{
	json_of(TEXT("a\"b\\c/d"), "a\\\"b\\\\c/d");
	json_of(TEXT("\n\t\x1b\x7f"), "\\u000a\\u0009\\u001b\\u007f");
	json_of((struct span){ (const uint8_t *)"\0x", 2 }, "\\u0000x");
	json_of(TEXT("\xe2\x82\xac"), "\xe2\x82\xac");
	json_of(TEXT("\xff\xc3"), "\\u00ff\\u00c3");
	json_of(TEXT("\xc2\x9b\xe2\x80\xae"), "\\u009b\\u202e");
	json_of(TEXT("\xf3\xa0\x81\x81"), "\\udb40\\udc41");
}

Test(text, no_run_of_bytes_yields_json_or_a_line_that_is_not_utf8)
{
	uint32_t seed = 1;
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t in[24];
		for (size_t i = 0; i < sizeof(in); i++) {
			seed = seed * 1664525 + 1013904223;
			in[i] = (uint8_t)(seed >> 24);
		}
		cleanup_buf struct buf json = { 0 }, line = { 0 };
		text_put_json(&json, (struct span){ in, sizeof(in) });
		text_put_escaped(&line, (struct span){ in, sizeof(in) });
		cr_assert(text_is_utf8(buf_span(&json)));
		cr_assert(text_is_utf8(buf_span(&line)));
		for (size_t i = 0; i < json.len; i++)
			cr_assert_geq(json.data[i], 0x20);
		for (size_t i = 0; i < line.len; i++)
			cr_assert_geq(line.data[i], 0x20);
	}
}

static void time_is(uint64_t us, const char *want)
{
	cleanup_buf struct buf b = { 0 };
	text_put_time_us(&b, us);
	cr_expect(bytes_equal(buf_span(&b), span_str(want)));
}

Test(text, times_are_utc_to_the_microsecond)
{
	time_is(0, "1970-01-01T00:00:00.000000Z");
	time_is(1795507200123456, "2026-11-24T08:00:00.123456Z");
	time_is(951782399999999, "2000-02-28T23:59:59.999999Z");
	time_is(951782400000000, "2000-02-29T00:00:00.000000Z");
	cleanup_buf struct buf b = { 0 };
	text_put_time_us(&b, UINT64_MAX);
	cr_assert_eq(buf_err(&b), 0);
	cr_assert_gt(b.len, 0);
}
