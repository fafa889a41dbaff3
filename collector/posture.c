#include "collector/posture.h"

#include <sys/utsname.h>

#include "collector/fields.h"

static_assert((int)POSTURE_OFF == (int)HOOK_OFF && (int)POSTURE_ON == (int)HOOK_ON, "states");
static_assert((int)POSTURE_REFUSED == (int)HOOK_REFUSED && (int)POSTURE_FAILED == (int)HOOK_FAILED, "states");

/* No program of the tracepoint tier sees these. */
static const char *const never_seen[] = {
	"opens for reading of data without a label",
	"close-after-write",
	"io_uring: paths and results",
	"kernel threads",
	"files of /proc/<pid>/mem: what is written to other processes through them",
	"sendto without connect",
	"32-bit socketcall",
	"clocks set through ioctl",
	"signals to the agent by kill(0)",
};
static const char unpinned[] = "what happens while there is no collector";
static const char deep_paths[] = "paths deeper than 64 components: the part towards the root";

static struct span text(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

static const struct hook_status *hook(const struct bpf_source *source, int program)
{
	return bpf_source_status(source, (enum bpf_program_id)program);
}

static enum posture_state audit_state(const struct posture_audit_facts *audit)
{
	if (audit->mode == POSTURE_AUDIT_UNAVAILABLE)
		return POSTURE_REFUSED;
	if (audit->mode != POSTURE_AUDIT_MULTICAST && audit->mode != POSTURE_AUDIT_UNICAST)
		return POSTURE_OFF;
	if (!audit->enabled)
		return POSTURE_OFF;
	return audit->deaf ? POSTURE_FAILED : POSTURE_ON;
}

static enum posture_state exec_rule_state(const struct posture_audit_facts *audit)
{
	if (audit->exec_works)
		return POSTURE_ON;
	return audit->exec_refused ? POSTURE_REFUSED : POSTURE_FAILED;
}

static void put_hook(struct fields *f, const char *name, enum entry_sensor tier, unsigned state)
{
	cbor_put_array(f->b, 3);
	cbor_put_bytes(f->b, name, strlen(name));
	cbor_put_uint(f->b, tier);
	cbor_put_uint(f->b, state);
}

static void put_hooks(struct fields *f, const struct bpf_source *source,
                      const struct posture_audit_facts *audit)
{
	fields_key(f, POSTURE_HOOKS);
	cbor_put_array(f->b, BPF_PROGRAMS + 1 + audit->exec_wanted);
	for (int program = 0; program < BPF_PROGRAMS; program++) {
		const struct hook_status *h = hook(source, program);
		put_hook(f, h->name, SENSOR_BPF_TRACEPOINT, h->state);
	}
	put_hook(f, "audit", SENSOR_AUDIT, audit_state(audit));
	if (audit->exec_wanted)
		put_hook(f, "audit_exec_rule", SENSOR_AUDIT, exec_rule_state(audit));
}

static void put_audit(struct fields *f, const struct posture_audit_facts *audit)
{
	struct span detail = text(audit->detail);
	fields_key(f, POSTURE_AUDIT);
	cbor_put_array(f->b, 3);
	cbor_put_uint(f->b, audit->mode);
	cbor_put_uint(f->b, audit->enabled);
	cbor_put_bytes(f->b, detail.data, detail.len);
}

static void put_kinds_unseen(struct fields *f, const struct bpf_source *source, const struct kinds *wanted,
                             bool audit)
{
	static const uint8_t audit_kinds[] = { KIND_AUDIT_LOGIN, KIND_AUDIT_ACCOUNT, KIND_AUDIT_CONFIG,
		                               KIND_AUDIT_ANOMALY, KIND_AUDIT_OTHER };
	bool unseen[KINDS_MAX] = { 0 };
	size_t count = 0;
	for (int program = 0; program < BPF_PROGRAMS; program++) {
		const struct hook_status *h = hook(source, program);
		for (const uint8_t *kind = h->kinds; *kind; kind++)
			unseen[*kind] |= h->state != HOOK_ON || !kinds_wanted(wanted, *kind);
	}
	for (size_t i = 0; !audit && i < ARRAY_SIZE(audit_kinds); i++)
		unseen[audit_kinds[i]] = true;
	for (size_t kind = 0; kind < KINDS_MAX; kind++)
		count += unseen[kind];
	fields_key(f, POSTURE_KINDS_UNSEEN);
	cbor_put_array(f->b, count);
	for (size_t kind = 0; kind < KINDS_MAX; kind++)
		if (unseen[kind])
			cbor_put_uint(f->b, kind);
}

static void put_unseen(struct fields *f, const struct bpf_source *source)
{
	bool bounded = hook(source, BPF_PROGRAM_FILE)->bounded || hook(source, BPF_PROGRAM_EXEC)->bounded;
	bool ends = bpf_source_pins(source);
	fields_key(f, POSTURE_UNSEEN);
	cbor_put_array(f->b, ARRAY_SIZE(never_seen) + bounded + ends);
	for (size_t i = 0; i < ARRAY_SIZE(never_seen); i++)
		cbor_put_bytes(f->b, never_seen[i], strlen(never_seen[i]));
	if (ends)
		cbor_put_bytes(f->b, unpinned, sizeof(unpinned) - 1);
	if (bounded)
		cbor_put_bytes(f->b, deep_paths, sizeof(deep_paths) - 1);
}

void posture_put(struct buf *b, const struct bpf_source *source, const struct posture_audit_facts *audit,
                 const struct kinds *kinds, bool own_left_out)
{
	bool listens = audit->mode == POSTURE_AUDIT_MULTICAST || audit->mode == POSTURE_AUDIT_UNICAST;
	struct utsname name = { 0 };
	struct fields f;

	fields_begin(&f, b);
	put_hooks(&f, source, audit);
	put_audit(&f, audit);
	put_kinds_unseen(&f, source, kinds, listens);
	put_unseen(&f, source);
	fields_key(&f, POSTURE_OWN_LEFT_OUT);
	cbor_put_bool(b, own_left_out);
	fields_bytes(&f, POSTURE_KERNEL, uname(&name) == 0 ? text(name.release) : text(""));
	fields_key(&f, POSTURE_BTF);
	cbor_put_bool(b, bpf_loader_has_btf());
	fields_end(&f);
}
