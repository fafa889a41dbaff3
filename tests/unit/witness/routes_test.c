#include "witness/routes.h"

#include "tests/unit/witness/kit.h"

#define HEX "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"

static unsigned status(const char *prefix, const char *method, const char *target, uint64_t length)
{
	struct routes r = { .prefix = prefix };
	struct http_head h = { .method = span_str(method),
		               .target = span_str(target),
		               .has_length = length > 0,
		               .length = length };
	cleanup_http_answer struct http_answer a = { 0 };
	return routes_admit(&r, &h, &a) ? 200 : a.status;
}

Test(routes, two_paths_lead_somewhere)
{
	cr_expect_eq(status("", "POST", "/add-checkpoint", 100), 200);
	cr_expect_eq(status("", "GET", "/" HEX "/checkpoint", 0), 200);
	cr_expect_eq(status("/w/1", "POST", "/w/1/add-checkpoint", 100), 200);
	cr_expect_eq(status("/w/1", "GET", "/w/1/" HEX "/checkpoint", 0), 200);
}

Test(routes, others_do_not)
{
	static const char *const targets[] = {
		"/",
		"add-checkpoint",
		"/add-checkpoint/",
		"/add-checkpoint?x",
		"//add-checkpoint",
		"/add-checkpoin",
		"/" HEX,
		"/" HEX "/",
		"/" HEX "/checkpoin",
		"/" HEX "/checkpoint/",
		"/" HEX "x/checkpoint",
		"/w/add-checkpoint",
		"/w/1add-checkpoint",
		"*",
	};
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		cr_expect_eq(status("", "POST", targets[i], 100), 404, "%s", targets[i]);
		cr_expect_eq(status("/w/1", "GET", targets[i], 0), 404, "%s", targets[i]);
	}
}

Test(routes, each_has_its_method_and_its_body)
{
	cr_expect_eq(status("", "GET", "/add-checkpoint", 0), 405);
	cr_expect_eq(status("", "PUT", "/add-checkpoint", 100), 405);
	cr_expect_eq(status("", "POST", "/" HEX "/checkpoint", 100), 405);
	cr_expect_eq(status("", "HEAD", "/" HEX "/checkpoint", 0), 405);
	cr_expect_eq(status("", "POST", "/add-checkpoint", 0), 400);
	cr_expect_eq(status("", "GET", "/" HEX "/checkpoint", 1), 400);
	cr_expect_eq(status("", "POST", "/add-checkpoint", WITNESS_MAX_REQUEST), 200);
	cr_expect_eq(status("", "POST", "/add-checkpoint", WITNESS_MAX_REQUEST + 1), 413);
}

Test(routes, requests_reach_the_cosigner)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	struct routes r = { .prefix = "/w", .cosigner = &k.cosigner };
	cleanup_buf struct buf body = { 0 };
	cleanup_http_answer struct http_answer added = { 0 }, shown = { 0 }, stale = { 0 };
	char hex[WITNESS_HEX_MAX + 1], target[128];
	test_log_init(&l, "acme/log", 0, 0);
	test_log_request(&l, 0, 5, &body);
	struct http_request add = { .method = TEXT("POST"),
		                    .target = TEXT("/w/add-checkpoint"),
		                    .body = buf_span(&body) };
	routes_answer(&r, &add, &added);
	cr_assert_eq(added.status, 200);
	routes_answer(&r, &add, &stale);
	cr_assert_eq(stale.status, 409);
	cr_assert_str_eq(stale.type, "text/x.tlog.size");
	witness_origin_hex(TEXT("acme/log"), hex);
	snprintf(target, sizeof(target), "/w/%s/checkpoint", hex);
	struct http_request show = { .method = TEXT("GET"), .target = span_str(target) };
	routes_answer(&r, &show, &shown);
	cr_assert_eq(shown.status, 200);
	cr_assert(span_starts(buf_span(&shown.body), "acme/log\n5\n"));
}
