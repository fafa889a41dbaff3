#include "drill/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drill/workspace.h"
#include "evidence/key_file.h"
#include "lib/env.h"
#include "lib/file.h"
#include "lib/text.h"

#define LISTEN_WAIT_MS 20000u
#define POLL_MS        20u
#define LOG_MAX        (4u << 20)
/* A socket's path has 107 bytes, and the longest below is "/h0/run/receipts.sock". */
#define DIR_MAX 86

int scratch_put_text(const char *path, const struct buf *text)
{
	int r = buf_err(text);
	return r < 0 ? r : file_publish(env_system(), AT_FDCWD, path, (struct span){ text->data, text->len });
}

int scratch_command(const struct scratch *s, const char *const *words)
{
	const char *argv[PROGRAM_MAX_ARGUMENTS + 1] = { "swornlog" };
	for (size_t i = 0; words[i] && i + 2 < ARRAY_SIZE(argv); i++)
		argv[i + 1] = words[i];
	int status = program_run(s->log, argv);
	return status > 0 ? -EPROTO : status;
}

int scratch_open(struct scratch *s, const char *dir)
{
	*s = (struct scratch){ 0 };
	if (snprintf(s->dir, sizeof(s->dir), "%s", dir) > DIR_MAX)
		return -ENAMETOOLONG;
	snprintf(s->log, sizeof(s->log), "%s/log", dir);
	snprintf(s->store, sizeof(s->store), "%s/store", dir);
	snprintf(s->anchor, sizeof(s->anchor), "%s/fleet/genesis", dir);
	snprintf(s->sink_config, sizeof(s->sink_config), "%s/sink.yaml", dir);
	char fleet[SCRATCH_PATH_MAX + 16];
	snprintf(fleet, sizeof(fleet), "%s/fleet", dir);
	if (mkdir(dir, 0700) < 0 || mkdir(s->store, 0700) < 0)
		return -errno;
	const char *words[] = {
		"fleet", "init", fleet, "--fleet", SCRATCH_FLEET, "--sink-name", "localhost,127.0.0.1", NULL
	};
	return scratch_command(s, words);
}

void scratch_close(struct scratch *s)
{
	for (size_t i = 0; i < s->hosts; i++)
		host_kill(&s->host[i]);
	relay_cut(&s->network);
	program_kill(&s->witness);
	program_kill(&s->sink);
}

static int write_sink_config(const struct scratch *s)
{
	cleanup_buf struct buf b = { 0 };
	buf_printf(&b, "store: %s\nlisten: 127.0.0.1:%u\n", s->store, s->port);
	buf_printf(&b, "certificate: %s/fleet/sink.crt\nkey: %s/fleet/sink.key\nca: %s/fleet/ca.crt\n",
	           s->dir, s->dir, s->dir);
	buf_printf(&b, "genesis: %s\nlog_key: %s/fleet/fleet-log.key\ncontrol: %s/sink.sock\n", s->anchor,
	           s->dir, s->dir);
	buf_printf(&b, "publish_interval_ms: 200\nsilent_after_s: %d\n", SCRATCH_SILENT_S);
	return scratch_put_text(s->sink_config, &b);
}

/* The port behind the last "listening on 127.0.0.1:" from `from` on. */
static unsigned find_port(const struct scratch *s, size_t from)
{
	static const char words[] = "listening on 127.0.0.1:";
	cleanup_buf struct buf text = { 0 };
	uint64_t port;
	if (file_read(env_system(), AT_FDCWD, s->log, LOG_MAX, &text) < 0 || text.len <= from)
		return 0;
	const uint8_t *at = memmem(text.data + from, text.len - from, words, strlen(words));
	if (!at)
		return 0;
	at += strlen(words);
	size_t n = 0, left = (size_t)(text.data + text.len - at);
	while (n < left && at[n] >= '0' && at[n] <= '9')
		n++;
	bool whole = n < left && text_decimal((struct span){ at, n }, &port) == 0 && port <= UINT16_MAX;
	return whole ? (unsigned)port : 0;
}

int scratch_listen(struct scratch *s, struct program *p, const char *const *argv, unsigned *ret_port)
{
	struct stat st;
	size_t from = stat(s->log, &st) == 0 ? (size_t)st.st_size : 0;
	int r = program_start(p, s->log, argv);
	for (unsigned waited = 0; r == 0; waited += POLL_MS) {
		*ret_port = find_port(s, from);
		if (*ret_port)
			return 0;
		if (!program_running(p))
			return -ECHILD;
		if (waited >= LISTEN_WAIT_MS)
			return -ETIMEDOUT;
		sleep_ms(POLL_MS);
	}
	return r;
}

int scratch_start_sink(struct scratch *s)
{
	const char *argv[] = { "swornlog-sink", "--config", s->sink_config, NULL };
	int r = write_sink_config(s);
	return r < 0 ? r : scratch_listen(s, &s->sink, argv, &s->port);
}

void scratch_last_words(const struct scratch *s, char *ret, size_t size)
{
	cleanup_buf struct buf text = { 0 };
	ret[0] = 0;
	if (file_read(env_system(), AT_FDCWD, s->log, LOG_MAX, &text) < 0 || text.len == 0)
		return;
	size_t end = text.len - (text.data[text.len - 1] == '\n');
	const uint8_t *before = memrchr(text.data, '\n', end);
	size_t start = before ? (size_t)(before - text.data) + 1 : 0;
	snprintf(ret, size, "%.*s", (int)MIN(end - start, size - 1), (const char *)text.data + start);
}

int scratch_log_key(const struct scratch *s, struct signer **ret)
{
	char path[SCRATCH_PATH_MAX + 32], error[256];
	snprintf(path, sizeof(path), "%s/fleet/fleet-log.key", s->dir);
	return key_file_read_signer("the fleet log's key", path, ret, error, sizeof(error));
}

static int next_host(struct scratch *s, const char *name, struct scratch_host **ret)
{
	if (s->hosts == SCRATCH_HOSTS)
		return -E2BIG;
	struct scratch_host *h = &s->host[s->hosts];
	*h = (struct scratch_host){ .fleet = s, .port = s->port };
	snprintf(h->name, sizeof(h->name), "%s", name);
	cleanup_buf struct buf dir = { 0 };
	buf_printf(&dir, "%s/h%zu", s->dir, s->hosts);
	if (buf_err(&dir) || dir.len >= sizeof(h->dir))
		return -ENAMETOOLONG;
	memcpy(h->dir, dir.data, dir.len);
	s->hosts++;
	*ret = h;
	return 0;
}

/* The identity key goes to the sealer alone, as an administrator would put it there. */
static int give_identity(const struct scratch_host *h)
{
	char from[PATH_MAX], to[PATH_MAX];
	if (!host_path(h, "request/identity.key", from) || !host_path(h, "state/identity.key", to))
		return -ENAMETOOLONG;
	return rename(from, to) < 0 ? -errno : 0;
}

static int enroll(struct scratch *s, const struct scratch_host *h)
{
	char fleet[PATH_MAX], control[PATH_MAX], dir[PATH_MAX], request[PATH_MAX], granted[PATH_MAX],
	        enrol[PATH_MAX];
	snprintf(fleet, sizeof(fleet), "%s/fleet", s->dir);
	snprintf(control, sizeof(control), "%s/sink.sock", s->dir);
	if (!host_path(h, "request", dir) || !host_path(h, "request/request", request) ||
	    !host_path(h, "granted", granted) || !host_path(h, "granted/enrol", enrol))
		return -ENAMETOOLONG;
	const char *ask[] = { "enroll", "request", dir, "--fleet", SCRATCH_FLEET, "--host", h->name, NULL };
	const char *approve[] = { "enroll", "approve", fleet, request, "--out", granted, NULL };
	const char *submit[] = { "enroll", "submit", enrol, "--control", control, NULL };
	int r = scratch_command(s, ask);
	if (r == 0)
		r = scratch_command(s, approve);
	return r < 0 ? r : scratch_command(s, submit);
}

int scratch_add_host(struct scratch *s, const char *name, struct scratch_host **ret)
{
	static const char *const folders[] = { "", "state", "spool", "run" };
	struct scratch_host *h;
	int r = next_host(s, name, &h);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++) {
		char path[PATH_MAX];
		if (!host_path(h, folders[i], path))
			return -ENAMETOOLONG;
		r = mkdir(path, 0700) < 0 ? -errno : 0;
	}
	if (r == 0)
		r = enroll(s, h);
	if (r == 0)
		r = give_identity(h);
	if (r == 0)
		*ret = h;
	return r;
}

int scratch_clone_host(struct scratch_host *from, struct scratch_host **ret)
{
	struct scratch_host *h;
	int r = next_host(from->fleet, from->name, &h);
	if (r == 0)
		r = workspace_copy_tree(from->dir, h->dir);
	if (r == 0)
		*ret = h;
	return r;
}
