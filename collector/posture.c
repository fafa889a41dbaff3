#include "collector/posture.h"

#include <sys/utsname.h>

#include "collector/fields.h"

static_assert((int)POSTURE_OFF == (int)HOOK_OFF && (int)POSTURE_ON == (int)HOOK_ON, "states");
static_assert((int)POSTURE_REFUSED == (int)HOOK_REFUSED && (int)POSTURE_FAILED == (int)HOOK_FAILED, "states");

static const char *const never_seen[] = {
	"opens for reading of data without a label",
	"kernel threads",
	"files of /proc/<pid>/mem: what is written to other processes through them",
	"sendto without connect",
	"32-bit socketcall",
	"clocks set through ioctl",
	"signals to the agent by kill(0)",
};
static const char unpinned[] = "what happens while there is no collector";
/* The programs on kernel objects end with it. */
static const char pinned[] = "while there is no collector: close-after-write, paths and results of io_uring, "
                             "SHA-256 of executables";
/* By no program of the tracepoint tier, to which any kind may have fallen. */
static const char *const unseen_at_tracepoints[] = { "close-after-write", "io_uring: paths and results" };
static const char unhashed[] = "SHA-256 of executables";
static const char unhashed_files[] = "SHA-256 of scripts; of executables above 128 MiB, or above 2 MiB where "
                                     "the file system tells of no changes";

static struct span text(const char *s)
{
	return span_str(s);
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

/* Kinds that io_uring has operations for. */
static const uint8_t by_io_uring[] = { KIND_OPEN,  KIND_RENAME, KIND_UNLINK,  KIND_RMDIR,
	                               KIND_MKDIR, KIND_LINK,   KIND_SYMLINK, KIND_TRUNCATE };

/* True if a program on kernel objects sees the kind. */
static bool sees(const struct bpf_source *source, uint8_t kind)
{
	for (const struct kind_tier *k = object_tier_kinds(bpf_source_objects(source)); k->kind; k++)
		if (k->kind == kind)
			return k->tier & (SENSOR_BPF_LSM | SENSOR_BPF_FENTRY);
	return false;
}

/* Of the programs on kernel objects those that are in use. */
static size_t put_object_hooks(struct fields *f, const struct bpf_source *source, bool only_count)
{
	const struct object_tier *objects = bpf_source_objects(source);
	size_t count = 0;
	for (int id = 0; id < BPF_OBJECT_PROGRAMS; id++) {
		enum bpf_object_program program = (enum bpf_object_program)id;
		if (!object_tier_uses(objects, program))
			continue;
		count++;
		if (!only_count)
			put_hook(f, object_load_name(object_tier_programs(objects), program),
			         object_load_tier(program), POSTURE_ON);
	}
	return count;
}

static void put_hooks(struct fields *f, const struct bpf_source *source,
                      const struct posture_audit_facts *audit)
{
	fields_key(f, POSTURE_HOOKS);
	cbor_put_array(f->b, BPF_PROGRAM_OBJECT + put_object_hooks(f, source, true) + 1 + audit->exec_wanted);
	for (int program = 0; program < BPF_PROGRAM_OBJECT; program++) {
		const struct hook_status *h = hook(source, program);
		put_hook(f, h->name, SENSOR_BPF_TRACEPOINT, h->state);
	}
	put_object_hooks(f, source, false);
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
	for (int program = 0; program < BPF_PROGRAM_OBJECT; program++) {
		const struct hook_status *h = hook(source, program);
		for (const uint8_t *kind = h->kinds; *kind; kind++)
			unseen[*kind] |= h->state != HOOK_ON || !kinds_wanted(wanted, *kind);
	}
	for (size_t i = 0; !audit && i < ARRAY_SIZE(audit_kinds); i++)
		unseen[audit_kinds[i]] = true;
	unseen[KIND_CLOSE] = !sees(source, KIND_CLOSE) || !kinds_wanted(wanted, KIND_CLOSE);
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
	const char *words[ARRAY_SIZE(never_seen) + ARRAY_SIZE(unseen_at_tracepoints) + 2];
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(never_seen); i++)
		words[count++] = never_seen[i];
	words[count++] = bpf_source_pins(source) ? unpinned : pinned;
	if (!sees(source, KIND_CLOSE))
		words[count++] = unseen_at_tracepoints[0];
	for (size_t i = 0; i < ARRAY_SIZE(by_io_uring); i++) {
		if (sees(source, by_io_uring[i]))
			continue;
		words[count++] = unseen_at_tracepoints[1];
		break;
	}
	bool hashes = object_tier_uses(bpf_source_objects(source), BPF_LSM_EXEC_HASH);
	words[count++] = hashes ? unhashed_files : unhashed;
	fields_key(f, POSTURE_UNSEEN);
	cbor_put_array(f->b, count);
	for (size_t i = 0; i < count; i++)
		cbor_put_bytes(f->b, words[i], strlen(words[i]));
}

static void put_tiers(struct fields *f, const struct bpf_source *source)
{
	const struct object_tier *objects = bpf_source_objects(source);
	if (!objects)
		return;
	const struct kind_tier *kinds = object_tier_kinds(objects);
	size_t count = 0;
	while (kinds[count].kind)
		count++;
	fields_key(f, POSTURE_TIERS);
	cbor_put_array(f->b, count);
	for (size_t i = 0; i < count; i++) {
		cbor_put_array(f->b, 3);
		cbor_put_uint(f->b, kinds[i].kind);
		cbor_put_uint(f->b, kinds[i].tier);
		cbor_put_bytes(f->b, kinds[i].why, strlen(kinds[i].why));
	}
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
	put_tiers(&f, source);
	fields_end(&f);
}
