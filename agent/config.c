#include "agent/config.h"

#include <stdio.h>

#include "evidence/name.h"
#include "lib/config.h"

#define AT(field) offsetof(struct agent_config, field)

static const char *const audit_modes[] = { "multicast", "unicast", "off", NULL };

static const struct config_key keys[] = {
	{ .name = "fleet", .type = CONFIG_STRING, .offset = AT(fleet), .required = true },
	{ .name = "host", .type = CONFIG_STRING, .offset = AT(host), .required = true },
	{ .name = "state", .type = CONFIG_PATH, .offset = AT(state), .fallback = "/var/lib/swornlog/sealer" },
	{ .name = "spool", .type = CONFIG_PATH, .offset = AT(spool), .fallback = "/var/lib/swornlog/spool" },
	{ .name = "run", .type = CONFIG_PATH, .offset = AT(run), .fallback = "/run/swornlog" },
	{ .name = "sink", .type = CONFIG_STRING, .offset = AT(sink), .required = true },
	{ .name = "registrar", .type = CONFIG_STRING, .offset = AT(registrar) },
	{ .name = "shipper_state",
	  .type = CONFIG_PATH,
	  .offset = AT(shipper_state),
	  .fallback = "/var/lib/swornlog/shipper" },
	{ .name = "certificate",
	  .type = CONFIG_PATH,
	  .offset = AT(certificate),
	  .fallback = "/etc/swornlog/host.crt" },
	{ .name = "key", .type = CONFIG_PATH, .offset = AT(key), .fallback = "/etc/swornlog/host.key" },
	{ .name = "ca", .type = CONFIG_PATH, .offset = AT(ca), .fallback = "/etc/swornlog/ca.crt" },
	{ .name = "genesis",
	  .type = CONFIG_PATH,
	  .offset = AT(genesis),
	  .fallback = "/etc/swornlog/genesis" },
	{ .name = "enrol", .type = CONFIG_PATH, .offset = AT(enrol), .fallback = "/etc/swornlog/enrol" },
	{ .name = "policy", .type = CONFIG_PATH, .offset = AT(policy), .fallback = "/etc/swornlog/policy" },
	{ .name = "witness_within_s",
	  .type = CONFIG_UINT,
	  .offset = AT(witness_within_s),
	  .min = 1,
	  .max = 86400,
	  .fallback = "60" },
	{ .name = "checkpoint",
	  .type = CONFIG_PATH,
	  .offset = AT(checkpoint),
	  .fallback = "/etc/swornlog/checkpoint" },
	{ .name = "collect",
	  .type = CONFIG_PATH,
	  .offset = AT(collect),
	  .fallback = "/etc/swornlog/collect.yaml" },
	{ .name = "seal_interval_ms",
	  .type = CONFIG_UINT,
	  .offset = AT(seal_interval_ms),
	  .min = 10,
	  .max = 60000,
	  .fallback = "1000" },
	{ .name = "heartbeat_s",
	  .type = CONFIG_UINT,
	  .offset = AT(heartbeat_s),
	  .min = 1,
	  .max = 3600,
	  .fallback = "10" },
	{ .name = "spool_max_mib",
	  .type = CONFIG_UINT,
	  .offset = AT(spool_max_mib),
	  .min = 1,
	  .max = 1 << 20,
	  .fallback = "1024" },
	{ .name = "keep_receipted_mib",
	  .type = CONFIG_UINT,
	  .offset = AT(keep_receipted_mib),
	  .max = 1 << 20,
	  .fallback = "256" },
	{ .name = "keep_receipted_h",
	  .type = CONFIG_UINT,
	  .offset = AT(keep_receipted_h),
	  .max = 24 * 366,
	  .fallback = "24" },
	{ .name = "audit",
	  .type = CONFIG_CHOICE,
	  .offset = AT(audit),
	  .choices = audit_modes,
	  .fallback = "multicast" },
	{ .name = "audit_enable", .type = CONFIG_BOOL, .offset = AT(audit_enable), .fallback = "false" },
	{ .name = "pins", .type = CONFIG_PATH, .offset = AT(pins) },
	{ .name = "collector_user",
	  .type = CONFIG_STRING,
	  .offset = AT(collector_user),
	  .fallback = "swornlog-collector" },
	{ .name = "sealer_user",
	  .type = CONFIG_STRING,
	  .offset = AT(sealer_user),
	  .fallback = "swornlog-sealer" },
	{ .name = "group", .type = CONFIG_STRING, .offset = AT(group), .fallback = "swornlog" },
	{ .name = "shipper_user",
	  .type = CONFIG_STRING,
	  .offset = AT(shipper_user),
	  .fallback = "swornlog-shipper" },
};

static int check(const char *path, const struct agent_config *c, char *error, size_t error_size)
{
	const char *bad = !label_ok(span_str(c->fleet))  ? "fleet"
	                  : !label_ok(span_str(c->host)) ? "host"
	                                                 : NULL;
	if (bad) {
		snprintf(error, error_size,
		         "%s: %s must be 1 to %d of a-z, 0-9, '.' and '-', with a letter or digit at both "
		         "ends",
		         path, bad, LABEL_MAX);
		return -EINVAL;
	}
	if (!span_starts(span_str(c->sink), "https://")) {
		snprintf(error, error_size, "%s: sink must be an address of the form https://HOST:PORT",
		         path);
		return -EINVAL;
	}
	if (c->registrar && !span_starts(span_str(c->registrar), "https://")) {
		snprintf(error, error_size, "%s: registrar must be an address of the form https://HOST:PORT",
		         path);
		return -EINVAL;
	}
	return 0;
}

int agent_config_load(const char *path, struct agent_config *ret, char *error, size_t error_size)
{
	struct agent_config c = { 0 };
	int r = config_load(path, keys, ARRAY_SIZE(keys), &c, &c.digest, error, error_size);
	if (r < 0)
		return r;
	r = check(path, &c, error, error_size);
	c.path = path;
	if (r < 0) {
		agent_config_done(&c);
		return r;
	}
	*ret = c;
	return 0;
}

void agent_config_done(struct agent_config *c)
{
	config_free(keys, ARRAY_SIZE(keys), c);
}
