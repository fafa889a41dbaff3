/* The witness's paths (docs/format.md 16.2). */
#ifndef SWORNLOG_WITNESS_ROUTES_H
#define SWORNLOG_WITNESS_ROUTES_H

#include "lib/http_server.h"
#include "witness/cosigner.h"

struct routes {
	const char *prefix; /* "" or "/...", without a slash at its end */
	struct cosigner *cosigner;
};

/* A handler whose context is a struct routes. */
bool routes_admit(void *routes, const struct http_head *head, struct http_answer *ret);
void routes_answer(void *routes, const struct http_request *request, struct http_answer *ret);

#endif
