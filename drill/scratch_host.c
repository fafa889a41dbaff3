#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <jansson.h>

#include "drill/scratch.h"
#include "lib/control.h"
#include "lib/env.h"
#include "lib/file.h"

#define POLL_MS        20u
#define READY_WAIT_MS  20000u
#define STATUS_MAX     (64u << 10)
#define DEFAULT_MIB    64u
#define SEAL_EVERY_MS  100u
#define ANSWER_SECONDS 30u

bool host_path(const struct scratch_host *h, const char *name, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", h->dir, name);
	return n > 0 && n < PATH_MAX;
}

static void free_json(json_t **j)
{
	json_decref(*j);
}

static json_t *read_status(const struct scratch_host *h)
{
	char path[PATH_MAX];
	cleanup_buf struct buf b = { 0 };
	if (!host_path(h, "run/sealer.status", path) ||
	    file_read(env_system(), AT_FDCWD, path, STATUS_MAX, &b) < 0)
		return NULL;
	return json_loadb((const char *)b.data, b.len, 0, NULL);
}

static int get_number(const json_t *all, const char *key, uint64_t *ret)
{
	const json_t *value = json_object_get(all, key);
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -ENOENT;
	*ret = (uint64_t)json_integer_value(value);
	return 0;
}

int scratch_status_number(const struct scratch *s, const char *key, uint64_t *ret)
{
	static const char question[] = "status\n";
	char path[SCRATCH_PATH_MAX + 16];
	cleanup_buf struct buf b = { 0 };
	snprintf(path, sizeof(path), "%s/sink.sock", s->dir);
	if (control_ask(path, span_str(question), ANSWER_SECONDS, &b) < 0)
		return -ENOENT;
	cleanup(free_json) json_t *all = json_loadb((const char *)b.data, b.len, 0, NULL);
	return get_number(all, key, ret);
}

int host_status_number(const struct scratch_host *h, const char *key, uint64_t *ret)
{
	cleanup(free_json) json_t *all = read_status(h);
	return get_number(all, key, ret);
}

int host_alarm(const struct scratch_host *h, char *ret, size_t size)
{
	cleanup(free_json) json_t *all = read_status(h);
	const char *alarm = json_string_value(json_object_get(all, "alarm"));
	if (!alarm)
		return -ENOENT;
	snprintf(ret, size, "%s", alarm);
	return 0;
}

static int write_config(const struct scratch_host *h)
{
	cleanup_buf struct buf b = { 0 };
	char path[PATH_MAX];
	unsigned me = geteuid();
	buf_printf(&b, "fleet: " SCRATCH_FLEET "\nhost: %s\nsink: https://localhost:%u\n", h->name, h->port);
	buf_printf(&b, "state: %s/state\nspool: %s/spool\nrun: %s/run\n", h->dir, h->dir, h->dir);
	buf_printf(&b, "certificate: %s/granted/host.crt\nkey: %s/request/host.key\nca: %s/granted/ca.crt\n",
	           h->dir, h->dir, h->dir);
	buf_printf(&b, "genesis: %s/granted/genesis\nenrol: %s/granted/enrol\ncollect: %s/collect.yaml\n",
	           h->dir, h->dir, h->dir);
	buf_printf(&b, "seal_interval_ms: %u\nheartbeat_s: 1\nspool_max_mib: %u\naudit: off\n", SEAL_EVERY_MS,
	           h->spool_max_mib ? h->spool_max_mib : DEFAULT_MIB);
	buf_printf(&b, "collector_user: %u\nsealer_user: %u\nshipper_user: %u\ngroup: %u\n", me, me, me,
	           (unsigned)getegid());
	if (!host_path(h, "agent.yaml", path))
		return -ENAMETOOLONG;
	int r = buf_err(&b);
	return r < 0 ? r : file_publish(env_system(), AT_FDCWD, path, (struct span){ b.data, b.len });
}

static int start(struct scratch_host *h, const char *name, struct program *p)
{
	char config[PATH_MAX];
	if (!host_path(h, "agent.yaml", config))
		return -ENAMETOOLONG;
	const char *argv[] = { name, "--config", config, NULL };
	int r = write_config(h);
	return r < 0 ? r : program_start(p, h->fleet->log, argv);
}

int host_start_sealer(struct scratch_host *h)
{
	char path[PATH_MAX];
	uint64_t size;
	if (!host_path(h, "run/sealer.status", path))
		return -ENAMETOOLONG;
	unlink(path);
	int r = start(h, "swornlog-sealer", &h->sealer);
	/* It listens before it says anything of itself. */
	for (unsigned waited = 0; r == 0 && host_status_number(h, "size", &size) < 0; waited += POLL_MS) {
		if (!program_running(&h->sealer))
			return -ECHILD;
		if (waited >= READY_WAIT_MS)
			return -ETIMEDOUT;
		sleep_ms(POLL_MS);
	}
	return r;
}

int host_start_shipper(struct scratch_host *h)
{
	return start(h, "swornlog-shipper", &h->shipper);
}

int host_start(struct scratch_host *h)
{
	int r = host_start_sealer(h);
	if (r == 0)
		r = host_start_shipper(h);
	return r < 0 ? r : host_wait_receipts(h, 1, SCRATCH_RECEIPT_S);
}

int host_wait_receipts(struct scratch_host *h, uint64_t count, unsigned seconds)
{
	for (unsigned waited = 0; waited < seconds * 1000; waited += POLL_MS) {
		uint64_t receipts;
		if (host_status_number(h, "receipts", &receipts) == 0 && receipts >= count)
			return 0;
		if (!program_running(&h->sealer) || !program_running(&h->shipper))
			return -ECHILD;
		sleep_ms(POLL_MS);
	}
	return -ETIMEDOUT;
}

int host_start_collector(struct scratch_host *h)
{
	char events[PATH_MAX], run[PATH_MAX], lease[PATH_MAX];
	if (!host_path(h, "run/events.sock", events) || !host_path(h, "run", run) ||
	    !host_path(h, "run/audit.lease", lease))
		return -ENAMETOOLONG;
	const char *argv[] = { "swornlog-collector",
		               "--events-socket",
		               events,
		               "--run-dir",
		               run,
		               "--own-dir",
		               h->fleet->dir,
		               "--audit",
		               h->audit ? "multicast" : "off",
		               h->audit ? "--audit-enable" : NULL,
		               lease,
		               NULL };
	int r = program_start(&h->collector, h->fleet->log, argv);
	for (unsigned waited = 0; r == 0; waited += POLL_MS) {
		cleanup(free_json) json_t *all = read_status(h);
		if (json_is_true(json_object_get(all, "collector")))
			return 0;
		if (!program_running(&h->collector))
			return -ECHILD;
		if (waited >= READY_WAIT_MS)
			return -ETIMEDOUT;
		sleep_ms(POLL_MS);
	}
	return r;
}

int host_stop(struct scratch_host *h)
{
	int collector = program_stop(&h->collector), sealer = program_stop(&h->sealer),
	    shipper = program_stop(&h->shipper);
	return collector || sealer || shipper ? -EPROTO : 0;
}

/* The stopped and the frozen, too. */
void host_kill(struct scratch_host *h)
{
	/* It puts audit back as it was. */
	if (h->audit && program_signal(&h->collector, SIGCONT) == 0)
		program_stop(&h->collector);
	program_kill(&h->collector);
	program_kill(&h->sealer);
	program_kill(&h->shipper);
}
