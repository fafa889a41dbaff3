#include "witness/routes.h"

#include "evidence/witness.h"

enum route { ROUTE_NONE, ROUTE_ADD, ROUTE_SHOW };

static const char add[] = "add-checkpoint", show[] = "/checkpoint";

/* *ret_hex: of ROUTE_SHOW, what stands where the log's hash does. */
static enum route route_of(const struct routes *r, struct span target, struct span *ret_hex)
{
	size_t n = strlen(r->prefix);
	if (!span_starts(target, r->prefix) || target.len <= n || target.data[n] != '/')
		return ROUTE_NONE;
	struct span rest = { target.data + n + 1, target.len - n - 1 };
	if (span_is(rest, add))
		return ROUTE_ADD;
	if (rest.len != WITNESS_HEX_MAX + strlen(show))
		return ROUTE_NONE;
	*ret_hex = (struct span){ rest.data, WITNESS_HEX_MAX };
	return span_is((struct span){ rest.data + WITNESS_HEX_MAX, strlen(show) }, show) ? ROUTE_SHOW
	                                                                                 : ROUTE_NONE;
}

static bool refuse(struct http_answer *a, unsigned status, const char *sentence)
{
	http_answer_say(a, status, sentence);
	return false;
}

bool routes_admit(void *ctx, const struct http_head *head, struct http_answer *ret)
{
	struct span hex;
	enum route route = route_of(ctx, head->target, &hex);
	if (route == ROUTE_NONE)
		return refuse(ret, 404, "There is no such path.");
	ret->allow = route == ROUTE_ADD ? "POST" : "GET";
	if (!span_is(head->method, ret->allow))
		return refuse(ret, 405, "This path is not for that.");
	bool has_body = head->has_length && head->length > 0;
	if (has_body != (route == ROUTE_ADD))
		return refuse(ret, 400,
		              "The request must have a body of known length here, and nowhere else.");
	if (head->length > WITNESS_MAX_REQUEST)
		return refuse(ret, 413, "A request is not as long as this.");
	return true;
}

void routes_answer(void *ctx, const struct http_request *request, struct http_answer *ret)
{
	const struct routes *r = ctx;
	struct span hex;
	if (route_of(r, request->target, &hex) == ROUTE_ADD)
		cosigner_add(r->cosigner, request->body, ret);
	else
		cosigner_show(r->cosigner, hex, ret);
}
