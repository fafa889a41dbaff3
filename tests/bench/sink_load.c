/* Hosts that append to a sink as fast as it takes it, and check every receipt.
 *
 * sink_load PORT CA GENESIS EVENTS BATCHES REQUESTS PAUSE_MS HOSTDIR...
 *
 * Each HOSTDIR is what `swornlog enroll` made of one host. A host sends REQUESTS requests of BATCHES batches
 * of EVENTS events each, PAUSE_MS between them; where HOSTDIR/spool holds batches of a sealer, these instead.
 * Prints one line of JSON: entries per second from the first request to the last receipt, and how long
 * receipts took.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "evidence/fleet.h"
#include "lib/file.h"
#include "lib/text.h"
#include "lib/tls.h"
#include "tests/support/host_log.h"

#define MAX_HOSTS    4096
#define MAX_REQUESTS 4096

struct plan {
	uint16_t port;
	const char *ca;
	struct genesis genesis;
	size_t events, batches, requests, pause_ms;
};

struct sender {
	const struct plan *plan;
	const char *dir;
	struct host_log log;
	struct buf body[MAX_REQUESTS];
	uint64_t size[MAX_REQUESTS]; /* of the log after it */
	struct fleet_head held;
	size_t requests, in_request;
	SSL *ssl;
	struct buf in;
};

/* Shared by all processes. */
struct shared {
	uint32_t ready, go, failed;
	uint64_t first_us, last_us, entries, bytes;
	uint64_t latency_us[MAX_HOSTS * 16];
	uint32_t latencies;
};

static struct shared *shared;

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "sink_load: %s: %s\n", what, strerror(r < 0 ? -r : errno));
	__atomic_add_fetch(&shared->failed, 1, __ATOMIC_SEQ_CST);
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void read_whole(const char *dir, const char *name, struct buf *ret)
{
	char path[512];
	snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
	int r = file_read(env_system(), AT_FDCWD, path, BATCH_MAX_BYTES, ret);
	if (r < 0)
		die(path, r);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_batch(const char *name)
{
	size_t n = strlen(name);
	return n > 6 && strcmp(name + n - 6, ".batch") == 0;
}

/* One batch of a spool into the request that has room for it. */
static void add_batch(struct sender *s, const char *folder, const char *name)
{
	cleanup_buf struct buf bytes = { 0 };
	struct batch b;
	read_whole(folder, name, &bytes);
	if (batch_parse((struct span){ bytes.data, bytes.len }, &b) < 0)
		die(name, -EBADMSG);
	size_t at = s->requests ? s->requests - 1 : 0;
	if (s->requests == 0 || s->in_request == s->plan->batches) {
		if (s->requests == MAX_REQUESTS)
			die("more batches than there are requests", -E2BIG);
		at = s->requests++;
		s->in_request = 0;
	}
	s->in_request++;
	buf_put(&s->body[at], bytes.data, bytes.len);
	s->size[at] = b.head.size;
	s->log.tree.size = b.head.size;
}

/* The batches that a sealer has left in HOSTDIR/spool, if there are any. */
static bool take_spool(struct sender *s)
{
	char folder[512];
	snprintf(folder, sizeof(folder), "%s/spool", s->dir);
	cleanup_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *names = NULL;
	size_t len, count = 0;
	static char *sorted[MAX_REQUESTS];
	if (fd < 0 || env_system()->list(env_system(), fd, &names, &len) < 0)
		return false;
	for (size_t at = 0; at < len; at += strlen(names + at) + 1) {
		if (is_batch(names + at) && count < MAX_REQUESTS)
			sorted[count++] = names + at;
	}
	qsort(sorted, count, sizeof(sorted[0]), by_name);
	for (size_t i = 0; i < count; i++)
		add_batch(s, folder, sorted[i]);
	return count > 0;
}

static void make_requests(struct sender *s)
{
	cleanup_buf struct buf key = { 0 };
	struct origin o;
	read_whole(s->dir, "identity.key", &key);
	struct span text = { key.data, key.len };
	while (text.len && text.data[text.len - 1] == '\n')
		text.len--;
	struct signer identity;
	int r = signer_parse(text, &identity);
	char origin[ORIGIN_MAX + 1];
	snprintf(origin, sizeof(origin), "%.120s/1", identity.key.name);
	if (r == 0)
		r = origin_parse(span_str(origin), &o);
	if (r < 0)
		die("identity.key", r);
	host_log_init(&s->log, o.fleet, o.host, 1);
	s->log.identity = identity;
	cleanup_buf struct buf vkey = { 0 };
	key_put(&vkey, &s->plan->genesis.log);
	s->log.fleet_vkey = (struct span){ vkey.data, vkey.len };
	char path[512];
	snprintf(path, sizeof(path), "%s/host.crt", s->dir);
	if (certificate_file_spki(path, &s->log.certificate) < 0)
		die(path, -EINVAL);
	if (take_spool(s))
		return;
	s->requests = s->plan->requests;
	struct host_log_batch what = { .events = s->plan->events, .codec = PACK_ZSTD };
	for (size_t i = 0; i < s->plan->requests; i++) {
		for (size_t k = 0; k < s->plan->batches; k++)
			host_log_batch(&s->log, &what, &s->body[i]);
		s->size[i] = s->log.tree.size;
	}
}

static void connect_to(struct sender *s)
{
	char certificate[512], key[512], error[256] = "";
	snprintf(certificate, sizeof(certificate), "%s/host.crt", s->dir);
	snprintf(key, sizeof(key), "%s/host.key", s->dir);
	struct tls_files files = { certificate, key, s->plan->ca };
	SSL_CTX *ctx;
	if (tls_client_new(&files, &ctx, error, sizeof(error)) < 0)
		die(error, -EINVAL);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons(s->plan->port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect", 0);
	s->ssl = SSL_new(ctx);
	if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1 || SSL_connect(s->ssl) != 1) {
		tls_error(error, sizeof(error));
		die(error, -EPROTO);
	}
}

static void send_all(struct sender *s, const void *p, size_t n)
{
	const uint8_t *at = p;
	while (n > 0) {
		int put = SSL_write(s->ssl, at, (int)n);
		if (put <= 0)
			die("write", -EPIPE);
		at += put;
		n -= (size_t)put;
	}
}

/* The answer's body; the head says how long it is. */
static struct span receive(struct sender *s)
{
	static const char word[] = "Content-Length: ";
	buf_reset(&s->in);
	size_t head = 0, length = 0;
	while (head == 0 || s->in.len < head + length) {
		uint8_t chunk[16384];
		int got = SSL_read(s->ssl, chunk, sizeof(chunk));
		if (got <= 0)
			die("read", -EPIPE);
		buf_put(&s->in, chunk, (size_t)got);
		const uint8_t *end = memmem(s->in.data, s->in.len, "\r\n\r\n", 4);
		if (!end || head)
			continue;
		head = (size_t)(end - s->in.data) + 4;
		const char *at = memmem(s->in.data, head, word, strlen(word));
		length = at ? strtoul(at + strlen(word), NULL, 10) : 0;
	}
	if (memcmp(s->in.data, "HTTP/1.1 200", 12) != 0) {
		fprintf(stderr, "%.*s\n", (int)s->in.len, (char *)s->in.data);
		die("answer", -EPROTO);
	}
	return (struct span){ s->in.data + head, length };
}

static void check_receipt(struct sender *s, struct span body, uint64_t size)
{
	cleanup_buf struct buf entry = { 0 };
	struct receipt r;
	struct fleet_head head;
	if (receipt_parse(body, &entry, &r) < 0)
		die("receipt", -EBADMSG);
	enum receipt_verdict v = receipt_check(&r, &s->plan->genesis.log, &s->held, &head);
	if (v != RECEIPT_OK || r.size != size)
		die(receipt_verdict_name(v), -EBADMSG);
	s->held = head;
}

static void append(struct sender *s, size_t i)
{
	cleanup_buf struct buf head = { 0 };
	buf_printf(&head,
	           "POST /v1/hosts/%s/append HTTP/1.1\r\nHost: sink\r\nSwornlog-Fleet-Size: %llu\r\n"
	           "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n",
	           s->log.origin.host, (unsigned long long)s->held.size, s->body[i].len);
	uint64_t start = now_us();
	send_all(s, head.data, head.len);
	send_all(s, s->body[i].data, s->body[i].len);
	struct span body = receive(s);
	uint64_t end = now_us();
	check_receipt(s, body, s->size[i]);
	uint32_t at = __atomic_fetch_add(&shared->latencies, 1, __ATOMIC_SEQ_CST);
	if (at < ARRAY_SIZE(shared->latency_us))
		shared->latency_us[at] = end - start;
	__atomic_add_fetch(&shared->bytes, s->body[i].len, __ATOMIC_SEQ_CST);
	uint64_t last = __atomic_load_n(&shared->last_us, __ATOMIC_SEQ_CST);
	while (end > last && !__atomic_compare_exchange_n(&shared->last_us, &last, end, false,
	                                                  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void run_host(const struct plan *plan, const char *dir)
{
	static struct sender s;
	s.plan = plan;
	s.dir = dir;
	make_requests(&s);
	connect_to(&s);
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
		usleep(1000);
	for (size_t i = 0; i < s.requests; i++) {
		append(&s, i);
		usleep((useconds_t)plan->pause_ms * 1000);
	}
	__atomic_add_fetch(&shared->entries, s.log.tree.size, __ATOMIC_SEQ_CST);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void report(size_t hosts)
{
	size_t n = MIN((size_t)shared->latencies, ARRAY_SIZE(shared->latency_us));
	double seconds = (double)(shared->last_us - shared->first_us) / 1e6;
	qsort(shared->latency_us, n, sizeof(uint64_t), by_size);
	printf("{\"hosts\":%zu,\"requests\":%zu,\"entries\":%llu,\"bytes\":%llu,\"seconds\":%.3f,"
	       "\"entries_per_s\":%.0f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f}\n",
	       hosts, n, (unsigned long long)shared->entries, (unsigned long long)shared->bytes, seconds,
	       (double)shared->entries / seconds, (double)shared->latency_us[n / 2] / 1e3,
	       (double)shared->latency_us[n * 99 / 100] / 1e3, (double)shared->latency_us[n - 1] / 1e3);
}

int main(int argc, char **argv)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc < 9 || shared == MAP_FAILED) {
		fprintf(stderr,
		        "usage: sink_load PORT CA GENESIS EVENTS BATCHES REQUESTS PAUSE_MS HOSTDIR...\n");
		return 2;
	}
	struct plan plan = { .port = (uint16_t)atoi(argv[1]),
		             .ca = argv[2],
		             .events = (size_t)atol(argv[4]),
		             .batches = (size_t)atol(argv[5]),
		             .requests = MIN((size_t)atol(argv[6]), (size_t)MAX_REQUESTS),
		             .pause_ms = (size_t)atol(argv[7]) };
	cleanup_buf struct buf genesis = { 0 };
	read_whole("", argv[3], &genesis);
	if (genesis_parse((struct span){ genesis.data, genesis.len }, &plan.genesis) < 0)
		die("genesis", -EBADMSG);
	unsigned hosts = (unsigned)MIN(argc - 8, MAX_HOSTS);
	for (unsigned i = 0; i < hosts; i++) {
		pid_t pid = fork();
		if (pid < 0)
			die("fork", 0);
		if (pid == 0) {
			run_host(&plan, argv[8 + i]);
			return 0;
		}
	}
	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) +
	               __atomic_load_n(&shared->failed, __ATOMIC_SEQ_CST) <
	       hosts)
		usleep(1000);
	shared->first_us = now_us();
	__atomic_store_n(&shared->go, 1, __ATOMIC_SEQ_CST);
	while (wait(NULL) > 0)
		;
	if (shared->failed || shared->latencies == 0)
		return 1;
	report(hosts);
	return 0;
}
