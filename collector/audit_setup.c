#include "collector/audit_setup.h"

#include "collector/audit_lease.h"
#include "collector/audit_listener.h"
#include "lib/log.h"

static void explain(int r)
{
	switch (r) {
	case -EBUSY:
		log_warning("audit is off but has rules of somebody else; it is left as it is");
		return;
	case -EAGAIN:
		log_warning("audit is off and audit_enable is not set: its rules are not loaded");
		return;
	case -ENOMSG:
		log_warning("the kernel took an audit rule and does not list it; audit is left as it was");
		return;
	default:
		log_warning("audit can't be changed: %s; it is left as it is", audit_mode_cause(r));
		return;
	}
}

/* After the source listens, so that the record of this change is the first that it hears. */
static void change(struct audit_setup *setup, struct audit_source *source)
{
	static const struct audit_rules none;
	const struct audit_rules *rules = setup->rules ? setup->rules : &none;
	bool enabled = false;
	int r = audit_lease_take(setup->lease_path, setup->enable, rules, &enabled);
	setup->error = r;
	if (r < 0)
		explain(r);
	else if (enabled)
		log_info("audit is switched on; it is put back at the end");
	if (r == 0 && rules->count)
		log_info("%zu rules of ours are loaded into audit until the end", rules->count);
	audit_source_refresh(source);
}

int audit_setup_open(struct audit_setup *setup, struct audit_source **ret)
{
	struct audit_source_config config = {
		.mode = setup->mode,
		.passed_fd = setup->mode == AUDIT_MODE_MULTICAST ? audit_listener_passed_fd() : -1,
		.replay_path = setup->replay_path,
		.env = env_system(),
		.rules = setup->rules,
		.feed = setup->feed,
	};
	int r = audit_source_open(&config, ret);
	bool wanted = setup->enable || (setup->rules && setup->rules->count);
	if (r == 0 && setup->lease_path && wanted && audit_source_fd(*ret) >= 0)
		change(setup, *ret);
	return r;
}

void audit_setup_close(const struct audit_setup *setup)
{
	int r = setup->lease_path ? audit_lease_give_back(setup->lease_path) : 0;
	if (r < 0)
		log_error("audit could not be put back as it was found: %s; %s says what was changed",
		          audit_mode_cause(r), setup->lease_path);
}

struct posture_audit_facts audit_setup_facts(const struct audit_setup *setup,
                                             const struct audit_source *source)
{
	static const enum posture_audit modes[] = { [AUDIT_MODE_OFF] = POSTURE_AUDIT_OFF,
		                                    [AUDIT_MODE_MULTICAST] = POSTURE_AUDIT_MULTICAST,
		                                    [AUDIT_MODE_UNICAST] = POSTURE_AUDIT_UNICAST,
		                                    [AUDIT_MODE_REPLAY] = POSTURE_AUDIT_REPLAY };
	struct audit_summary summary = audit_source_summary(source);
	bool refused = summary.mode == AUDIT_MODE_OFF && setup->mode != AUDIT_MODE_OFF;
	return (struct posture_audit_facts){
		.mode = refused ? POSTURE_AUDIT_UNAVAILABLE : modes[summary.mode],
		.enabled = summary.status_known ? summary.status.enabled : 0,
		.detail = summary.reason,
	};
}
