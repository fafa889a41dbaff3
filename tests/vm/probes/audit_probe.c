/* Listens to the kernel's audit through the collector's own source and prints what comes; or switches audit
 * on and back; or sends messages.
 *
 *   audit_probe listen MODE SECONDS [FILE]  events, losses, and at the end the summary;
 *                                           deaf until there is such a file
 *   audit_probe enable FILE                 as the collector does with --audit-enable FILE
 *   audit_probe restore FILE
 *   audit_probe login ACCOUNT success|failed
 *   audit_probe flood COUNT                 failed logins
 *   audit_probe seccomp | bpf               does what audit has a record for
 */
#include "collector/audit_lease.h"
#include "collector/audit_source.h"
#include "lib/cbor.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <libaudit.h>

/* The text of each record: field 3 of the map (AUDIT_RECORDS, a name that libaudit.h takes away). */
static void on_event(void *context, const struct intake_event *event)
{
	struct cursor c;
	int64_t key = -1;
	(void)context;
	cursor_init(&c, event->fields.data, event->fields.len);
	printf("event %s", entry_kind_name(event->kind));
	for (size_t pairs = cbor_map(&c); pairs > 0; pairs--) {
		if (cbor_key(&c, &key) != 3) {
			cbor_skip(&c);
			continue;
		}
		for (size_t n = cbor_array(&c); n > 0; n--) {
			cbor_array(&c);
			uint64_t type = cbor_uint(&c);
			struct span text = cbor_bytes(&c);
			printf(" | %lu %.*s", (unsigned long)type, (int)text.len, (const char *)text.data);
		}
	}
	printf("\n");
}

static void on_loss(void *context, const struct intake_loss *loss)
{
	(void)context;
	printf("loss %s %s %lu %.*s\n", loss_reason_name(loss->reason), exactness_name(loss->exactness),
	       (unsigned long)loss->count, (int)loss->detail.len, (const char *)loss->detail.data);
}

static void print_summary(const struct audit_source *source)
{
	struct audit_summary s = audit_source_summary(source);
	printf("summary mode=%s known=%d enabled=%u reader=%u rules=%ld lost=%u records=%lu foreign=%lu "
	       "reason=%s\n",
	       audit_mode_name(s.mode), s.status_known, s.status.enabled, s.status.pid, (long)s.rules,
	       s.status.lost, (unsigned long)s.records, (unsigned long)s.foreign, s.reason);
}

static int do_listen(const char *mode, unsigned seconds, const char *deaf_until)
{
	struct audit_source *source = NULL;
	struct audit_source_config config = { .passed_fd = -1,
		                              .env = env_system(),
		                              .status_every_us = 1000000,
		                              .feed = { .on_event = on_event, .on_loss = on_loss } };
	if (audit_mode_parse(mode, &config.mode) < 0 || audit_source_open(&config, &source) < 0)
		return 2;
	printf("listening\n");
	print_summary(source);
	fflush(stdout);
	/* A small buffer, so that it is soon full on kernels that need less memory for a record. */
	int bytes = 65536;
	if (deaf_until)
		setsockopt(audit_source_fd(source), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	while (deaf_until && access(deaf_until, F_OK) < 0)
		usleep(100000);
	for (uint64_t end = env_now_us() + seconds * 1000000ULL; env_now_us() < end;) {
		struct pollfd p = { .fd = audit_source_fd(source), .events = POLLIN };
		poll(&p, 1, 100);
		audit_source_read(source, env_now_us());
		audit_source_tick(source, env_now_us());
		fflush(stdout);
	}
	audit_source_flush(source, env_now_us());
	print_summary(source);
	audit_source_free(source);
	return 0;
}

static int do_enable(const char *path)
{
	static const struct audit_rules none;
	bool changed = false;
	int r = audit_lease_take(path, true, &none, &changed);
	printf("enable: %s\n", r < 0 ? strerror(-r) : changed ? "changed" : "was on");
	return r < 0;
}

static int do_restore(const char *path)
{
	int r = audit_lease_give_back(path);
	printf("restore: %s\n", r < 0 ? strerror(-r) : "done");
	return r < 0;
}

static int log_login(int fd, const char *account, bool success)
{
	return audit_log_acct_message(fd, AUDIT_USER_LOGIN, NULL, "login", account, -1, "h.example",
	                              "192.0.2.1", "ssh", success) > 0
	               ? 0
	               : 1;
}

static int do_login(const char *account, bool success)
{
	cleanup_close int fd = audit_open();
	return fd < 0 ? 1 : log_login(fd, account, success);
}

static int do_flood(unsigned count)
{
	cleanup_close int fd = audit_open();
	for (unsigned i = 0; i < count; i++) {
		if (log_login(fd, "mallory", false))
			return 1;
	}
	return 0;
}

/* Dies of its first system call but a few. */
static int do_seccomp(void)
{
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	return (int)syscall(SYS_getpid);
}

static int do_bpf(void)
{
	const struct bpf_insn program[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
		                            { .code = BPF_JMP | BPF_EXIT } };
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "probe", "GPL", program, ARRAY_SIZE(program),
	                       NULL);
	return fd < 0 || close(fd) < 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "seccomp") == 0)
		return do_seccomp();
	if (argc == 2 && strcmp(argv[1], "bpf") == 0)
		return do_bpf();
	if (argc >= 4 && strcmp(argv[1], "listen") == 0)
		return do_listen(argv[2], (unsigned)atoi(argv[3]), argc > 4 ? argv[4] : NULL);
	if (argc == 3 && strcmp(argv[1], "enable") == 0)
		return do_enable(argv[2]);
	if (argc == 3 && strcmp(argv[1], "restore") == 0)
		return do_restore(argv[2]);
	if (argc == 4 && strcmp(argv[1], "login") == 0)
		return do_login(argv[2], strcmp(argv[3], "success") == 0);
	if (argc == 3 && strcmp(argv[1], "flood") == 0)
		return do_flood((unsigned)atoi(argv[2]));
	fprintf(stderr, "usage: audit_probe listen MODE SECONDS [FILE] | enable FILE | restore FILE | "
	                "login ACCOUNT success|failed | flood N | seccomp | bpf\n");
	return 2;
}
