#include "registrar/options.h"

#include "lib/config.h"

#define AT(field) offsetof(struct options, field)

static const struct config_key keys[] = {
	{ .name = "listen", .type = CONFIG_STRING, .offset = AT(listen), .required = true },
	{ .name = "certificate", .type = CONFIG_PATH, .offset = AT(certificate), .required = true },
	{ .name = "key", .type = CONFIG_PATH, .offset = AT(key), .required = true },
	{ .name = "ca", .type = CONFIG_PATH, .offset = AT(ca), .required = true },
	{ .name = "ca_key", .type = CONFIG_PATH, .offset = AT(ca_key) },
	{ .name = "genesis", .type = CONFIG_PATH, .offset = AT(genesis), .required = true },
	{ .name = "policy", .type = CONFIG_PATH, .offset = AT(policy), .fallback = "/etc/swornlog/policy" },
	{ .name = "registrar_key", .type = CONFIG_PATH, .offset = AT(registrar_key), .required = true },
	{ .name = "state",
	  .type = CONFIG_PATH,
	  .offset = AT(state),
	  .fallback = "/var/lib/swornlog-registrar/joined" },
	{ .name = "tokens",
	  .type = CONFIG_PATH,
	  .offset = AT(tokens),
	  .fallback = "/var/lib/swornlog-registrar/tokens" },
	{ .name = "requests",
	  .type = CONFIG_PATH,
	  .offset = AT(requests),
	  .fallback = "/var/lib/swornlog-registrar/requests" },
	{ .name = "certificates",
	  .type = CONFIG_PATH,
	  .offset = AT(certificates),
	  .fallback = "/var/lib/swornlog-registrar/certificates" },
	{ .name = "control",
	  .type = CONFIG_PATH,
	  .offset = AT(control),
	  .fallback = "/run/swornlog-sink/control.sock" },
	{ .name = "certificate_days",
	  .type = CONFIG_UINT,
	  .offset = AT(certificate_days),
	  .min = 1,
	  .max = 3650,
	  .fallback = "365" },
	{ .name = "max_connections",
	  .type = CONFIG_UINT,
	  .offset = AT(max_connections),
	  .min = 1,
	  .max = 100000,
	  .fallback = "256" },
};

int options_load(const char *path, struct options *ret, char *error, size_t error_size)
{
	return config_load(path, keys, ARRAY_SIZE(keys), ret, NULL, error, error_size);
}

void options_done(struct options *o)
{
	config_free(keys, ARRAY_SIZE(keys), o);
}
