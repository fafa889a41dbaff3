#include "cli/field.h"

#include <arpa/inet.h>

#include "cli/system_field.h"
#include "evidence/seal.h"
#include "evidence/sensor.h"
#include "lib/cbor.h"

static const char *pick(const char *const *names, size_t n, uint64_t v)
{
	return v < n ? names[v] : NULL;
}

static const char *cause_name(uint64_t v)
{
	static const char *const names[] = { "found", "fork", "unknown", "changed", "repeated" };
	return pick(names, ARRAY_SIZE(names), v);
}

static const char *goodbye_name(uint64_t v)
{
	return v == 0 ? "agent_stops" : NULL;
}

static const struct field_row process_rows[] = {
	{ PROCESS_PID, "pid", FORM_ANY, NULL, false },
	{ PROCESS_START, "start_boot_us", FORM_ANY, NULL, true },
	{ PROCESS_PARENT_PID, "ppid", FORM_ANY, NULL, false },
	{ PROCESS_PARENT, "parent", FORM_ANY, NULL, true },
	{ PROCESS_EXE, "exe", FORM_TEXT, NULL, false },
	{ PROCESS_ARGV, "argv", FORM_TEXT, NULL, false },
	{ PROCESS_CWD, "cwd", FORM_TEXT, NULL, false },
	{ PROCESS_UIDS, "uids", FORM_ANY, NULL, false },
	{ PROCESS_GIDS, "gids", FORM_ANY, NULL, true },
	{ PROCESS_LOGINUID, "auid", FORM_ANY, NULL, false },
	{ PROCESS_SESSION, "session", FORM_ANY, NULL, false },
	{ PROCESS_TTY, "tty", FORM_TEXT, NULL, false },
	{ PROCESS_CGROUP, "cgroup", FORM_ANY, NULL, true },
	{ PROCESS_NAMESPACES, "namespaces", FORM_ANY, NULL, true },
	{ PROCESS_COMM, "comm", FORM_TEXT, NULL, true },
	{ PROCESS_MARKS, "marks", FORM_MARKS, NULL, false },
	{ PROCESS_ARGV_BYTES, "argv_bytes", FORM_ANY, NULL, true },
	{ PROCESS_DEVICE, "device", FORM_DEVICE, NULL, true },
	{ PROCESS_INODE, "inode", FORM_ANY, NULL, true },
	{ PROCESS_CAUSE, "cause", FORM_WORD, cause_name, false },
	{ PROCESS_TID, "tid", FORM_ANY, NULL, true },
	{ PROCESS_PREVIOUS, "previous", FORM_ANY, NULL, true },
	{ PROCESS_FILENAME, "filename", FORM_TEXT, NULL, false },
	{ PROCESS_FILE, "file", FORM_ANY, NULL, true },
	{ PROCESS_INTERPRETER, "interpreter", FORM_TEXT, NULL, false },
	{ PROCESS_LINKER_NAMES, "linker_env", FORM_TEXT, NULL, false },
	{ PROCESS_CAPABILITIES, "capabilities", FORM_BITS, NULL, true },
	{ PROCESS_CONTAINER, "container", FORM_TEXT, NULL, false },
	{ PROCESS_SHA256, "exe_sha256", FORM_HEX, NULL, true },
	{ PROCESS_AUDIT_SERIAL, "audit_serial", FORM_ANY, NULL, true },
};

static const struct field_row exit_rows[] = {
	{ EXIT_CODE, "code", FORM_ANY, NULL, false },
	{ EXIT_SIGNAL, "signal", FORM_ANY, NULL, false },
	{ EXIT_CORE, "core", FORM_ANY, NULL, false },
};

static const struct field_row file_rows[] = {
	{ FILE_PATH, "path", FORM_TEXT, NULL, false },
	{ FILE_RESULT, "result", FORM_RESULT, NULL, false },
	{ FILE_TARGET, "target", FORM_TEXT, NULL, false },
	{ FILE_FLAGS, "flags", FORM_ANY, NULL, false },
	{ FILE_MODE, "mode", FORM_OCTAL, NULL, false },
	{ FILE_DEVICE, "device", FORM_DEVICE, NULL, true },
	{ FILE_INODE, "inode", FORM_ANY, NULL, true },
	{ FILE_UID, "uid", FORM_ANY, NULL, false },
	{ FILE_GID, "gid", FORM_ANY, NULL, false },
	{ FILE_NAME, "name", FORM_TEXT, NULL, false },
	{ FILE_MARKS, "marks", FORM_MARKS, NULL, false },
	{ FILE_CLAIM, "claim", FORM_TEXT, NULL, false },
	{ FILE_SIZE, "size", FORM_ANY, NULL, false },
	{ FILE_TID, "tid", FORM_ANY, NULL, true },
	{ FILE_SYSCALL, "syscall", FORM_ANY, NULL, true },
	{ FILE_TARGET_MARKS, "target_marks", FORM_MARKS, NULL, false },
	{ FILE_OPCODE, "opcode", FORM_ANY, NULL, false },
	{ FILE_RDEV, "rdev", FORM_DEVICE, NULL, false },
	{ FILE_LABELS, "labels", FORM_TEXT, NULL, false },
	{ FILE_COUNT, "count", FORM_ANY, NULL, false },
	{ FILE_FIRST, "first_boot_us", FORM_ANY, NULL, true },
	{ FILE_LAST, "last_boot_us", FORM_ANY, NULL, true },
	{ FILE_ATTRIBUTES, "attributes", FORM_BITS, NULL, false },
	{ FILE_REPEATED, "of", FORM_WORD, entry_kind_name, false },
};

static const struct field_row open_rows[] = { { FILE_FLAGS, "flags", FORM_OPEN_FLAGS, NULL, false } };

static const struct field_row audit_rows[] = {
	{ AUDIT_TYPE, "type", FORM_ANY, NULL, true },
	{ AUDIT_SERIAL, "serial", FORM_ANY, NULL, false },
	{ AUDIT_TIME, "time_ms", FORM_ANY, NULL, true },
	{ AUDIT_RECORDS, "records", FORM_TEXT, NULL, true },
	{ AUDIT_PID, "pid", FORM_ANY, NULL, false },
	{ AUDIT_UID, "uid", FORM_ANY, NULL, false },
	{ AUDIT_LOGINUID, "auid", FORM_ANY, NULL, false },
	{ AUDIT_SESSION, "session", FORM_ANY, NULL, false },
	{ AUDIT_OP, "op", FORM_TEXT, NULL, false },
	{ AUDIT_ACCOUNT, "account", FORM_TEXT, NULL, false },
	{ AUDIT_EXE, "exe", FORM_TEXT, NULL, false },
	{ AUDIT_HOSTNAME, "hostname", FORM_TEXT, NULL, false },
	{ AUDIT_ADDRESS, "address", FORM_TEXT, NULL, false },
	{ AUDIT_TERMINAL, "terminal", FORM_TEXT, NULL, false },
	{ AUDIT_SUCCESS, "success", FORM_ANY, NULL, false },
	{ AUDIT_MARKS, "marks", FORM_MARKS, NULL, false },
};

static const struct field_row seal_rows[] = {
	{ 0, "first", FORM_ANY, NULL, false },      { 1, "count", FORM_ANY, NULL, false },
	{ 2, "boot_id", FORM_HEX, NULL, false },    { 3, "clock", FORM_ANY, NULL, false },
	{ 4, "next_key", FORM_HEX, NULL, false },   { 5, "account", FORM_ANY, NULL, false },
	{ 6, "high_water", FORM_ANY, NULL, false }, { 7, "posture", FORM_HEX, NULL, false },
	{ 8, "config", FORM_HEX, NULL, false },     { 9, "fleet_head", FORM_HEX, NULL, false },
};

static const struct field_row epoch_rows[] = {
	{ 0, "epoch", FORM_ANY, NULL, false },       { 1, "cause", FORM_WORD, epoch_cause_name, false },
	{ 2, "predecessor", FORM_HEX, NULL, false }, { 3, "receipted", FORM_HEX, NULL, false },
	{ 4, "first_key", FORM_HEX, NULL, false },   { 5, "fleet_log", FORM_TEXT, NULL, false },
	{ 6, "certificate", FORM_HEX, NULL, false }, { 7, "token", FORM_HEX, NULL, false },
	{ 8, "abandoned", FORM_ANY, NULL, false },   { 9, "version", FORM_TEXT, NULL, false },
};

static const struct field_row posture_rows[] = {
	{ 0, "hooks", FORM_TEXT, NULL, false },
	{ 1, "audit", FORM_TEXT, NULL, false },
	{ 2, "unreported", FORM_ANY, NULL, false },
	{ 3, "not_seen", FORM_TEXT, NULL, false },
	{ 4, "own_files_left_out", FORM_ANY, NULL, false },
	{ 5, "kernel", FORM_TEXT, NULL, false },
	{ 6, "btf", FORM_ANY, NULL, false },
	{ 7, "file_system", FORM_TEXT, NULL, false },
	{ 8, "tiers", FORM_TEXT, NULL, false },
};

static const struct field_row loss_rows[] = {
	{ LOSS_REASON, "reason", FORM_WORD, loss_reason_name, false },
	{ LOSS_COUNT, "count", FORM_ANY, NULL, false },
	{ LOSS_EXACTNESS, "exactness", FORM_WORD, exactness_name, false },
	{ LOSS_KIND, "kind", FORM_WORD, entry_kind_name, false },
	{ LOSS_SINCE, "since_boot_us", FORM_ANY, NULL, false },
	{ LOSS_DETAIL, "detail", FORM_TEXT, NULL, false },
};

static const struct field_row goodbye_rows[] = { { 0, "reason", FORM_WORD, goodbye_name, false } };
static const struct field_row agent_rows[] = { { 0, "what", FORM_WORD, agent_what_name, false },
	                                       { 1, "detail", FORM_TEXT, NULL, false },
	                                       { AGENT_CONFIG_HASH, "agent_yaml", FORM_HEX, NULL, false },
	                                       { AGENT_RULES_HASH, "rules", FORM_HEX, NULL, false },
	                                       { AGENT_RULES_TEXT, "rules_text", FORM_TEXT, NULL, true } };

static const struct field_row change_rows[] = {
	{ CHANGE_WHAT, "what", FORM_WORD, change_what_name, false },
	{ CHANGE_NAME, "name", FORM_TEXT, NULL, false },
	{ CHANGE_FROM, "from", FORM_PRINTABLE, NULL, false },
	{ CHANGE_TO, "to", FORM_PRINTABLE, NULL, false },
	{ CHANGE_SERIAL, "serial", FORM_ANY, NULL, false },
	{ CHANGE_PID, "pid", FORM_ANY, NULL, false },
	{ CHANGE_UID, "uid", FORM_ANY, NULL, false },
	{ CHANGE_LOGINUID, "auid", FORM_ANY, NULL, false },
	{ CHANGE_SESSION, "session", FORM_ANY, NULL, false },
	{ CHANGE_EXE, "exe", FORM_TEXT, NULL, false },
	{ CHANGE_DETAIL, "detail", FORM_TEXT, NULL, false },
};

static const char *throttle_name(uint64_t v)
{
	static const char *const names[] = { "started", "stopped" };
	return pick(names, ARRAY_SIZE(names), v);
}

static const struct field_row throttle_rows[] = {
	{ THROTTLE_WHAT, "what", FORM_WORD, throttle_name, false },
	{ THROTTLE_CGROUP, "cgroup", FORM_ANY, NULL, false },
	{ THROTTLE_RATE, "rate", FORM_ANY, NULL, false },
	{ THROTTLE_BURST, "burst", FORM_ANY, NULL, false },
	{ THROTTLE_COUNT, "count", FORM_ANY, NULL, false },
	{ THROTTLE_SINCE, "since_boot_us", FORM_ANY, NULL, true },
};

static const struct field_row disagreement_rows[] = {
	{ DISAGREEMENT_WHAT, "what", FORM_WORD, entry_kind_name, false },
	{ DISAGREEMENT_SEEN, "seen_by", FORM_SENSORS, NULL, false },
	{ DISAGREEMENT_MISSED, "missed_by", FORM_SENSORS, NULL, false },
	{ DISAGREEMENT_COUNT, "count", FORM_ANY, NULL, false },
	{ DISAGREEMENT_PID, "pid", FORM_ANY, NULL, false },
	{ DISAGREEMENT_PARENT_PID, "ppid", FORM_ANY, NULL, false },
	{ DISAGREEMENT_EXE, "exe", FORM_TEXT, NULL, false },
	{ DISAGREEMENT_UID, "uid", FORM_ANY, NULL, false },
	{ DISAGREEMENT_LOGINUID, "auid", FORM_ANY, NULL, false },
	{ DISAGREEMENT_SESSION, "session", FORM_ANY, NULL, false },
	{ DISAGREEMENT_SERIAL, "serial", FORM_ANY, NULL, false },
};

static const struct field_row confirmation_rows[] = {
	{ CONFIRMATION_WHAT, "what", FORM_WORD, entry_kind_name, false },
	{ CONFIRMATION_SERIAL, "serial", FORM_ANY, NULL, false },
};

#define ROWS(r) (r), ARRAY_SIZE(r)

/* First match wins. */
static const struct {
	uint64_t first_kind, last_kind;
	const struct field_row *rows;
	size_t count;
	uint64_t subject;
} families[] = {
	{ KIND_SEAL, KIND_SEAL, ROWS(seal_rows), UINT64_MAX },
	{ KIND_EPOCH, KIND_EPOCH, ROWS(epoch_rows), UINT64_MAX },
	{ KIND_POSTURE, KIND_POSTURE, ROWS(posture_rows), UINT64_MAX },
	{ KIND_LOSS, KIND_LOSS, ROWS(loss_rows), LOSS_REASON },
	{ KIND_GOODBYE, KIND_GOODBYE, ROWS(goodbye_rows), 0 },
	{ KIND_AGENT, KIND_AGENT, ROWS(agent_rows), 0 },
	{ KIND_PROCESS, KIND_EXEC, ROWS(process_rows), PROCESS_EXE },
	{ KIND_EXIT, KIND_EXIT, ROWS(exit_rows), UINT64_MAX },
	/* What these have in common with files; the rest is in system_field.c. */
	{ KIND_CREDENTIALS, KIND_CREDENTIALS, ROWS(file_rows), SYSTEM_OPERATION },
	{ KIND_EXEC_FAILED, KIND_EXEC_FAILED, ROWS(file_rows), FILE_PATH },
	{ KIND_MOUNT, KIND_UMOUNT, ROWS(file_rows), FILE_PATH },
	{ KIND_PTRACE, KIND_PTRACE, ROWS(file_rows), SYSTEM_OPERATION },
	{ KIND_MODULE_LOAD, KIND_MODULE_LOAD, ROWS(file_rows), FILE_PATH },
	{ KIND_MODULE_UNLOAD, KIND_MODULE_UNLOAD, ROWS(file_rows), FILE_NAME },
	{ KIND_BPF, KIND_BPF, ROWS(file_rows), SYSTEM_OPTION },
	{ KIND_TIME, KIND_SIGNAL, ROWS(file_rows), SYSTEM_OPERATION },
	{ KIND_CONNECT, KIND_BIND, ROWS(file_rows), SYSTEM_ADDRESS },
	{ KIND_OPEN, KIND_OPEN, ROWS(open_rows), FILE_PATH },
	{ KIND_READ, KIND_READ, ROWS(open_rows), FILE_PATH },
	{ KIND_OPEN, KIND_CLOSE, ROWS(file_rows), FILE_PATH },
	{ KIND_AUDIT_LOGIN, KIND_AUDIT_OTHER, ROWS(audit_rows), AUDIT_OP },
	{ KIND_SENSOR, KIND_SENSOR, ROWS(change_rows), CHANGE_WHAT },
	{ KIND_DISAGREEMENT, KIND_DISAGREEMENT, ROWS(disagreement_rows), DISAGREEMENT_WHAT },
	{ KIND_THROTTLE, KIND_THROTTLE, ROWS(throttle_rows), THROTTLE_WHAT },
	{ KIND_REPEATS, KIND_REPEATS, ROWS(file_rows), FILE_PATH },
	{ KIND_CONFIRMATION, KIND_CONFIRMATION, ROWS(confirmation_rows), CONFIRMATION_WHAT },
};

const struct field_row *field_find(uint64_t kind, uint64_t key)
{
	const struct field_row *row = system_field_find(kind, key);
	if (row)
		return row;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (kind < families[i].first_kind || kind > families[i].last_kind)
			continue;
		for (size_t k = 0; k < families[i].count; k++) {
			if (families[i].rows[k].key == key)
				return &families[i].rows[k];
		}
	}
	return NULL;
}

uint64_t field_subject(uint64_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (kind >= families[i].first_kind && kind <= families[i].last_kind)
			return families[i].subject;
	}
	return UINT64_MAX;
}

struct span field_acl(uint64_t kind, uint64_t key, struct cursor value)
{
	static const char prefix[] = "system.posix_acl_";
	struct span none = { 0 };
	if ((kind != KIND_SETXATTR && kind != KIND_REMOVEXATTR) || key != FILE_NAME ||
	    cbor_peek(&value) != CBOR_BYTES)
		return none;
	struct span name = cbor_bytes(&value);
	if (value.err || !span_starts(name, prefix))
		return none;
	return (struct span){ name.data + sizeof(prefix) - 1, name.len - (sizeof(prefix) - 1) };
}

bool field_put_address(struct buf *b, struct span address)
{
	char text[INET6_ADDRSTRLEN];
	if (address.len != 4 && address.len != 16)
		return false;
	if (inet_ntop(address.len == 4 ? AF_INET : AF_INET6, address.data, text, sizeof(text)))
		buf_put_str(b, text);
	return true;
}

const char *field_mark_name(unsigned bit)
{
	static const char *const names[] = { "path_cut",    "caller_string",  "shared_file_table",
		                             "caller_rest", "compat_syscall", "argv_cut",
		                             "string_cut",  "memory_fault",   "incomplete",
		                             "malformed",   "deleted",        "detached",
		                             "in_memory",   "env_cut",        "by_object",
		                             "redacted",    "foreign_pid" };
	return pick(names, ARRAY_SIZE(names), bit);
}

const char *field_sensor_name(unsigned bit)
{
	static const char *const names[] = { "agent",   "bpf_tracepoint", "bpf_fentry",
		                             "bpf_lsm", "audit",          "proc" };
	return pick(names, ARRAY_SIZE(names), bit);
}
