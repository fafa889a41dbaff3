#include "collector/status.h"

#include <stdio.h>

#include "lib/text.h"

static void put_string(struct buf *b, const char *s)
{
	buf_put_u8(b, '"');
	text_put_json(b, span_str(s));
	buf_put_u8(b, '"');
}

static void put_number(struct buf *b, const char *name, uint64_t value)
{
	buf_printf(b, "\"%s\": %llu, ", name, (unsigned long long)value);
}

static const char *state_name(enum hook_state state)
{
	static const char *const names[] = {
		[HOOK_OFF] = "off", [HOOK_ON] = "on", [HOOK_REFUSED] = "refused", [HOOK_FAILED] = "failed"
	};
	return names[state];
}

static void put_hooks(struct buf *b, const struct status_facts *f)
{
	const char *comma = "";
	buf_put_str(b, "\"hooks\": {");
	for (int program = 0; program < BPF_PROGRAM_OBJECT; program++) {
		const struct hook_status *h = bpf_source_status(f->bpf, (enum bpf_program_id)program);
		const struct hook_use *use = &f->uses[program];
		if (!h->name)
			continue;
		buf_printf(b, "%s\"%s\": {\"state\": \"%s\", \"records\": %llu, \"fired_s_ago\": ", comma,
		           h->name, state_name(h->state), (unsigned long long)use->records);
		if (use->last_us)
			buf_printf(b, "%llu}", (unsigned long long)((f->now_us - use->last_us) / 1000000));
		else
			buf_put_str(b, "null}");
		comma = ", ";
	}
	buf_put_str(b, "}, ");
}

static void put_tiers(struct buf *b, const struct bpf_source *bpf)
{
	const char *comma = "";
	buf_put_str(b, "\"tiers\": {");
	for (const struct kind_tier *k = object_tier_kinds(bpf_source_objects(bpf)); k->kind; k++) {
		char text[sizeof(k->why) + 16];
		snprintf(text, sizeof(text), "%s (%s)", object_tier_word(k->tier), k->why);
		buf_printf(b, "%s\"%s\": ", comma, entry_kind_name(k->kind));
		put_string(b, text);
		comma = ", ";
	}
	buf_put_str(b, "}, ");
}

static void put_audit(struct buf *b, const struct audit_source *audit)
{
	struct audit_summary s = audit_source_summary(audit);
	buf_printf(b, "\"audit\": {\"mode\": \"%s\", ", audit_mode_name(s.mode));
	if (s.status_known) {
		put_number(b, "enabled", s.status.enabled);
		put_number(b, "reader_pid", s.status.pid);
		put_number(b, "backlog", s.status.backlog);
		put_number(b, "backlog_limit", s.status.backlog_limit);
		put_number(b, "lost_records", s.status.lost);
	}
	if (s.rules >= 0)
		put_number(b, "rules", (uint64_t)s.rules);
	put_number(b, "foreign_messages", s.foreign);
	put_number(b, "records", s.records);
	buf_put_str(b, "\"reason\": ");
	put_string(b, s.reason);
	buf_put_str(b, "}, ");
}

static void put_probes(struct buf *b, const struct self_probe *probe)
{
	buf_put_str(b, "\"probes\": {");
	for (int id = 0; id < SELF_PROBES; id++)
		buf_printf(b, "%s\"%s\": \"%s\"", id ? ", " : "", self_probe_name((enum self_probe_id)id),
		           self_probe_verdict(probe, (enum self_probe_id)id));
	buf_put_str(b, "}, ");
}

static void put_execs(struct buf *b, const struct witness *witness)
{
	struct cross_check_counts c = witness_counts(witness);
	if (!witness_armed(witness))
		return;
	buf_put_str(b, "\"execs_witnessed\": {");
	put_number(b, "by_both", c.agreed);
	put_number(b, "by_bpf_alone", c.alone[CROSS_CHECK_BPF]);
	put_number(b, "by_audit_alone", c.alone[CROSS_CHECK_AUDIT]);
	buf_printf(b, "\"unproven\": %llu}, ", (unsigned long long)c.unproven);
}

static void put_alarm(struct buf *b, const struct self_probe *probe)
{
	const char *comma = "";
	buf_put_str(b, "\"alarm\": \"");
	for (int id = 0; id < SELF_PROBES; id++) {
		if (self_probe_works(probe, (enum self_probe_id)id))
			continue;
		buf_printf(b, "%s%s", *comma ? comma : "blind for its own marked actions: ",
		           self_probe_name((enum self_probe_id)id));
		comma = ", ";
	}
	buf_put_str(b, "\"");
}

void status_put(struct buf *b, const struct status_facts *f)
{
	struct outlet_totals totals = outlet_totals(f->outlet);
	buf_put_str(b, "{\"process\": \"collector\", ");
	put_number(b, "emitted", totals.emitted);
	put_number(b, "filtered", totals.filtered);
	put_number(b, "lost", totals.lost);
	put_number(b, "sent", totals.sent);
	put_number(b, "queued_bytes", outlet_queued(f->outlet));
	buf_printf(b, "\"sealer\": %s, ", outlet_fd(f->outlet) >= 0 ? "true" : "false");
	put_hooks(b, f);
	put_tiers(b, f->bpf);
	put_audit(b, f->audit);
	put_probes(b, f->probe);
	put_execs(b, f->witness);
	put_alarm(b, f->probe);
	buf_put_str(b, "}\n");
}
