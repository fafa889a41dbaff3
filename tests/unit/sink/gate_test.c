#include "sink/gate.h"

#include <criterion/criterion.h>

static struct span text(const char *s)
{
	return span_str(s);
}

static unsigned check(const struct host *host, const char *method, const char *target, const char *size,
                      uint64_t length)
{
	struct http_head h = { .method = text(method),
		               .target = text(target),
		               .has_length = length > 0,
		               .length = length,
		               .field = size ? text(size) : (struct span){ NULL, 0 } };
	struct gate_pass pass;
	cleanup_answer struct answer a = { 0 };
	unsigned status = gate_check(host, &h, &pass, &a);
	if (status == 200)
		cr_expect_eq(pass.verb == APPEND_ANNOUNCEMENT, strstr(target, "announce") != NULL);
	return status;
}

Test(gate, only_an_append_to_the_own_path_comes_in)
{
	struct host web1 = { .name = "web1" };
	const char *path = "/v1/hosts/web1/append";
	cr_expect_eq(check(&web1, "POST", path, "0", 1), 200);
	cr_expect_eq(check(NULL, "POST", path, "0", 1), 403);
	cr_expect_eq(check(NULL, "GET", "/", "0", 1), 403);
	cr_expect_eq(check(&web1, "POST", "/v1/hosts/web2/append", "0", 1), 403);
	cr_expect_eq(check(&web1, "GET", path, "0", 1), 405);
	cr_expect_eq(check(&web1, "post", path, "0", 1), 405);
	cr_expect_eq(check(&web1, "POST", "/v1/hosts/web1/append/", "0", 1), 404);
	cr_expect_eq(check(&web1, "POST", "/v1/hosts//append", "0", 1), 404);
	cr_expect_eq(check(&web1, "POST", "/v1/hosts/append", "0", 1), 404);
	cr_expect_eq(check(&web1, "POST", path, "0", 0), 400);
	cr_expect_eq(check(&web1, "POST", path, NULL, 1), 400);
	cr_expect_eq(check(&web1, "POST", path, "07", 1), 400);
	cr_expect_eq(check(&web1, "POST", path, "0", APPEND_MAX_BYTES), 200);
	cr_expect_eq(check(&web1, "POST", path, "0", APPEND_MAX_BYTES + 1), 413);
	const char *announce = "/v1/hosts/web1/announce";
	cr_expect_eq(check(&web1, "POST", announce, "0", 1024), 200);
	cr_expect_eq(check(&web1, "POST", announce, "0", 1025), 413);
	cr_expect_eq(check(&web1, "GET", announce, "0", 1), 405);
	cr_expect_eq(check(&web1, "POST", "/v1/hosts/web2/announce", "0", 1), 403);
	cr_expect_eq(check(&web1, "POST", "/v1/hosts/web1/announced", "0", 1), 404);
}
