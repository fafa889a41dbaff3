#include "collector/announce.h"

#include "collector/posture.h"
#include "collector/rules.h"
#include "lib/log.h"
#include "lib/text.h"

int announce_posture(struct parts *p)
{
	struct posture_audit_facts audit = audit_setup_facts(&p->audit_setup, p->audit);
	audit.deaf = !guard_hears_audit(p->guard);
	audit.exec_wanted = p->audit_exec;
	audit.exec_refused = p->audit_setup.error < 0;
	audit.exec_works = p->exec_rules_work;
	cleanup_buf struct buf map = { 0 };
	posture_put(&map, p->bpf, &audit, &p->rules->kinds, p->own.dir_count > 0);
	int err = buf_err(&map);
	if (err)
		return err;
	struct span told = { p->posture.data, p->posture.len }, now = { map.data, map.len };
	if (span_equal(told, now))
		return 0;
	if (audit.detail[0])
		log_warning("audit: %s", audit.detail);
	err = outlet_set_posture(p->outlet, now);
	buf_done(&p->posture);
	p->posture = map;
	map = (struct buf){ 0 };
	return err;
}

void announce_change(struct parts *p)
{
	if (announce_posture(p))
		log_error("posture could not be told for want of memory");
}

void announce_rules(struct parts *p)
{
	struct rules *rules = p->rules;
	normaliser_set_rules(p->normaliser, rules, &p->labels);
	p->redact = redact_config_engine(rules->redact);
	struct intake_rules told = { .digest = rules->digest, .text = { rules->text.data, rules->text.len } };
	if (outlet_set_rules(p->outlet, &told))
		log_error("the rules could not be told for want of memory");
}

void announce_refusal(struct parts *p, const char *error)
{
	cleanup_buf struct buf text = { 0 };
	struct intake_rules told = { .refused = true };
	log_error("%s; the former rules stay in force", error);
	text_put_escaped(&text, span_str(error));
	told.text = (struct span){ text.data, text.len };
	if (buf_err(&text) || !outlet_refuse_rules(p->outlet, &told))
		log_warning("the log does not hear of it for want of room");
}
