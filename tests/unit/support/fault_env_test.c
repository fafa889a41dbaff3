#include "tests/support/fault_env.h"

#include <fcntl.h>

#include <criterion/criterion.h>

#include "lib/file.h"

#define ABC ((struct span){ (const uint8_t *)"abc", 3 })

static int make(struct env *env, const char *path)
{
	int fd = env->open(env, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write_all(env, fd, ABC, 0), 0);
	return fd;
}

static int root_of(struct env *env)
{
	return env->open(env, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
}

Test(fault_env, what_was_not_synced_is_lost_when_the_power_goes)
{
	cleanup_fault_env struct env *env = fault_env_new();
	make(env, "a");
	fault_env_power_cut(env, FAULT_CUT_DROP, 1);
	cr_assert_not(fault_env_exists(env, "a"));
}

Test(fault_env, a_synced_file_without_a_synced_folder_has_no_name)
{
	cleanup_fault_env struct env *env = fault_env_new();
	cr_assert_eq(env->datasync(env, make(env, "a")), 0);
	fault_env_power_cut(env, FAULT_CUT_DROP, 1);
	cr_assert_not(fault_env_exists(env, "a"));
}

Test(fault_env, what_was_synced_survives)
{
	cleanup_fault_env struct env *env = fault_env_new();
	int fd = make(env, "a");
	cr_assert_eq(env->datasync(env, fd), 0);
	cr_assert_eq(env->dirsync(env, root_of(env)), 0);
	cr_assert_eq(file_write_all(env, fd, ABC, 3), 0);
	fault_env_power_cut(env, FAULT_CUT_DROP, 1);
	size_t n;
	cr_assert_eq(memcmp(fault_env_content(env, "a", &n), "abc", 3), 0);
	cr_assert_eq(n, 3);
	cr_assert_eq(fault_env_open_count(env), 0);
}

Test(fault_env, a_killed_process_leaves_what_it_wrote)
{
	cleanup_fault_env struct env *env = fault_env_new();
	make(env, "a");
	fault_env_power_cut(env, FAULT_CUT_KEEP, 1);
	size_t n;
	cr_assert_not_null(fault_env_content(env, "a", &n));
	cr_assert_eq(n, 3);
}

Test(fault_env, writes_before_a_failed_datasync_never_become_durable)
{
	cleanup_fault_env struct env *env = fault_env_new();
	int fd = make(env, "a");
	cr_assert_eq(env->dirsync(env, root_of(env)), 0);
	fault_env_fail(env, FAULT_DATASYNC, 1, -EIO);
	cr_assert_eq(env->datasync(env, fd), -EIO);
	cr_assert_eq(env->datasync(env, fd), 0);
	fault_env_power_cut(env, FAULT_CUT_DROP, 1);
	size_t n;
	cr_assert_not_null(fault_env_content(env, "a", &n));
	cr_assert_eq(n, 0);
}

Test(fault_env, after_the_call_of_the_crash_nothing_changes)
{
	cleanup_fault_env struct env *env = fault_env_new();
	fault_env_crash(env, 2);
	int fd = env->open(env, AT_FDCWD, "a", O_RDWR | O_CREAT, 0600);
	cr_assert_eq(env->pwrite(env, fd, "abc", 3, 0), -EIO);
	cr_assert(fault_env_crashed(env));
	cr_assert_eq(env->pwrite(env, fd, "def", 3, 3), -EIO);
	fault_env_power_cut(env, FAULT_CUT_KEEP, 1);
	size_t n;
	cr_assert_eq(memcmp(fault_env_content(env, "a", &n), "abc", 3), 0);
	cr_assert_eq(n, 3);
}

Test(fault_env, a_rename_is_all_or_nothing)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		cleanup_fault_env struct env *env = fault_env_new();
		fault_env_put(env, "a", "old", 3);
		cr_assert_eq(file_replace(env, root_of(env), "a", ABC, 0600), 0);
		cr_assert_eq(env->unlink(env, AT_FDCWD, "a"), 0);
		make(env, "b");
		cr_assert_eq(env->rename(env, root_of(env), "b", "c"), 0);
		fault_env_power_cut(env, FAULT_CUT_RANDOM, seed);
		cr_assert_leq(fault_env_exists(env, "b") + fault_env_exists(env, "c"), 1);
		cr_assert(fault_env_exists(env, "a") || !fault_env_exists(env, "a.tmp"));
	}
}

Test(fault_env, a_full_disk_takes_what_fits)
{
	cleanup_fault_env struct env *env = fault_env_new();
	int fd = make(env, "a");
	fault_env_space(env, 2);
	cr_assert_eq(env->pwrite(env, fd, "defg", 4, 3), 2);
	cr_assert_eq(env->pwrite(env, fd, "fg", 2, 5), -ENOSPC);
	cr_assert_eq(env->truncate(env, fd, 3), 0);
	cr_assert_eq(env->pwrite(env, fd, "de", 2, 3), 2);
}

Test(fault_env, one_process_at_a_time_holds_a_lock)
{
	cleanup_fault_env struct env *env = fault_env_new();
	int a = make(env, "a");
	int b = env->open(env, AT_FDCWD, "a", O_RDWR, 0);
	cr_assert_eq(env->lock(env, a), 0);
	cr_assert_eq(env->lock(env, b), -EWOULDBLOCK);
	cr_assert_eq(env->close(env, a), 0);
	cr_assert_eq(env->lock(env, b), 0);
}
