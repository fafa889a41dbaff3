#include "cli/system_field.h"

#include <linux/bpf.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <sys/socket.h>
#include <time.h>

struct name {
	uint64_t value;
	const char *text;
};

static const char *find_name(const struct name *names, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].value == value)
			return names[i].text;
	return NULL;
}

/* A function that names the values of one field. */
#define NAMES(function, ...)                                                                                 \
	static const char *function(uint64_t v)                                                              \
	{                                                                                                    \
		static const struct name names[] = { __VA_ARGS__ };                                          \
		return find_name(names, ARRAY_SIZE(names), v);                                               \
	}

NAMES(credentials_name, { CREDENTIALS_UID, "uid" }, { CREDENTIALS_GID, "gid" },
      { CREDENTIALS_GROUPS, "groups" }, { CREDENTIALS_CAPABILITIES, "capabilities" },
      { CREDENTIALS_PRCTL, "prctl" }, { CREDENTIALS_UNSHARE, "unshare" }, { CREDENTIALS_SETNS, "setns" },
      { CREDENTIALS_CLONE, "clone" })
NAMES(mount_name, { MOUNT_MOUNT, "mount" }, { MOUNT_MOVE, "move_mount" }, { MOUNT_FSMOUNT, "fsmount" },
      { MOUNT_SETATTR, "mount_setattr" }, { MOUNT_PIVOT_ROOT, "pivot_root" }, { MOUNT_CHROOT, "chroot" })
NAMES(ptrace_name, { PTRACE_REQUEST, "ptrace" }, { PTRACE_READ_MEMORY, "read_memory" },
      { PTRACE_WRITE_MEMORY, "write_memory" }, { PTRACE_TAKE_DESCRIPTOR, "take_descriptor" })
NAMES(module_name, { MODULE_FROM_MEMORY, "from_memory" }, { MODULE_FROM_FILE, "from_file" })
NAMES(time_name, { TIME_CLOCK, "clock" }, { TIME_OF_DAY, "time_of_day" }, { TIME_ADJUST, "adjust" })
NAMES(signal_name, { SIGNAL_PROCESS, "process" }, { SIGNAL_THREAD, "thread" }, { SIGNAL_PIDFD, "pidfd" })

NAMES(prctl_name, { PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS" }, { PR_SET_SECUREBITS, "PR_SET_SECUREBITS" },
      { PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS" }, { PR_CAP_AMBIENT, "PR_CAP_AMBIENT" })
NAMES(request_name, { PTRACE_TRACEME, "PTRACE_TRACEME" }, { PTRACE_POKETEXT, "PTRACE_POKETEXT" },
      { PTRACE_POKEDATA, "PTRACE_POKEDATA" }, { 6, "PTRACE_POKEUSER" }, { 13, "PTRACE_SETREGS" },
      { 15, "PTRACE_SETFPREGS" }, { PTRACE_ATTACH, "PTRACE_ATTACH" }, { PTRACE_SEIZE, "PTRACE_SEIZE" },
      { PTRACE_SETREGSET, "PTRACE_SETREGSET" })
NAMES(command_name, { BPF_PROG_LOAD, "BPF_PROG_LOAD" }, { BPF_OBJ_PIN, "BPF_OBJ_PIN" },
      { BPF_OBJ_GET, "BPF_OBJ_GET" }, { BPF_MAP_GET_FD_BY_ID, "BPF_MAP_GET_FD_BY_ID" },
      { BPF_PROG_ATTACH, "BPF_PROG_ATTACH" }, { BPF_PROG_DETACH, "BPF_PROG_DETACH" },
      { BPF_RAW_TRACEPOINT_OPEN, "BPF_RAW_TRACEPOINT_OPEN" }, { BPF_LINK_CREATE, "BPF_LINK_CREATE" },
      { BPF_LINK_UPDATE, "BPF_LINK_UPDATE" }, { BPF_LINK_DETACH, "BPF_LINK_DETACH" })
NAMES(clock_name, { CLOCK_REALTIME, "CLOCK_REALTIME" }, { CLOCK_TAI, "CLOCK_TAI" })
NAMES(family_name, { AF_UNIX, "AF_UNIX" }, { AF_INET, "AF_INET" }, { AF_INET6, "AF_INET6" },
      { AF_NETLINK, "AF_NETLINK" }, { AF_PACKET, "AF_PACKET" }, { AF_VSOCK, "AF_VSOCK" },
      { AF_UNSPEC, "AF_UNSPEC" })

/* What a field means in one kind alone. */
static const struct {
	uint64_t kind;
	struct field_row row;
} special[] = {
	{ KIND_CREDENTIALS, { FILE_FLAGS, "flags", FORM_BITS, NULL, false } },
	{ KIND_CREDENTIALS, { SYSTEM_OPERATION, "operation", FORM_WORD, credentials_name, false } },
	{ KIND_CREDENTIALS, { SYSTEM_OPTION, "option", FORM_WORD, prctl_name, false } },
	{ KIND_MOUNT, { FILE_TARGET, "source", FORM_TEXT, NULL, false } },
	{ KIND_MOUNT, { FILE_FLAGS, "flags", FORM_BITS, NULL, false } },
	{ KIND_MOUNT, { FILE_NAME, "fstype", FORM_TEXT, NULL, false } },
	{ KIND_MOUNT, { FILE_TARGET_MARKS, "source_marks", FORM_MARKS, NULL, false } },
	{ KIND_MOUNT, { SYSTEM_OPERATION, "operation", FORM_WORD, mount_name, false } },
	{ KIND_PTRACE, { SYSTEM_OPERATION, "operation", FORM_WORD, ptrace_name, false } },
	{ KIND_PTRACE, { SYSTEM_OPTION, "request", FORM_WORD, request_name, false } },
	{ KIND_MODULE_LOAD, { FILE_NAME, "parameters", FORM_TEXT, NULL, false } },
	{ KIND_MODULE_LOAD, { SYSTEM_OPERATION, "operation", FORM_WORD, module_name, false } },
	{ KIND_MODULE_LOAD, { SYSTEM_COUNT, "size", FORM_ANY, NULL, false } },
	{ KIND_MODULE_UNLOAD, { FILE_NAME, "module", FORM_TEXT, NULL, false } },
	{ KIND_BPF, { FILE_NAME, "tracepoint", FORM_TEXT, NULL, false } },
	{ KIND_BPF, { SYSTEM_OPTION, "command", FORM_WORD, command_name, false } },
	{ KIND_TIME, { SYSTEM_OPERATION, "operation", FORM_WORD, time_name, false } },
	{ KIND_TIME, { SYSTEM_OPTION, "clock", FORM_WORD, clock_name, false } },
	{ KIND_TIME, { SYSTEM_ARGUMENTS, "modes", FORM_BITS, NULL, false } },
	{ KIND_SIGNAL, { SYSTEM_OPERATION, "operation", FORM_WORD, signal_name, false } },
};

static const struct field_row rows[] = {
	{ SYSTEM_OPERATION, "operation", FORM_ANY, NULL, false },
	{ SYSTEM_PID, "target_pid", FORM_ANY, NULL, false },
	{ SYSTEM_TARGET, "target", FORM_ANY, NULL, false },
	{ SYSTEM_SIGNAL, "signal", FORM_ANY, NULL, false },
	{ SYSTEM_ARGV, "argv", FORM_TEXT, NULL, false },
	{ SYSTEM_OLD_UIDS, "old_uids", FORM_ANY, NULL, false },
	{ SYSTEM_NEW_UIDS, "new_uids", FORM_ANY, NULL, false },
	{ SYSTEM_OLD_GIDS, "old_gids", FORM_ANY, NULL, false },
	{ SYSTEM_NEW_GIDS, "new_gids", FORM_ANY, NULL, false },
	{ SYSTEM_ASKED, "asked", FORM_ANY, NULL, false },
	{ SYSTEM_CAPABILITIES, "capabilities", FORM_BITS, NULL, false },
	{ SYSTEM_COUNT, "count", FORM_ANY, NULL, false },
	{ SYSTEM_OPTION, "option", FORM_ANY, NULL, false },
	{ SYSTEM_ARGUMENTS, "arguments", FORM_ANY, NULL, false },
	{ SYSTEM_PROGRAM_TYPE, "program_type", FORM_ANY, NULL, false },
	{ SYSTEM_ATTACH_TYPE, "attach_type", FORM_ANY, NULL, false },
	{ SYSTEM_PROGRAM, "program", FORM_TEXT, NULL, false },
	{ SYSTEM_TIME, "set_to", FORM_ANY, NULL, false },
	{ SYSTEM_FAMILY, "family", FORM_WORD, family_name, false },
	{ SYSTEM_ADDRESS, "address", FORM_ADDRESS, NULL, false },
	{ SYSTEM_PORT, "port", FORM_ANY, NULL, false },
	{ SYSTEM_UNIX_NAME, "unix_name", FORM_TEXT, NULL, false },
};

static bool is_system(uint64_t kind)
{
	return (kind >= KIND_CREDENTIALS && kind <= KIND_EXEC_FAILED) ||
	       (kind >= KIND_MOUNT && kind <= KIND_UMOUNT) || (kind >= KIND_PTRACE && kind <= KIND_SIGNAL) ||
	       (kind >= KIND_CONNECT && kind <= KIND_BIND);
}

const struct field_row *system_field_find(uint64_t kind, uint64_t key)
{
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (special[i].kind == kind && special[i].row.key == key)
			return &special[i].row;
	for (size_t i = 0; is_system(kind) && i < ARRAY_SIZE(rows); i++)
		if (rows[i].key == key)
			return &rows[i];
	return NULL;
}
