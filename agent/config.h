/* agent.yaml: one configuration for the collector, the sealer, the shipper and their launcher. */
#ifndef SWORNLOG_AGENT_CONFIG_H
#define SWORNLOG_AGENT_CONFIG_H

#include "lib/digest.h"

#define AGENT_CONFIG_PATH "/etc/swornlog/agent.yaml"

enum agent_audit { AGENT_AUDIT_MULTICAST = 0, AGENT_AUDIT_UNICAST = 1, AGENT_AUDIT_OFF = 2 };

struct agent_config {
	char *fleet;
	char *host;
	char *state; /* the sealer's own folder */
	char *spool;
	char *run; /* sockets and status files */
	char *sink;
	char *registrar;     /* NULL: certificates are not renewed */
	char *shipper_state; /* the shipper's own folder: renewed certificates */
	char *certificate;
	char *key;
	char *ca;
	char *genesis;
	char *enrol;
	char *checkpoint; /* came with the join token; need not be there */
	char *policy;     /* which witnesses have to vouch for the fleet log; the file need not be there */
	char *collect;    /* the rules of collection; the file need not be there */
	uint64_t seal_interval_ms;
	uint64_t heartbeat_s;
	uint64_t spool_max_mib;
	uint64_t keep_receipted_mib;
	uint64_t keep_receipted_h;
	uint64_t witness_within_s;
	unsigned audit; /* enum agent_audit */
	bool audit_enable;
	char *pins; /* NULL: none */
	char *collector_user;
	char *sealer_user;
	char *shipper_user;
	char *group;        /* which all three are in: it owns the run folder */
	struct hash digest; /* of the file */
	const char *path;   /* of the file, as it was given: not a copy */
};

/* Read and check the file. -EINVAL and the like; `error` is a sentence that names file and line. */
must_check int agent_config_load(const char *path, struct agent_config *ret, char *error, size_t error_size);
void agent_config_done(struct agent_config *c);
#define cleanup_agent_config cleanup(agent_config_done)

#endif
