/* How fast events become sealed batches: the collector's frames through the sealer, on one core.
 *
 * seal_bench FRAMES.zst HOSTDIR GENESIS EVENTS EVENTS_PER_SECOND SPOOL [real-syncs]
 *
 * HOSTDIR is what `swornlog enroll` made of a host. The clock of the log is moved by the events, so that
 * batches are what the agent makes at that rate. The batches stay in SPOOL. Syncs do nothing unless asked
 * for, so that the processor is measured and not the disk. Prints one line of JSON.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <zstd.h>

#include "evidence/batch.h"
#include "lib/certificate.h"
#include "lib/file.h"
#include "sealer/sealer.h"

#define MAX_FRAMES_BYTES ((size_t)64 << 20)

static uint64_t clock_us = 1000000;

/* The real clock is read, too: its cost is part of sealing. */
static uint64_t bench_clock(const struct env *env maybe_unused)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return clock_us;
}

static int no_sync(const struct env *env maybe_unused, int fd maybe_unused)
{
	return 0;
}

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "seal_bench: %s: %s\n", what, strerror(-r));
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void read_frames(const char *path, struct buf *ret)
{
	cleanup_buf struct buf packed = { 0 };
	int r = file_read(env_system(), AT_FDCWD, path, MAX_FRAMES_BYTES, &packed);
	if (r < 0)
		die(path, r);
	unsigned long long n = ZSTD_getFrameContentSize(packed.data, packed.len);
	if (n > MAX_FRAMES_BYTES)
		die(path, -EBADMSG);
	uint8_t *at = buf_extend(ret, (size_t)n);
	if (!at || ZSTD_decompress(at, (size_t)n, packed.data, packed.len) != n)
		die(path, -EBADMSG);
}

struct bench {
	struct env env;
	struct signer identity;
	struct genesis genesis;
	struct buf fleet_vkey;
	struct hash certificate;
	struct sealer_options options;
	struct sealer *sealer;
	uint64_t entries;
	uint64_t body_bytes;
};

static void load(struct bench *b, const char *host_dir, const char *genesis)
{
	cleanup_buf struct buf key = { 0 }, note = { 0 };
	char path[512];
	snprintf(path, sizeof(path), "%s/identity.key", host_dir);
	int r = file_read(env_system(), AT_FDCWD, path, 4096, &key);
	if (r == 0)
		r = signer_parse((struct span){ key.data, key.len - 1 }, &b->identity);
	if (r < 0)
		die(path, r);
	r = file_read(env_system(), AT_FDCWD, genesis, STATEMENT_MAX_BYTES, &note);
	if (r == 0)
		r = genesis_parse((struct span){ note.data, note.len }, &b->genesis);
	if (r < 0)
		die(genesis, r);
	key_put(&b->fleet_vkey, &b->genesis.log);
	buf_put_u8(&b->fleet_vkey, 0);
	snprintf(path, sizeof(path), "%s/host.crt", host_dir);
	r = certificate_file_spki(path, &b->certificate);
	if (r < 0)
		die(path, r);
}

static int make_folder(const char *path)
{
	mkdir(path, 0700);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die(path, -errno);
	return fd;
}

static void start(struct bench *b, const char *spool, bool syncs)
{
	static char host[LABEL_MAX + 1];
	char state[512], error[256];
	const char *name = strrchr(b->identity.key.name, '/');
	snprintf(host, sizeof(host), "%s", name ? name + 1 : "");
	snprintf(state, sizeof(state), "%s.state", spool);
	b->env = *env_system();
	b->env.boot_us = bench_clock;
	if (!syncs)
		b->env.datasync = b->env.dirsync = no_sync;
	b->options = (struct sealer_options){
		.log = { .env = &b->env,
		         .fleet = b->genesis.fleet,
		         .host = host,
		         .identity = &b->identity,
		         .fleet_vkey = (const char *)b->fleet_vkey.data,
		         .certificate = b->certificate,
		         .codec = PACK_ZSTD },
		.state_fd = make_folder(state),
		.spool_fd = make_folder(spool),
		.log_key = &b->genesis.log,
		.file_system = "bench",
		.seal_interval_us = 1000000,
		.heartbeat_us = 10000000,
		.spool_max_bytes = (uint64_t)1 << 40,
	};
	int r = sealer_open(&b->options, &b->sealer, error, sizeof(error));
	if (r == 0)
		r = sealer_collector_connected(b->sealer);
	if (r < 0)
		die(error, r);
}

/* One pass over the frames; every event moves the clock. */
static void pass(struct bench *b, const struct buf *frames, uint64_t limit, uint64_t step_us_1024)
{
	static uint64_t fraction;
	static struct intake_frame f;
	for (size_t at = 0; at < frames->len && b->entries < limit; b->entries++) {
		ssize_t n = intake_parse((struct span){ frames->data + at, frames->len - at }, &f);
		uint64_t wait;
		if (n <= 0)
			die("frames", -EBADMSG);
		f.event.boot_us = clock_us;
		b->body_bytes += f.event.fields.len;
		int r = sealer_frame(b->sealer, &f);
		if (r == 0 && b->entries % 64 == 0)
			r = sealer_tick(b->sealer, &wait);
		if (r < 0)
			die("sealing", r);
		fraction += step_us_1024;
		clock_us += fraction / 1024;
		fraction %= 1024;
		at += (size_t)n;
	}
}

struct sizes {
	uint64_t batches, entries, raw, packed, whole;
};

static void measure_batch(const char *folder, const char *name, struct sizes *s)
{
	cleanup_buf struct buf bytes = { 0 };
	struct batch b;
	char path[800];
	size_t n = strlen(name);
	if (n < 6 || strcmp(name + n - 6, ".batch") != 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int r = file_read(env_system(), AT_FDCWD, path, BATCH_MAX_BYTES, &bytes);
	if (r < 0 || batch_parse((struct span){ bytes.data, bytes.len }, &b) < 0)
		die(path, r < 0 ? r : -EBADMSG);
	s->batches++;
	s->entries += b.count;
	s->raw += b.raw_len;
	s->packed += b.packed.len;
	s->whole += b.bytes.len;
}

static struct sizes measure(const struct bench *b, const char *folder)
{
	struct sizes s = { 0 };
	cleanup_free char *names = NULL;
	size_t len;
	int r = env_system()->list(env_system(), b->options.spool_fd, &names, &len);
	if (r < 0)
		die(folder, r);
	for (size_t at = 0; at < len; at += strlen(names + at) + 1)
		measure_batch(folder, names + at, &s);
	return s;
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	cleanup_buf struct buf frames = { 0 };
	if (argc < 7)
		die("usage: seal_bench FRAMES.zst HOSTDIR GENESIS EVENTS EVENTS_PER_SECOND SPOOL "
		    "[real-syncs]",
		    -EINVAL);
	uint64_t limit = strtoull(argv[4], NULL, 10), rate = strtoull(argv[5], NULL, 10);
	read_frames(argv[1], &frames);
	load(&b, argv[2], argv[3]);
	start(&b, argv[6], argc > 7);
	uint64_t begun = cpu_ns();
	while (b.entries < limit)
		pass(&b, &frames, limit, rate ? 1024 * 1000000 / rate : 0);
	if (sealer_stop(b.sealer) < 0)
		die("goodbye", -EIO);
	uint64_t spent = cpu_ns() - begun;
	struct sizes s = measure(&b, argv[6]);
	printf("{\"entries\": %llu, \"batches\": %llu, \"cpu_ns\": %llu, \"raw_bytes\": %llu, "
	       "\"packed_bytes\": %llu, \"batch_bytes\": %llu}\n",
	       (unsigned long long)s.entries, (unsigned long long)s.batches, (unsigned long long)spent,
	       (unsigned long long)s.raw, (unsigned long long)s.packed, (unsigned long long)s.whole);
	sealer_close(b.sealer);
	return 0;
}
