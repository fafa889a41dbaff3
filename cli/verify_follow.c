#include "cli/verify_follow.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "verify/mirror.h"
#include "verify/store.h"

#define LOCK_NAME    "lock"
#define FASTER_TRIES 20 /* times that a sink may be faster than a pull */
#define FASTER_MS    100

struct following {
	const struct verify_request *q;
	const char *store, *keep; /* paths */
	int store_fd, keep_fd, lock_fd;
	bool verified;  /* the copy as it is now */
	bool told_away; /* that the store can't be read was said */
};

static volatile sig_atomic_t stopped;

static void stop(int number maybe_unused)
{
	stopped = 1;
}

static void following_done(struct following *f)
{
	close_fd(&f->store_fd);
	close_fd(&f->keep_fd);
	close_fd(&f->lock_fd);
}

static int open_copy(struct following *f)
{
	if (mkdir(f->keep, 0750) < 0 && errno != EEXIST)
		return command_fail("%s: %s", f->keep, strerror(errno));
	f->keep_fd = open(f->keep, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->keep_fd < 0)
		return command_fail("%s: %s", f->keep, strerror(errno));
	f->lock_fd = openat(f->keep_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (f->lock_fd < 0)
		return command_fail("%s/%s: %s", f->keep, LOCK_NAME, strerror(errno));
	if (flock(f->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return command_fail("%s: another process keeps this copy, or a sink's own store was named",
		                    f->keep);
	int r = mirror_prepare(f->keep_fd);
	return r < 0 ? command_fail("%s: %s", f->keep, strerror(-r)) : COMMAND_OK;
}

/* Both sides are kept: the copy as it is, and beside it what the store shows now. */
static void save_other_side(const struct following *f, const char *path, char *ret, size_t size)
{
	struct tm tm;
	time_t now = time(NULL);
	char when[32] = "";
	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(ret, size, "%s.contradicted-%s", f->keep, when);
	cleanup_close int fd = mkdir(ret, 0750) == 0 ? open(ret, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r = fd < 0 ? -errno : mirror_save(f->store_fd, "fleet/checkpoint", fd);
	if (r >= 0 && *path && strcmp(path, "fleet/checkpoint") != 0)
		r = mirror_save(f->store_fd, path, fd);
	if (r < 0)
		command_fail("%s: %s", ret, strerror(-r));
}

static int contradicted(const struct following *f, const struct mirror_pull *pull)
{
	char saved[512];
	save_other_side(f, pull->path, saved, sizeof(saved));
	fprintf(stderr,
	        "swornlog: %s CONTRADICTS what was seen before: %s: %s.\n"
	        "Nothing more is taken over. Both sides are kept: %s as it was, and %s.\n"
	        "If the sink was restored from a copy, %s holds what it has lost; follow it into another "
	        "folder.\n",
	        f->store, pull->path, pull->why, f->keep, saved, f->keep);
	return COMMAND_FINDINGS;
}

static void show(const struct following *f, const struct report *r, const struct mirror_pull *pull)
{
	cleanup_buf struct buf b = { 0 };
	if (f->q->json)
		report_put_json(&b, r);
	else if (!report_clean(r))
		report_put_text(&b, r, false);
	else {
		buf_printf(&b, "%llu fleet entries, %llu batches of %zu hosts, %llu bytes more: ",
		           (unsigned long long)r->fleet_size, (unsigned long long)r->batches, r->row_count,
		           (unsigned long long)pull->bytes);
		report_put_verdict(&b, r);
		buf_put_u8(&b, '\n');
	}
	if (!buf_err(&b))
		fwrite(b.data, 1, b.len, stdout);
	fflush(stdout);
}

static int verify_copy(struct following *f, const struct mirror_pull *pull)
{
	cleanup_report struct report r = { 0 };
	struct verify_options o = { .dirfd = f->keep_fd,
		                    .anchor = f->q->anchor,
		                    .policy = f->q->policy,
		                    .structure = f->q->structure,
		                    .jobs = f->q->jobs };
	int e = verify_store(&o, &r);
	if (e < 0)
		return command_fail("%s: %s", f->keep, strerror(-e));
	show(f, &r, pull);
	f->verified = report_clean(&r);
	if (f->verified)
		return COMMAND_OK;
	struct mirror_pull none = { .path = "fleet/checkpoint", .why = "what it shows now does not verify" };
	return contradicted(f, &none);
}

/* Anew each time: another folder may stand under the name by now, and that is the one to look at. */
static int open_store(struct following *f)
{
	close_fd(&f->store_fd);
	f->store_fd = open(f->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->store_fd < 0)
		return -errno;
	return looks_like_store(f->store_fd) ? 0 : -ENOTDIR;
}

static int pull_patiently(struct following *f, struct mirror_pull *ret)
{
	int r = open_store(f);
	if (r < 0)
		return r;
	r = -EAGAIN;
	for (int i = 0; r == -EAGAIN && i < FASTER_TRIES && !stopped; i++) {
		if (i > 0)
			nanosleep(&(struct timespec){ .tv_nsec = FASTER_MS * 1000000 }, NULL);
		r = mirror_pull(f->store_fd, f->keep_fd, ret);
	}
	return r;
}

static int turn(struct following *f)
{
	struct mirror_pull pull = { 0 };
	int r = pull_patiently(f, &pull);
	if (r == -ENOSPC || r == -EDQUOT || r == -ENOMEM)
		return command_fail("%s: %s", f->keep, strerror(-r));
	if (r < 0) {
		if (!f->told_away && r != -EAGAIN)
			command_fail("%s: %s; it is tried again", f->store, strerror(-r));
		f->told_away = true;
		return COMMAND_OK;
	}
	f->told_away = false;
	if (pull.why)
		return contradicted(f, &pull);
	return pull.bytes == 0 && f->verified ? COMMAND_OK : verify_copy(f, &pull);
}

int verify_follow(const struct verify_request *q, const char *store, const char *keep, uint64_t interval_s)
{
	cleanup(following_done) struct following f = {
		.q = q, .store = store, .keep = keep, .store_fd = -1, .keep_fd = -1, .lock_fd = -1
	};
	struct sigaction action = { .sa_handler = stop };
	int r = open_store(&f);
	if (r < 0)
		return command_fail("%s: %s", store, r == -ENOTDIR ? "not a sink's store" : strerror(-r));
	int status = open_copy(&f);
	if (status != COMMAND_OK)
		return status;
	/* Without SA_RESTART: a signal ends the sleep. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!stopped && status == COMMAND_OK) {
		status = turn(&f);
		if (status == COMMAND_OK && !stopped)
			nanosleep(&(struct timespec){ .tv_sec = (time_t)interval_s }, NULL);
	}
	return status;
}
