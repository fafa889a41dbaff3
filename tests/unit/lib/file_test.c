#include "lib/file.h"

#include <fcntl.h>

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/fault_env.h"

/* A world and a descriptor of its root: file_replace syncs the folder. */
struct place {
	struct env *env;
	int dirfd;
};

static struct place place_new(void)
{
	struct place p = { .env = fault_env_new() };
	p.dirfd = p.env->open(p.env, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(p.dirfd, 0);
	return p;
}

static void place_done(struct place *p)
{
	fault_env_free(p->env);
}
#define cleanup_place cleanup(place_done)

static int replace(const struct place *p, const char *path, struct span content)
{
	return file_replace(p->env, p->dirfd, path, content, 0600);
}

static bool holds(const struct env *env, const char *path, struct span want)
{
	size_t n;
	const uint8_t *at = fault_env_content(env, path, &n);
	return at && bytes_equal((struct span){ at, n }, want);
}

Test(file, a_file_is_read_whole_behind_what_the_buffer_holds)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_put(env, "f", "content", 7);
	cleanup_buf struct buf b = { 0 };
	buf_put_str(&b, "x");
	cr_assert_eq(file_read(env, AT_FDCWD, "f", 7, &b), 0);
	cr_assert(bytes_equal(buf_span(&b), TEXT("xcontent")));
	cr_assert_eq(fault_env_open_count(env), 1);
}

Test(file, an_empty_file_reads_as_nothing)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_put(env, "f", "", 0);
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(file_read(env, AT_FDCWD, "f", 0, &b), 0);
	cr_assert_eq(b.len, 0);
}

Test(file, one_byte_above_the_bound_is_refused)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_put(env, "f", "content", 7);
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(file_read(env, AT_FDCWD, "f", 6, &b), -EFBIG);
	cr_assert_eq(b.len, 0);
	cr_assert_eq(fault_env_open_count(env), 1);
}

Test(file, each_failure_of_a_read_is_told_and_leaves_nothing)
{
	static const enum fault_op ops[] = { FAULT_OPEN, FAULT_SIZE, FAULT_PREAD };
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		cleanup_place struct place p = place_new();
		struct env *env = p.env;
		fault_env_put(env, "f", "content", 7);
		fault_env_fail(env, ops[i], 1, -EIO);
		cleanup_buf struct buf b = { 0 };
		cr_assert_eq(file_read(env, AT_FDCWD, "f", 100, &b), -EIO);
		cr_assert_eq(b.len, 0);
		cr_assert_eq(fault_env_open_count(env), 1);
	}
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(file_read(env, AT_FDCWD, "none", 100, &b), -ENOENT);
}

Test(file, an_interrupted_call_is_made_again)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_fail(env, FAULT_PWRITE, 1, -EINTR);
	cr_assert_eq(replace(&p, "f", TEXT("content")), 0);
	fault_env_fail(env, FAULT_PREAD, 1, -EINTR);
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(file_read(env, AT_FDCWD, "f", 100, &b), 0);
	cr_assert(bytes_equal(buf_span(&b), TEXT("content")));
}

Test(file, short_writes_are_gone_on_with)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_short_writes(env, 3);
	cr_assert_eq(replace(&p, "f", TEXT("0123456789")), 0);
	cr_assert(holds(env, "f", TEXT("0123456789")));
}

Test(file, an_exact_read_past_the_end_is_an_error)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_put(env, "f", "0123456789", 10);
	int fd = env->open(env, AT_FDCWD, "f", O_RDONLY, 0);
	char out[8];
	cr_assert_eq(file_read_exact(env, fd, out, 8, 2), 0);
	cr_assert_eq(memcmp(out, "23456789", 8), 0);
	cr_assert_eq(file_read_exact(env, fd, out, 8, 3), -EIO);
	cr_assert_eq(env->close(env, fd), 0);
}

Test(file, writes_go_where_they_were_told)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_put(env, "f", "0123456789", 10);
	int fd = env->open(env, AT_FDCWD, "f", O_WRONLY, 0);
	cr_assert_eq(file_write_all(env, fd, TEXT("abc"), 4), 0);
	cr_assert_eq(file_write_all(env, fd, (struct span){ 0 }, 99), 0);
	cr_assert_eq(env->close(env, fd), 0);
	cr_assert(holds(env, "f", TEXT("0123abc789")));
}

/* After a power cut at any call the path holds the old bytes or the new ones, whole. */
Test(file, a_replacement_is_the_old_file_or_the_new_one_whatever_happens)
{
	static const enum fault_cut cuts[] = { FAULT_CUT_KEEP, FAULT_CUT_DROP, FAULT_CUT_PREFIX,
		                               FAULT_CUT_RANDOM };
	for (size_t cut = 0; cut < ARRAY_SIZE(cuts); cut++) {
		for (uint64_t n = 1; n < 12; n++) {
			cleanup_place struct place p = place_new();
			struct env *env = p.env;
			fault_env_put(env, "f", "old", 3);
			fault_env_crash(env, n);
			int r = replace(&p, "f", TEXT("new content"));
			bool crashed = fault_env_crashed(env);
			fault_env_power_cut(env, cuts[cut], n);
			size_t len;
			const uint8_t *at = fault_env_content(env, "f", &len);
			cr_assert_not_null(at);
			struct span now = { at, len };
			cr_assert(span_is(now, "new content") || (crashed && span_is(now, "old")));
			if (r == 0)
				cr_assert(span_is(now, "new content"));
		}
	}
}

Test(file, a_failed_replacement_leaves_the_old_file_and_no_other)
{
	static const enum fault_op ops[] = { FAULT_OPEN, FAULT_PWRITE, FAULT_DATASYNC, FAULT_CLOSE,
		                             FAULT_RENAME };
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		cleanup_place struct place p = place_new();
		struct env *env = p.env;
		fault_env_put(env, "f", "old", 3);
		fault_env_fail(env, ops[i], 1, -ENOSPC);
		cr_assert_eq(replace(&p, "f", TEXT("new")), -ENOSPC, "op %d", ops[i]);
		cr_assert(holds(env, "f", TEXT("old")));
		cr_assert_not(fault_env_exists(env, "f.tmp"));
		cr_assert_eq(fault_env_open_count(env), 1);
	}
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	fault_env_fail(env, FAULT_DIRSYNC, 1, -EIO);
	cr_assert_eq(replace(&p, "f", TEXT("new")), -EIO);
}

Test(file, a_name_that_leaves_no_room_is_refused)
{
	cleanup_place struct place p = place_new();
	struct env *env = p.env;
	char name[300];
	memset(name, 'n', sizeof(name));
	name[252] = '\0';
	cr_assert_eq(replace(&p, name, TEXT("x")), -ENAMETOOLONG);
	cr_assert_eq(fault_env_calls(env, FAULT_ANY), 1);
}

Test(file, what_is_published_is_whole_or_not_there)
{
	static const enum fault_op ops[] = { FAULT_OPEN, FAULT_PWRITE, FAULT_CLOSE, FAULT_RENAME };
	for (size_t i = 0; i <= ARRAY_SIZE(ops); i++) {
		cleanup_place struct place p = place_new();
		struct env *env = p.env;
		fault_env_put(env, "f", "old", 3);
		fault_env_put(env, "f.tmp", "left behind", 11);
		if (i < ARRAY_SIZE(ops))
			fault_env_fail(env, ops[i], 1, -ENOSPC);
		int r = file_publish(env, p.dirfd, "f", TEXT("new"));
		cr_assert_eq(r, i < ARRAY_SIZE(ops) ? -ENOSPC : 0);
		cr_assert(holds(env, "f", r ? TEXT("old") : TEXT("new")));
		cr_assert_not(fault_env_exists(env, "f.tmp"));
	}
}
