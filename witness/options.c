#include "witness/options.h"

#include <stdio.h>

#include "lib/config.h"

#define AT(field) offsetof(struct options, field)

static const struct config_key keys[] = {
	{ .name = "listen", .type = CONFIG_STRING, .offset = AT(listen), .required = true },
	{ .name = "prefix", .type = CONFIG_PATH, .offset = AT(prefix) },
	{ .name = "certificate", .type = CONFIG_PATH, .offset = AT(certificate), .required = true },
	{ .name = "key", .type = CONFIG_PATH, .offset = AT(key), .required = true },
	{ .name = "ca", .type = CONFIG_PATH, .offset = AT(ca), .required = true },
	{ .name = "witness_key", .type = CONFIG_PATH, .offset = AT(witness_key), .required = true },
	{ .name = "policy", .type = CONFIG_PATH, .offset = AT(policy), .required = true },
	{ .name = "store", .type = CONFIG_PATH, .offset = AT(store), .required = true },
	{ .name = "max_connections",
	  .type = CONFIG_UINT,
	  .offset = AT(max_connections),
	  .min = 1,
	  .max = 100000,
	  .fallback = "1000" },
	{ .name = "timeout_ms",
	  .type = CONFIG_UINT,
	  .offset = AT(timeout_ms),
	  .min = 100,
	  .max = 600000,
	  .fallback = "10000" },
};

int options_load(const char *path, struct options *ret, char *error, size_t error_size)
{
	int r = config_load(path, keys, ARRAY_SIZE(keys), ret, NULL, error, error_size);
	if (r == 0 && ret->prefix && ret->prefix[strlen(ret->prefix) - 1] == '/') {
		snprintf(error, error_size, "%s: 'prefix' must not end with a slash; leave it out for none",
		         path);
		options_done(ret);
		return -EINVAL;
	}
	return r;
}

void options_done(struct options *o)
{
	config_free(keys, ARRAY_SIZE(keys), o);
}
