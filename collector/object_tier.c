#include "collector/object_tier.h"

#include <stdio.h>

#include "collector/hash_trial.h"
#include "collector/object_trial.h"
#include "evidence/entry.h"

static_assert((int)BPF_KIND_OPEN == KIND_OPEN && (int)BPF_KIND_TRUNCATE == KIND_TRUNCATE, "kinds");
static_assert((int)BPF_KIND_MKNOD == KIND_MKNOD && (int)BPF_KIND_CLOSE == KIND_CLOSE, "kinds");

#define WAY_PROGRAMS 2
#define NO_PROGRAM   BPF_OBJECT_PROGRAMS
#define LSM(...)                                                                                             \
	SENSOR_BPF_LSM,                                                                                      \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}
#define FENTRY(...)                                                                                          \
	SENSOR_BPF_FENTRY,                                                                                   \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}

/* A way to see a kind: programs that must all fire. */
struct way {
	uint8_t kind;
	uint8_t tier;
	uint8_t programs[WAY_PROGRAMS];
	uint8_t beside; /* loaded with them where the kernel has it */
};

/* The better first. The LSM is never skipped; but a way that knows a result is worth more than one that does
 * not, so there is none on file_open alone. */
static const struct way ways[] = {
	{ KIND_OPEN, LSM(BPF_LSM_FILE_OPEN, BPF_LSM_FILE_POST_OPEN), NO_PROGRAM },
	{ KIND_OPEN, FENTRY(BPF_FEXIT_OPEN, NO_PROGRAM), NO_PROGRAM },
	{ KIND_RENAME, LSM(BPF_LSM_PATH_RENAME, BPF_FEXIT_RENAME), NO_PROGRAM },
	{ KIND_RENAME, FENTRY(BPF_FENTRY_PATH_RENAME, BPF_FEXIT_RENAME), NO_PROGRAM },
	{ KIND_UNLINK, LSM(BPF_LSM_PATH_UNLINK, BPF_FEXIT_UNLINK), NO_PROGRAM },
	{ KIND_UNLINK, FENTRY(BPF_FENTRY_PATH_UNLINK, BPF_FEXIT_UNLINK), NO_PROGRAM },
	{ KIND_LINK, LSM(BPF_LSM_PATH_LINK, BPF_FEXIT_LINK), NO_PROGRAM },
	{ KIND_LINK, FENTRY(BPF_FENTRY_PATH_LINK, BPF_FEXIT_LINK), NO_PROGRAM },
	{ KIND_SYMLINK, LSM(BPF_LSM_PATH_SYMLINK, BPF_FEXIT_SYMLINK), NO_PROGRAM },
	{ KIND_SYMLINK, FENTRY(BPF_FENTRY_PATH_SYMLINK, BPF_FEXIT_SYMLINK), NO_PROGRAM },
	{ KIND_MKDIR, LSM(BPF_LSM_PATH_MKDIR, BPF_FEXIT_MKDIR), NO_PROGRAM },
	{ KIND_MKDIR, FENTRY(BPF_FENTRY_PATH_MKDIR, BPF_FEXIT_MKDIR), NO_PROGRAM },
	{ KIND_RMDIR, LSM(BPF_LSM_PATH_RMDIR, BPF_FEXIT_RMDIR), NO_PROGRAM },
	{ KIND_RMDIR, FENTRY(BPF_FENTRY_PATH_RMDIR, BPF_FEXIT_RMDIR), NO_PROGRAM },
	{ KIND_MKNOD, LSM(BPF_LSM_PATH_MKNOD, BPF_FEXIT_MKNOD), NO_PROGRAM },
	{ KIND_MKNOD, FENTRY(BPF_FENTRY_PATH_MKNOD, BPF_FEXIT_MKNOD), NO_PROGRAM },
	{ KIND_CHMOD, LSM(BPF_LSM_PATH_CHMOD, BPF_FEXIT_NOTIFY_CHANGE), NO_PROGRAM },
	{ KIND_CHMOD, FENTRY(BPF_FENTRY_PATH_CHMOD, BPF_FEXIT_NOTIFY_CHANGE), NO_PROGRAM },
	{ KIND_CHOWN, LSM(BPF_LSM_PATH_CHOWN, BPF_FEXIT_NOTIFY_CHANGE), NO_PROGRAM },
	{ KIND_CHOWN, FENTRY(BPF_FENTRY_PATH_CHOWN, BPF_FEXIT_NOTIFY_CHANGE), NO_PROGRAM },
	{ KIND_TRUNCATE, LSM(BPF_LSM_PATH_TRUNCATE, BPF_FEXIT_NOTIFY_CHANGE), BPF_LSM_FILE_TRUNCATE },
	{ KIND_TRUNCATE, FENTRY(BPF_FENTRY_PATH_TRUNCATE, BPF_FEXIT_NOTIFY_CHANGE),
	  BPF_FENTRY_FILE_TRUNCATE },
	{ KIND_CLOSE, LSM(BPF_LSM_FILE_RELEASE, NO_PROGRAM), NO_PROGRAM },
	{ KIND_CLOSE, FENTRY(BPF_FENTRY_FPUT, NO_PROGRAM), NO_PROGRAM },
};

/* The unit gives each service a /tmp of its own. */
static const char *const trial_parents[] = { "/tmp", "/dev/shm", "/var/tmp" };

#define HASH_SLOT (ARRAY_SIZE(ways) / 2)
#define SLOTS     (HASH_SLOT + 2)

struct object_tier {
	struct object_load *load;
	const struct way *chosen[SLOTS];
	struct kind_tier kinds[SLOTS];
	bool used[BPF_OBJECT_PROGRAMS];
};

static void say(struct kind_tier *k, const char *program, const char *what)
{
	size_t len = strlen(k->why);
	if (*program && strstr(k->why, program))
		return;
	snprintf(k->why + len, sizeof(k->why) - len, "%s%s%s%s", len ? "; " : "", program,
	         *program ? " " : "", what);
}

/* The first of a way's programs that stands in its way, or NO_PROGRAM. */
static uint8_t obstacle(const struct object_tier *t, const struct way *way)
{
	for (size_t i = 0; i < WAY_PROGRAMS && way->programs[i] != NO_PROGRAM; i++) {
		enum bpf_object_program program = way->programs[i];
		if (object_load_err(t->load, program) || !object_load_fired(t->load, program))
			return way->programs[i];
	}
	return NO_PROGRAM;
}

static uint8_t lacking(const struct object_tier *t, const struct way *way)
{
	for (size_t i = 0; i < WAY_PROGRAMS && way->programs[i] != NO_PROGRAM; i++)
		if (!object_load_has(t->load, way->programs[i]))
			return way->programs[i];
	return NO_PROGRAM;
}

/* Of those that work the first is taken; of those that don't, the reason is kept. */
static void judge(struct object_tier *t, size_t slot, const struct way *way)
{
	struct kind_tier *k = &t->kinds[slot];
	uint8_t program = lacking(t, way);
	if (program != NO_PROGRAM) {
		say(k, object_load_name(t->load, program), "is not in this kernel");
		return;
	}
	program = obstacle(t, way);
	if (program == NO_PROGRAM) {
		t->chosen[slot] = way;
		k->tier = way->tier;
		return;
	}
	int err = object_load_err(t->load, program);
	say(k, object_load_name(t->load, program), err ? strerror(-err) : "did not fire when tried");
}

/* The kinds that no better tier has taken, by this one. */
static void add_programs(const struct object_tier *t, uint8_t tier, bool programs[BPF_OBJECT_PROGRAMS])
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i];
		if (way->tier != tier || t->chosen[i / 2] || lacking(t, way) != NO_PROGRAM)
			continue;
		for (size_t j = 0; j < WAY_PROGRAMS && way->programs[j] != NO_PROGRAM; j++)
			programs[way->programs[j]] = true;
		if (way->beside != NO_PROGRAM)
			programs[way->beside] = true;
	}
}

static void try_tier(struct object_tier *t, uint8_t tier)
{
	bool programs[BPF_OBJECT_PROGRAMS] = { false };
	int err = -ENOENT;
	add_programs(t, tier, programs);
	object_load_attach(t->load, programs);
	for (size_t i = 0; i < ARRAY_SIZE(trial_parents) && err; i++)
		err = object_trial(trial_parents[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (ways[i].tier == tier && !t->chosen[i / 2])
			judge(t, i / 2, &ways[i]);
}

/* By itself, for many kernels refuse it. Tried by an exec of our own: what it gives must be the right one. */
static void try_hash(struct object_tier *t, const struct bpf_maps *maps)
{
	struct kind_tier *k = &t->kinds[HASH_SLOT];
	const char *name = object_load_name(t->load, BPF_LSM_EXEC_HASH);
	const bool program[BPF_OBJECT_PROGRAMS] = { [BPF_LSM_EXEC_HASH] = true };
	object_load_attach(t->load, program);
	int err = object_load_err(t->load, BPF_LSM_EXEC_HASH);
	if (!err)
		err = hash_trial(maps->fd[BPF_MAP_EXEC_HASHES]);
	t->used[BPF_LSM_EXEC_HASH] = !err;
	if (!object_load_has(t->load, BPF_LSM_EXEC_HASH))
		say(k, name, "is not in this kernel: no SHA-256");
	else if (err == -ENODATA)
		say(k, name, "gave no SHA-256 when tried");
	else if (err == -EBADMSG)
		say(k, name, "gave a wrong SHA-256 when tried");
	else if (err)
		say(k, name, strerror(-err));
	else
		say(k, name, "gave the right SHA-256 when tried");
}

/* What is attached and not needed would cost, and tell of what nobody has proven. */
static void settle(struct object_tier *t)
{
	for (size_t slot = 0; slot < SLOTS; slot++) {
		const struct way *way = t->chosen[slot];
		for (size_t i = 0; way && i < WAY_PROGRAMS && way->programs[i] != NO_PROGRAM; i++)
			t->used[way->programs[i]] = true;
		if (way && way->beside != NO_PROGRAM)
			t->used[way->beside] = object_load_err(t->load, way->beside) == 0;
	}
	for (int program = 0; program < BPF_OBJECT_PROGRAMS; program++)
		if (!t->used[program])
			object_load_detach(t->load, (enum bpf_object_program)program);
}

static void describe(struct object_tier *t)
{
	for (size_t slot = 0; t->kinds[slot].kind; slot++) {
		struct kind_tier *k = &t->kinds[slot];
		if (!k->tier && k->kind != KIND_CLOSE)
			k->tier = SENSOR_BPF_TRACEPOINT;
		const struct way *way = t->chosen[slot];
		for (size_t i = 0; way && i < WAY_PROGRAMS && way->programs[i] != NO_PROGRAM; i++)
			say(k, object_load_name(t->load, way->programs[i]), "fired when tried");
	}
}

static void free_tier(struct object_tier **t)
{
	object_tier_free(*t);
}

int object_tier_open(const struct bpf_maps *maps, struct object_tier **ret)
{
	static_assert(ARRAY_SIZE(ways) % 2 == 0, "two ways a kind");
	struct object_tier *t cleanup(free_tier) = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		t->kinds[i / 2].kind = ways[i].kind;
	t->kinds[HASH_SLOT].kind = KIND_EXEC;
	int err = object_load_open(maps, &t->load);
	if (!err) {
		try_hash(t, maps);
		try_tier(t, SENSOR_BPF_LSM);
		try_tier(t, SENSOR_BPF_FENTRY);
		settle(t);
	} else {
		for (size_t slot = 0; t->kinds[slot].kind; slot++)
			say(&t->kinds[slot], "", strerror(-err));
	}
	describe(t);
	*ret = TAKE_PTR(t);
	return 0;
}

void object_tier_free(struct object_tier *t)
{
	if (!t)
		return;
	object_load_free(t->load);
	free(t);
}

/* Of an exec not the record stands behind the gate, but its hash. */
static bool opens(const struct object_tier *t, size_t slot, const struct kinds *wanted)
{
	return slot == HASH_SLOT ? t->used[BPF_LSM_EXEC_HASH]
	                         : t->chosen[slot] && kinds_wanted(wanted, t->kinds[slot].kind);
}

int object_tier_start(struct object_tier *t, const struct kinds *wanted)
{
	int err = 0;
	for (size_t slot = 0; t->load && t->kinds[slot].kind && !err; slot++)
		err = object_load_set_gate(t->load, t->kinds[slot].kind, opens(t, slot, wanted));
	return err;
}

void object_tier_detach(struct object_tier *t)
{
	for (int program = 0; t->load && program < BPF_OBJECT_PROGRAMS; program++)
		object_load_detach(t->load, (enum bpf_object_program)program);
}

const char *object_tier_word(uint8_t tier)
{
	return tier == SENSOR_BPF_LSM          ? "lsm"
	       : tier == SENSOR_BPF_FENTRY     ? "fentry"
	       : tier == SENSOR_BPF_TRACEPOINT ? "tracepoint"
	                                       : "none";
}

const struct kind_tier *object_tier_kinds(const struct object_tier *t)
{
	static const struct kind_tier none = { 0 };
	return t ? t->kinds : &none;
}

bool object_tier_uses(const struct object_tier *t, enum bpf_object_program program)
{
	return t && t->used[program];
}

const struct object_load *object_tier_programs(const struct object_tier *t)
{
	return t ? t->load : NULL;
}
