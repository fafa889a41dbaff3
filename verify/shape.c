#include "verify/shape.h"

#include "evidence/entry.h"
#include "lib/cbor.h"

/* A form, in letters: u uint, i integer, b bytes, h 32 bytes, s 16 bytes, t bool, x exactness; U and H the
 * same or null; *F a list of F; (FF) an array of just these, (F?F) of at least those before the mark. */
struct shape_row {
	uint64_t key;
	bool required;
	const char *form;
};

/* Keys ascend, as those of the map do. */
static const struct shape_row seal_rows[] = {
	{ 0, true, "u" }, { 1, true, "u" },       { 2, true, "s" },  { 3, true, "(uuuu)" },
	{ 4, true, "h" }, { 5, true, "(uuuux)" }, { 6, true, "*u" }, { 7, false, "h" },
	{ 8, true, "h" }, { 9, false, "(uh?u)" },
};
static const struct shape_row epoch_rows[] = {
	{ 0, true, "u" }, { 1, true, "u" }, { 2, false, "(uUH)" }, { 3, false, "(uuh)" },  { 4, true, "h" },
	{ 5, true, "b" }, { 6, true, "h" }, { 7, false, "h" },     { 8, false, "*(uuu)" }, { 9, true, "b" },
};
static const struct shape_row posture_rows[] = {
	{ 0, true, "*(buu)" }, { 1, true, "(uub)" }, { 2, true, "*u" },
	{ 3, true, "*b" },     { 4, true, "t" },     { 5, true, "b" },
	{ 6, true, "t" },      { 7, false, "b" },    { 8, false, "*(uub)" },
};
static const struct shape_row loss_rows[] = {
	{ LOSS_REASON, true, "u" }, { LOSS_COUNT, false, "u" }, { LOSS_EXACTNESS, true, "x" },
	{ LOSS_KIND, false, "u" },  { LOSS_SINCE, false, "u" }, { LOSS_DETAIL, false, "b" },
};
static const struct shape_row goodbye_rows[] = { { 0, true, "u" } };
static const struct shape_row agent_rows[] = { { 0, true, "u" }, { 1, false, "b" } };
static const struct shape_row key_rows[] = { { 0, true, "b" }, { 1, true, "h" } };
static const struct shape_row process_rows[] = {
	{ PROCESS_PID, true, "u" },           { PROCESS_START, false, "u" },
	{ PROCESS_PARENT_PID, false, "u" },   { PROCESS_PARENT, false, "u" },
	{ PROCESS_EXE, false, "b" },          { PROCESS_ARGV, false, "*b" },
	{ PROCESS_CWD, false, "b" },          { PROCESS_UIDS, false, "(uuuu)" },
	{ PROCESS_GIDS, false, "(uuuu)" },    { PROCESS_LOGINUID, false, "u" },
	{ PROCESS_SESSION, false, "u" },      { PROCESS_TTY, false, "b" },
	{ PROCESS_CGROUP, false, "u" },       { PROCESS_NAMESPACES, false, "(uuuuuuu)" },
	{ PROCESS_COMM, false, "b" },         { PROCESS_MARKS, false, "u" },
	{ PROCESS_ARGV_BYTES, false, "u" },   { PROCESS_DEVICE, false, "u" },
	{ PROCESS_INODE, false, "u" },        { PROCESS_CAUSE, false, "u" },
	{ PROCESS_TID, false, "u" },          { PROCESS_PREVIOUS, false, "u" },
	{ PROCESS_FILENAME, false, "b" },     { PROCESS_FILE, false, "(uuuu)" },
	{ PROCESS_INTERPRETER, false, "b" },  { PROCESS_LINKER_NAMES, false, "*b" },
	{ PROCESS_CAPABILITIES, false, "u" }, { PROCESS_CONTAINER, false, "b" },
	{ PROCESS_SHA256, false, "h" },
};
static const struct shape_row exit_rows[] = { { EXIT_CODE, true, "u" },
	                                      { EXIT_SIGNAL, false, "u" },
	                                      { EXIT_CORE, false, "t" } };
static const struct shape_row file_rows[] = {
	{ FILE_PATH, false, "b" },         { FILE_RESULT, false, "i" },     { FILE_TARGET, false, "b" },
	{ FILE_FLAGS, false, "u" },        { FILE_MODE, false, "u" },       { FILE_DEVICE, false, "u" },
	{ FILE_INODE, false, "u" },        { FILE_UID, false, "u" },        { FILE_GID, false, "u" },
	{ FILE_NAME, false, "b" },         { FILE_MARKS, false, "u" },      { FILE_CLAIM, false, "b" },
	{ FILE_SIZE, false, "u" },         { FILE_TID, false, "u" },        { FILE_SYSCALL, false, "u" },
	{ FILE_TARGET_MARKS, false, "u" }, { FILE_OPCODE, false, "u" },     { FILE_RDEV, false, "u" },
	{ FILE_LABELS, false, "*b" },      { FILE_COUNT, false, "u" },      { FILE_FIRST, false, "u" },
	{ FILE_LAST, false, "u" },         { FILE_ATTRIBUTES, false, "u" }, { FILE_REPEATED, false, "u" },
};
static const struct shape_row system_rows[] = {
	{ FILE_PATH, false, "b" },
	{ FILE_RESULT, false, "i" },
	{ FILE_TARGET, false, "b" },
	{ FILE_FLAGS, false, "u" },
	{ FILE_DEVICE, false, "u" },
	{ FILE_INODE, false, "u" },
	{ FILE_NAME, false, "b" },
	{ FILE_MARKS, false, "u" },
	{ FILE_CLAIM, false, "b" },
	{ FILE_TID, false, "u" },
	{ FILE_SYSCALL, false, "u" },
	{ FILE_TARGET_MARKS, false, "u" },
	{ SYSTEM_OPERATION, false, "u" },
	{ SYSTEM_PID, false, "i" },
	{ SYSTEM_TARGET, false, "u" },
	{ SYSTEM_SIGNAL, false, "i" },
	{ SYSTEM_ARGV, false, "*b" },
	{ SYSTEM_OLD_UIDS, false, "(uuuu)" },
	{ SYSTEM_NEW_UIDS, false, "(uuuu)" },
	{ SYSTEM_OLD_GIDS, false, "(uuuu)" },
	{ SYSTEM_NEW_GIDS, false, "(uuuu)" },
	{ SYSTEM_ASKED, false, "*i" },
	{ SYSTEM_CAPABILITIES, false, "(uuu)" },
	{ SYSTEM_COUNT, false, "u" },
	{ SYSTEM_OPTION, false, "i" },
	{ SYSTEM_ARGUMENTS, false, "*u" },
	{ SYSTEM_PROGRAM_TYPE, false, "u" },
	{ SYSTEM_ATTACH_TYPE, false, "u" },
	{ SYSTEM_PROGRAM, false, "b" },
	{ SYSTEM_TIME, false, "(ii)" },
	{ SYSTEM_FAMILY, false, "u" },
	{ SYSTEM_ADDRESS, false, "b" },
	{ SYSTEM_PORT, false, "u" },
	{ SYSTEM_UNIX_NAME, false, "b" },
};
static const struct shape_row audit_rows[] = {
	{ AUDIT_TYPE, true, "u" },        { AUDIT_SERIAL, true, "u" },    { AUDIT_TIME, true, "u" },
	{ AUDIT_RECORDS, true, "*(ub)" }, { AUDIT_PID, false, "u" },      { AUDIT_UID, false, "u" },
	{ AUDIT_LOGINUID, false, "u" },   { AUDIT_SESSION, false, "u" },  { AUDIT_OP, false, "b" },
	{ AUDIT_ACCOUNT, false, "b" },    { AUDIT_EXE, false, "b" },      { AUDIT_HOSTNAME, false, "b" },
	{ AUDIT_ADDRESS, false, "b" },    { AUDIT_TERMINAL, false, "b" }, { AUDIT_SUCCESS, false, "t" },
	{ AUDIT_MARKS, false, "u" },
};

#define ROWS(r) (r), ARRAY_SIZE(r)

static const struct {
	uint64_t first_kind, last_kind;
	const struct shape_row *rows;
	size_t count;
} shapes[] = {
	{ KIND_OPEN, KIND_CLOSE, ROWS(file_rows) }, /* the most frequent first */
	{ KIND_PROCESS, KIND_EXEC, ROWS(process_rows) },
	{ KIND_EXIT, KIND_EXIT, ROWS(exit_rows) },
	{ KIND_CREDENTIALS, KIND_EXEC_FAILED, ROWS(system_rows) },
	{ KIND_MOUNT, KIND_UMOUNT, ROWS(system_rows) },
	{ KIND_PTRACE, KIND_SIGNAL, ROWS(system_rows) },
	{ KIND_CONNECT, KIND_BIND, ROWS(system_rows) },
	{ KIND_AUDIT_LOGIN, KIND_AUDIT_OTHER, ROWS(audit_rows) },
	{ KIND_SEAL, KIND_SEAL, ROWS(seal_rows) },
	{ KIND_LOSS, KIND_LOSS, ROWS(loss_rows) },
	{ KIND_AGENT, KIND_AGENT, ROWS(agent_rows) },
	{ KIND_KEY, KIND_KEY, ROWS(key_rows) },
	{ KIND_GOODBYE, KIND_GOODBYE, ROWS(goodbye_rows) },
	{ KIND_POSTURE, KIND_POSTURE, ROWS(posture_rows) },
	{ KIND_EPOCH, KIND_EPOCH, ROWS(epoch_rows) },
	{ KIND_REPEATS, KIND_REPEATS, ROWS(file_rows) },
};

static bool match(struct cursor *c, const char **form);

/* Forms do not nest deeper than a list of rows. */
static bool match_list(struct cursor *c, const char **form)
{
	const char *one = *form, *after = one;
	/* An empty list's form ends the whole form wherever one is used, so where it would go on does not
	 * matter. */
	if (cbor_peek(c) != CBOR_ARRAY)
		return false;
	size_t n = cbor_array(c);
	for (size_t i = 0; i < n; i++) {
		after = one;
		if (!match(c, &after))
			return false;
	}
	*form = after;
	return true;
}

static bool match_row(struct cursor *c, const char **form)
{
	if (cbor_peek(c) != CBOR_ARRAY)
		return false;
	size_t n = cbor_array(c);
	while (**form != ')') {
		bool optional = **form == '?';
		*form += optional ? 1 : 0;
		if (n == 0 && optional)
			*form += strcspn(*form, ")");
		else if (n-- == 0 || !match(c, form))
			return false;
	}
	(*form)++;
	return n == 0;
}

static bool match(struct cursor *c, const char **form)
{
	enum cbor_type type = cbor_peek(c);
	char letter = *(*form)++;
	switch (letter) {
	case '*':
		return match_list(c, form);
	case '(':
		return match_row(c, form);
	case 'b':
		return type == CBOR_BYTES && (cbor_bytes(c), !c->err);
	case 'h':
		return type == CBOR_BYTES && cbor_bytes(c).len == 32;
	case 's':
		return type == CBOR_BYTES && cbor_bytes(c).len == 16;
	case 'H':
		return cbor_null(c) || (type == CBOR_BYTES && cbor_bytes(c).len == 32);
	case 'u':
		return type == CBOR_UINT && (cbor_uint(c), !c->err);
	case 'U':
		return cbor_null(c) || (type == CBOR_UINT && (cbor_uint(c), !c->err));
	case 'x':
		return type == CBOR_UINT && cbor_uint(c) <= UNKNOWN && !c->err;
	case 't':
		return type == CBOR_BOOL && (cbor_bool(c), !c->err);
	default: /* i */
		if (type != CBOR_UINT && type != CBOR_NEGINT)
			return false;
		cbor_skip(c);
		return !c->err;
	}
}

static bool check_rows(const struct shape_row *row, const struct shape_row *end, struct cursor *c,
                       uint64_t *ret_field)
{
	int64_t prev = -1;
	for (size_t n = cbor_map(c); n > 0; n--) {
		uint64_t key = cbor_key(c, &prev);
		for (; row < end && row->key < key; row++) {
			*ret_field = row->key;
			if (row->required)
				return false;
		}
		*ret_field = key;
		if (row == end || row->key != key) {
			cbor_skip(c);
			continue;
		}
		const char *form = row++->form;
		if (!match(c, &form))
			return false;
	}
	for (; row < end; row++) {
		*ret_field = row->key;
		if (row->required)
			return false;
	}
	return !c->err;
}

bool shape_check(uint64_t kind, struct cursor fields, uint64_t *ret_field)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape_row *rows = shapes[i].rows;
		if (kind >= shapes[i].first_kind && kind <= shapes[i].last_kind)
			return check_rows(rows, rows + shapes[i].count, &fields, ret_field);
	}
	return true;
}
