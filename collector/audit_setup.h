/* The audit source as the collector uses it: opened as configured, and told of in posture. */
#ifndef SWORNLOG_COLLECTOR_AUDIT_SETUP_H
#define SWORNLOG_COLLECTOR_AUDIT_SETUP_H

#include "collector/audit_source.h"
#include "collector/posture.h"

struct audit_setup {
	enum audit_mode mode;
	const char *replay_path;         /* with AUDIT_MODE_REPLAY */
	const char *lease_path;          /* what was changed is kept here; NULL: change nothing */
	bool enable;                     /* switch audit on where it is off */
	const struct audit_rules *rules; /* to be loaded, the caller's; NULL: none */
	struct audit_feed_config feed;
	int error; /* set by audit_setup_open(): why audit could not be changed; 0: it could, or was not to be
	            */
};

/* Only -ENOMEM; what else goes wrong is logged, and stands in posture. */
must_check int audit_setup_open(struct audit_setup *setup, struct audit_source **ret);
/* Puts audit back as it was found. */
void audit_setup_close(const struct audit_setup *setup);
struct posture_audit_facts audit_setup_facts(const struct audit_setup *setup,
                                             const struct audit_source *source);

#endif
