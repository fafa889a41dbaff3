/* System calls that are not about files: what each is passed, and the fields that a record of it has, beside
 * the result and the call's number. */
#include "tests/vm/probes/actions.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct other_call {
	const char *name, *kind;
	int number, compat; /* -1: none */
	uint64_t args[CALL_ARGS];
	const char *fields;            /* as root; @ is the working directory, $ its device, # *shown */
	const int64_t *first, *second; /* arguments that are known only then */
	const int64_t *shown;
};

#define KEEP 0xffffffffu
#define USER 1001

/* At addresses that fit into 32 bits. */
static uint32_t groups[] = { 1003, 1004 };
static struct __user_cap_header_struct cap_header = { _LINUX_CAPABILITY_VERSION_3, 0 };
static struct __user_cap_data_struct cap_data[2] = { { 1 << CAP_CHOWN, 1 << CAP_CHOWN | 1 << CAP_KILL, 0 },
	                                             { 0, 0, 0 } };
static char none[] = "none", mounted[] = "mounted", tmpfs[] = "tmpfs", rooted[] = "rooted";
static char parameters[] = "sworn=1", module[] = "sworn_none", image[16] = "no module";
static struct timespec now;
static struct timex tick = { .modes = ADJ_TICK };
static struct bpf_insn instructions[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
	                                  { .code = BPF_JMP | BPF_EXIT } };
static char license[] = "GPL";
static union bpf_attr program = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
	                          .insn_cnt = 2,
	                          .prog_name = "sworn_prog" };
static struct sockaddr_in nobody_there = { .sin_family = AF_INET, .sin_port = 0x0900 };
static struct sockaddr_in anywhere = { .sin_family = AF_INET };
static struct sockaddr_un hidden = { .sun_family = AF_UNIX, .sun_path = "\0sworn" };

/* Known when the calls are prepared. */
static int64_t target_pid, agent_pid, seconds, file_fd, file_inode, socket_fd, unix_fd, listening_fd,
        peer_port;

#define ADDRESS(object) ((uint64_t)(uintptr_t)(object))
#define HIDDEN_BYTES    (offsetof(struct sockaddr_un, sun_path) + 6)
#define ROOT_IDS        "[0,0,0,0]"
#define USER_IDS        "[1001,1001,1001,1001]"

static const struct other_call other_calls[] = {
	{ "setuid",
	  "credentials",
	  SYS_setuid,
	  213,
	  { USER },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS ",\"new_uids\":" USER_IDS ",\"asked\":[1001]" },
	{ "setreuid",
	  "credentials",
	  SYS_setreuid,
	  203,
	  { KEEP, USER },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS
	  ",\"new_uids\":[0,1001,1001,1001],\"asked\":[-1,1001]" },
	{ "setresuid",
	  "credentials",
	  SYS_setresuid,
	  208,
	  { KEEP, USER, KEEP },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS
	  ",\"new_uids\":[0,1001,0,1001],\"asked\":[-1,1001,-1]" },
	{ "setfsuid",
	  "credentials",
	  SYS_setfsuid,
	  215,
	  { USER },
	  "\"operation\":\"uid\",\"old_uids\":" ROOT_IDS ",\"new_uids\":[0,0,0,1001],\"asked\":[1001]" },
	{ "setgid",
	  "credentials",
	  SYS_setgid,
	  214,
	  { USER },
	  "\"operation\":\"gid\",\"old_gids\":" ROOT_IDS ",\"new_gids\":" USER_IDS ",\"asked\":[1001]" },
	{ "setregid",
	  "credentials",
	  SYS_setregid,
	  204,
	  { KEEP, USER },
	  "\"operation\":\"gid\",\"old_gids\":" ROOT_IDS
	  ",\"new_gids\":[0,1001,1001,1001],\"asked\":[-1,1001]" },
	{ "setgroups",
	  "credentials",
	  SYS_setgroups,
	  206,
	  { 2, ADDRESS(groups) },
	  "\"operation\":\"groups\",\"asked\":[1003,1004],\"count\":2" },
	{ "capset",
	  "credentials",
	  SYS_capset,
	  185,
	  { ADDRESS(&cap_header), ADDRESS(cap_data) },
	  "\"operation\":\"capabilities\",\"capabilities\":[1,33,0]" },
	{ "no-new-privs",
	  "credentials",
	  SYS_prctl,
	  172,
	  { PR_SET_NO_NEW_PRIVS, 1 },
	  "\"operation\":\"prctl\",\"option\":\"PR_SET_NO_NEW_PRIVS\",\"arguments\":[1,0]" },
	{ "unshare",
	  "credentials",
	  SYS_unshare,
	  310,
	  { CLONE_NEWUTS },
	  "\"operation\":\"unshare\",\"flags\":67108864" },
	{ "mount",
	  "mount",
	  SYS_mount,
	  21,
	  { ADDRESS(none), ADDRESS(mounted), ADDRESS(tmpfs), MS_NOSUID },
	  "\"path\":\"@/"
	  "mounted\",\"source\":\"none\",\"flags\":2,\"fstype\":\"tmpfs\",\"operation\":\"mount\",\"marks\":["
	  "\"caller_rest\"]" },
	{ "umount",
	  "umount",
	  SYS_umount2,
	  52,
	  { ADDRESS(mounted), MNT_DETACH },
	  "\"path\":\"@/mounted\",\"flags\":2,\"marks\":[\"caller_rest\"]" },
	{ "chroot",
	  "mount",
	  SYS_chroot,
	  61,
	  { ADDRESS(rooted) },
	  "\"path\":\"@/rooted\",\"operation\":\"chroot\"" },
	{ "ptrace-traceme",
	  "ptrace",
	  SYS_ptrace,
	  26,
	  { PTRACE_TRACEME },
	  "\"operation\":\"ptrace\",\"request\":\"PTRACE_TRACEME\"" },
	{ "ptrace-seize",
	  "ptrace",
	  SYS_ptrace,
	  26,
	  { PTRACE_SEIZE },
	  "\"operation\":\"ptrace\",\"request\":\"PTRACE_SEIZE\",\"target_pid\":#",
	  .second = &target_pid,
	  .shown = &target_pid },
	{ "process-vm-readv",
	  "ptrace",
	  SYS_process_vm_readv,
	  347,
	  { 0 },
	  "\"operation\":\"read_memory\",\"target_pid\":#",
	  .first = &target_pid,
	  .shown = &target_pid },
	{ "module-file",
	  "module_load",
	  SYS_finit_module,
	  350,
	  { 0, ADDRESS(parameters) },
	  "\"operation\":\"from_file\",\"path\":\"@/"
	  "no-module\",\"parameters\":\"sworn=1\",\"flags\":0,\"device\":$,\"inode\":#",
	  .first = &file_fd,
	  .shown = &file_inode },
	{ "module-memory",
	  "module_load",
	  SYS_init_module,
	  128,
	  { ADDRESS(image), sizeof(image), ADDRESS(parameters) },
	  "\"operation\":\"from_memory\",\"parameters\":\"sworn=1\",\"size\":16" },
	{ "module-unload",
	  "module_unload",
	  SYS_delete_module,
	  129,
	  { ADDRESS(module), O_NONBLOCK },
	  "\"module\":\"sworn_none\",\"flags\":2048" },
	{ "bpf-load",
	  "bpf",
	  SYS_bpf,
	  357,
	  { BPF_PROG_LOAD, ADDRESS(&program), sizeof(program) },
	  "\"command\":\"BPF_PROG_LOAD\",\"program_type\":1,\"attach_type\":0,\"program\":\"sworn_"
	  "prog\"" },
	{ "clock",
	  "time",
	  SYS_clock_settime,
	  404,
	  { CLOCK_REALTIME, ADDRESS(&now) },
	  "\"operation\":\"clock\",\"clock\":\"CLOCK_REALTIME\",\"set_to\":[#,0]",
	  .shown = &seconds },
	{ "adjtimex",
	  "time",
	  SYS_adjtimex,
	  -1,
	  { ADDRESS(&tick) },
	  "\"operation\":\"adjust\",\"modes\":[16384]" },
	{ "kill",
	  "signal",
	  SYS_kill,
	  37,
	  { 0, 0 },
	  "\"operation\":\"process\",\"target_pid\":#,\"signal\":0",
	  .first = &agent_pid,
	  .shown = &agent_pid },
	{ "connect",
	  "connect",
	  SYS_connect,
	  362,
	  { 0, ADDRESS(&nobody_there), sizeof(nobody_there) },
	  "\"family\":\"AF_INET\",\"address\":\"127.0.0.1\",\"port\":9",
	  .first = &socket_fd },
	{ "bind",
	  "bind",
	  SYS_bind,
	  361,
	  { 0, ADDRESS(&anywhere), sizeof(anywhere) },
	  "\"family\":\"AF_INET\",\"address\":\"0.0.0.0\",\"port\":0",
	  .first = &socket_fd },
	{ "bind-unix",
	  "bind",
	  SYS_bind,
	  361,
	  { 0, ADDRESS(&hidden), HIDDEN_BYTES },
	  "\"family\":\"AF_UNIX\",\"unix_name\":\"\\u0000sworn\"",
	  .first = &unix_fd },
	{ "accept",
	  "accept",
	  SYS_accept4,
	  364,
	  { 0 },
	  "\"family\":\"AF_INET\",\"address\":\"127.0.0.1\",\"port\":#",
	  .first = &listening_fd,
	  .shown = &peer_port },
};

static int64_t find_process(const char *comm)
{
	char path[300], name[32];
	int64_t found = 0;
	DIR *proc = opendir("/proc");
	for (struct dirent *d; proc && !found && (d = readdir(proc));) {
		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		FILE *f = fopen(path, "re");
		if (f && fgets(name, sizeof(name), f) && strncmp(name, comm, strlen(comm)) == 0)
			found = atoll(d->d_name);
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	if (!found)
		die(comm);
	return found;
}

static int must(int fd, const char *what)
{
	if (fd < 0)
		die(what);
	return fd;
}

/* A connection that waits to be accepted. */
static void prepare_connection(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	listening_fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	must(bind((int)listening_fd, (struct sockaddr *)&address, size), "bind");
	must(listen((int)listening_fd, 1), "listen");
	must(getsockname((int)listening_fd, (struct sockaddr *)&address, &size), "getsockname");
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	must(connect(fd, (struct sockaddr *)&address, size), "connect");
	must(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
	peer_port = ntohs(address.sin_port);
}

static void prepare(void)
{
	must(mkdir(mounted, 0777), mounted);
	must(mkdir(rooted, 0777), rooted);
	file_fd = must(open("no-module", O_CREAT | O_RDWR | O_CLOEXEC, 0666), "no-module");
	struct stat st;
	must(fstat((int)file_fd, &st), "no-module");
	file_inode = (int64_t)st.st_ino;
	target_pid = must(fork(), "fork");
	if (target_pid == 0)
		for (;;)
			pause();
	agent_pid = find_process("swornlog-sealer");
	program.insns = ADDRESS(instructions);
	program.license = ADDRESS(license);
	nobody_there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socket_fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	unix_fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	prepare_connection();
	tick.tick = 10000;
}

static void release(void)
{
	kill((pid_t)target_pid, SIGKILL);
	waitpid((pid_t)target_pid, NULL, 0);
	close((int)file_fd);
	close((int)socket_fd);
	close((int)unix_fd);
	close((int)listening_fd);
}

static long attempt(const struct place *p, void *context)
{
	const struct other_call *c = context;
	uint64_t args[CALL_ARGS];
	memcpy(args, c->args, sizeof(args));
	if (c->first)
		args[0] = (uint64_t)*c->first;
	if (c->second)
		args[1] = (uint64_t)*c->second;
	return do_call(p, c->number, c->compat, args);
}

static void say_fields(const struct other_call *c, const struct place *p)
{
	fputs(",\"fields\":{", say_to);
	for (const char *s = c->fields; *s; s++) {
		if (*s == '@')
			fputs(p->cwd, say_to);
		else if (*s == '$')
			fprintf(say_to, "%u", p->dev);
		else if (*s == '#')
			fprintf(say_to, "%lld", (long long)*c->shown);
		else
			fputc(*s, say_to);
	}
	fputc('}', say_to);
}

static void say(const struct other_call *c, const struct place *p, int pid, const struct outcome *outcome)
{
	say_begin(p, c->name, c->kind, pid, outcome);
	say_outcome(p, outcome);
	fprintf(say_to, ",\"syscall\":%d", p->compat ? c->compat : c->number);
	say_fields(c, p);
	say_end();
}

void do_others(const struct place *p)
{
	if (strcmp(p->way, "absolute") != 0 && strcmp(p->way, "int80") != 0)
		return;
	prepare();
	for (size_t i = 0; i < sizeof(other_calls) / sizeof(other_calls[0]); i++) {
		const struct other_call *c = &other_calls[i];
		struct outcome outcome;
		if (p->compat && c->compat < 0)
			continue;
		/* To what it is already. */
		now = (struct timespec){ .tv_sec = time(NULL) };
		seconds = now.tv_sec;
		int pid = in_child(p, &outcome, 50 + (int)i, attempt, (void *)(uintptr_t)c);
		say(c, p, pid, &outcome);
	}
	release();
}
