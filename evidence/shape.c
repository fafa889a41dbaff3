#include "evidence/shape.h"

#include "evidence/posture.h"
#include "lib/cbor.h"

/* A form: u unsigned integer, i any integer, b bytes, t true or false, (...) an array of exactly these, *
 * before one: an array of any number of it. */
struct field_shape {
	uint8_t key;
	bool required;
	const char *form;
};

static const struct field_shape posture_fields[] = {
	{ POSTURE_HOOKS, true, "*(buu)" },    { POSTURE_AUDIT, true, "(uub)" },
	{ POSTURE_KINDS_UNSEEN, true, "*u" }, { POSTURE_UNSEEN, true, "*b" },
	{ POSTURE_OWN_LEFT_OUT, true, "t" },  { POSTURE_KERNEL, true, "b" },
	{ POSTURE_BTF, true, "t" },           { POSTURE_FILE_SYSTEM, false, "b" },
};

static const struct field_shape goodbye_fields[] = { { 0, true, "u" } };
static const struct field_shape agent_fields[] = { { 0, true, "u" }, { 1, false, "b" } };

static const struct field_shape process_fields[] = {
	{ PROCESS_PID, true, "u" },         { PROCESS_START, false, "u" },
	{ PROCESS_PARENT_PID, false, "u" }, { PROCESS_PARENT, false, "u" },
	{ PROCESS_EXE, false, "b" },        { PROCESS_ARGV, false, "*b" },
	{ PROCESS_CWD, false, "b" },        { PROCESS_UIDS, false, "(uuuu)" },
	{ PROCESS_GIDS, false, "(uuuu)" },  { PROCESS_LOGINUID, false, "u" },
	{ PROCESS_SESSION, false, "u" },    { PROCESS_TTY, false, "b" },
	{ PROCESS_CGROUP, false, "u" },     { PROCESS_NAMESPACES, false, "(uuuuuuu)" },
	{ PROCESS_COMM, false, "b" },       { PROCESS_MARKS, false, "u" },
	{ PROCESS_ARGV_BYTES, false, "u" }, { PROCESS_DEVICE, false, "u" },
	{ PROCESS_INODE, false, "u" },      { PROCESS_CAUSE, false, "u" },
	{ PROCESS_TID, false, "u" },        { PROCESS_PREVIOUS, false, "u" },
	{ PROCESS_FILENAME, false, "b" },
};

static const struct field_shape exit_fields[] = {
	{ EXIT_CODE, true, "u" },
	{ EXIT_SIGNAL, false, "u" },
	{ EXIT_CORE, false, "t" },
};

static const struct field_shape file_fields[] = {
	{ FILE_PATH, false, "b" },         { FILE_RESULT, false, "i" }, { FILE_TARGET, false, "b" },
	{ FILE_FLAGS, false, "u" },        { FILE_MODE, false, "u" },   { FILE_DEVICE, false, "u" },
	{ FILE_INODE, false, "u" },        { FILE_UID, false, "u" },    { FILE_GID, false, "u" },
	{ FILE_NAME, false, "b" },         { FILE_MARKS, false, "u" },  { FILE_CLAIM, false, "b" },
	{ FILE_SIZE, false, "u" },         { FILE_TID, false, "u" },    { FILE_SYSCALL, false, "u" },
	{ FILE_TARGET_MARKS, false, "u" }, { FILE_OPCODE, false, "u" }, { FILE_RDEV, false, "u" },
};

static const struct field_shape audit_fields[] = {
	{ AUDIT_TYPE, true, "u" },        { AUDIT_SERIAL, true, "u" },    { AUDIT_TIME, true, "u" },
	{ AUDIT_RECORDS, true, "*(ub)" }, { AUDIT_PID, false, "u" },      { AUDIT_UID, false, "u" },
	{ AUDIT_LOGINUID, false, "u" },   { AUDIT_SESSION, false, "u" },  { AUDIT_OP, false, "b" },
	{ AUDIT_ACCOUNT, false, "b" },    { AUDIT_EXE, false, "b" },      { AUDIT_HOSTNAME, false, "b" },
	{ AUDIT_ADDRESS, false, "b" },    { AUDIT_TERMINAL, false, "b" }, { AUDIT_SUCCESS, false, "t" },
	{ AUDIT_MARKS, false, "u" },
};

struct kind_shape {
	uint16_t first, last; /* kinds */
	const struct field_shape *fields;
	size_t count;
};

static const struct kind_shape kinds[] = {
	{ KIND_POSTURE, KIND_POSTURE, posture_fields, ARRAY_SIZE(posture_fields) },
	{ KIND_GOODBYE, KIND_GOODBYE, goodbye_fields, ARRAY_SIZE(goodbye_fields) },
	{ KIND_AGENT, KIND_AGENT, agent_fields, ARRAY_SIZE(agent_fields) },
	{ KIND_PROCESS, KIND_EXEC, process_fields, ARRAY_SIZE(process_fields) },
	{ KIND_EXIT, KIND_EXIT, exit_fields, ARRAY_SIZE(exit_fields) },
	{ KIND_OPEN, KIND_IO_URING, file_fields, ARRAY_SIZE(file_fields) },
	{ KIND_AUDIT_LOGIN, KIND_AUDIT_OTHER, audit_fields, ARRAY_SIZE(audit_fields) },
};

static void match_one(struct cursor *c, char form)
{
	switch (form) {
	case 'u':
		cbor_uint(c);
		break;
	case 'i':
		if (cbor_peek(c) != CBOR_UINT && cbor_peek(c) != CBOR_NEGINT)
			cursor_fail(c);
		cbor_skip(c);
		break;
	case 'b':
		cbor_bytes(c);
		break;
	default:
		cbor_bool(c);
		break;
	}
}

/* One letter, or "(...)" without a list inside. */
static void match_row(struct cursor *c, const char *form)
{
	if (*form != '(') {
		match_one(c, *form);
		return;
	}
	size_t items = (size_t)(strchr(form, ')') - form - 1);
	if (cbor_array(c) != items)
		cursor_fail(c);
	for (size_t i = 0; i < items && !c->err; i++)
		match_one(c, form[1 + i]);
}

static void match(struct cursor *c, const char *form)
{
	if (*form != '*') {
		match_row(c, form);
		return;
	}
	for (size_t n = cbor_array(c); n > 0 && !c->err; n--)
		match_row(c, form + 1);
}

static const struct kind_shape *find_kind(uint64_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kind >= kinds[i].first && kind <= kinds[i].last)
			return &kinds[i];
	}
	return NULL;
}

/* The tables list all keys from 0 without a gap. */
static const struct field_shape *find_field(const struct kind_shape *k, uint64_t key)
{
	return key < k->count ? &k->fields[key] : NULL;
}

bool shape_ok(const struct entry *e)
{
	const struct kind_shape *k = find_kind(e->kind);
	if (!k)
		return true;
	struct cursor c;
	cursor_init(&c, e->fields.data, e->fields.len);
	uint64_t seen = 0;
	int64_t prev = -1;
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		const struct field_shape *f = find_field(k, cbor_key(&c, &prev));
		if (!f) {
			cbor_skip(&c);
			continue;
		}
		seen |= (uint64_t)1 << f->key;
		match(&c, f->form);
	}
	for (size_t i = 0; i < k->count; i++) {
		if (k->fields[i].required && !(seen & (uint64_t)1 << i))
			return false;
	}
	return cursor_finish(&c) == 0;
}
