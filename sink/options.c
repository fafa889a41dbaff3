#include "sink/options.h"

#include "lib/config.h"

#define AT(field) offsetof(struct options, field)

/* In the order of enum at_rest. */
static const char *const at_rest_words[] = { "verity", "immutable", "off", NULL };

static const struct config_key keys[] = {
	{ .name = "store", .type = CONFIG_PATH, .offset = AT(store), .required = true },
	{ .name = "listen", .type = CONFIG_STRING, .offset = AT(listen), .required = true },
	{ .name = "certificate", .type = CONFIG_PATH, .offset = AT(certificate), .required = true },
	{ .name = "key", .type = CONFIG_PATH, .offset = AT(key), .required = true },
	{ .name = "ca", .type = CONFIG_PATH, .offset = AT(ca), .required = true },
	{ .name = "genesis", .type = CONFIG_PATH, .offset = AT(genesis), .required = true },
	{ .name = "log_key", .type = CONFIG_PATH, .offset = AT(log_key), .required = true },
	{ .name = "log_next_key", .type = CONFIG_PATH, .offset = AT(log_next_key) },
	{ .name = "control", .type = CONFIG_PATH, .offset = AT(control), .required = true },
	{ .name = "registrar_user",
	  .type = CONFIG_STRING,
	  .offset = AT(registrar_user),
	  .fallback = "swornlog-registrar" },
	{ .name = "policy", .type = CONFIG_PATH, .offset = AT(policy) },
	{ .name = "witness_certificate", .type = CONFIG_PATH, .offset = AT(witness_certificate) },
	{ .name = "witness_key", .type = CONFIG_PATH, .offset = AT(witness_key) },
	{ .name = "witness_ca", .type = CONFIG_PATH, .offset = AT(witness_ca) },
	{ .name = "witness_timeout_s",
	  .type = CONFIG_UINT,
	  .offset = AT(witness_timeout_s),
	  .min = 1,
	  .max = 60,
	  .fallback = "10" },
	{ .name = "witness_patience_s",
	  .type = CONFIG_UINT,
	  .offset = AT(witness_patience_s),
	  .min = 1,
	  .max = 3600,
	  .fallback = "30" },
	{ .name = "start_without_witnesses",
	  .type = CONFIG_BOOL,
	  .offset = AT(start_without_witnesses),
	  .fallback = "false" },
	{ .name = "commit_interval_ms",
	  .type = CONFIG_UINT,
	  .offset = AT(commit_interval_ms),
	  .min = 1,
	  .max = 10000,
	  .fallback = "50" },
	{ .name = "publish_interval_ms",
	  .type = CONFIG_UINT,
	  .offset = AT(publish_interval_ms),
	  .min = 10,
	  .max = 5000,
	  .fallback = "1000" },
	{ .name = "journal_max_mib",
	  .type = CONFIG_UINT,
	  .offset = AT(journal_max_mib),
	  .min = 1,
	  .max = 1024,
	  .fallback = "64" },
	{ .name = "silent_after_s",
	  .type = CONFIG_UINT,
	  .offset = AT(silent_after_s),
	  .min = 1,
	  .max = 86400,
	  .fallback = "30" },
	{ .name = "max_connections",
	  .type = CONFIG_UINT,
	  .offset = AT(max_connections),
	  .min = 1,
	  .max = 1000000,
	  .fallback = "20000" },
	{ .name = "min_free_mib",
	  .type = CONFIG_UINT,
	  .offset = AT(min_free_mib),
	  .max = 1u << 30,
	  .fallback = "64" },
	{ .name = "at_rest",
	  .type = CONFIG_CHOICE,
	  .offset = AT(at_rest),
	  .choices = at_rest_words,
	  .fallback = "verity" },
};

int options_load(const char *path, struct options *ret, char *error, size_t error_size)
{
	return config_load(path, keys, ARRAY_SIZE(keys), ret, NULL, error, error_size);
}

void options_done(struct options *o)
{
	config_free(keys, ARRAY_SIZE(keys), o);
}
