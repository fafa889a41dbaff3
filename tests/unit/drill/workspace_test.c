#include "drill/workspace.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/file.h"

static char folder[64];

static void make_file(const char *name, const char *content)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/from/%s", folder, name);
	FILE *f = fopen(path, "w");
	cr_assert(f && fputs(content, f) >= 0 && fclose(f) == 0);
}

static void make(void)
{
	char path[128];
	snprintf(folder, sizeof(folder), "/tmp/swornlog-workspace-XXXXXX");
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/from", folder);
	cr_assert(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/from/deep", folder);
	cr_assert(mkdir(path, 0700) == 0);
	make_file("one", "1");
	make_file("deep/two", "22");
}

static int remove_one(const char *path, const struct stat *st maybe_unused, int type maybe_unused,
                      struct FTW *f maybe_unused)
{
	return remove(path);
}

static void finish(void)
{
	cr_assert(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

TestSuite(workspace, .init = make, .fini = finish);

static void open_copy(struct workspace *w)
{
	char from[128], to[128];
	snprintf(from, sizeof(from), "%s/from", folder);
	snprintf(to, sizeof(to), "%s/to", folder);
	cr_assert_eq(workspace_open(w, from, to), 0);
}

static bool holds(const struct workspace *w, const char *path, const char *content)
{
	cleanup_buf struct buf b = { 0 };
	if (file_read(env_system(), w->dirfd, path, 100, &b) < 0)
		return false;
	return b.len == strlen(content) && memcmp(b.data, content, b.len) == 0;
}

static struct span text(const char *s)
{
	return span_str(s);
}

Test(workspace, is_a_copy_without_links_to_elsewhere)
{
	cleanup_workspace struct workspace w = { 0 };
	char path[128];
	snprintf(path, sizeof(path), "%s/from/link", folder);
	cr_assert(symlink("/etc/passwd", path) == 0);
	open_copy(&w);
	cr_expect(holds(&w, "one", "1"));
	cr_expect(holds(&w, "deep/two", "22"));
	cr_expect(faccessat(w.dirfd, "link", F_OK, AT_SYMLINK_NOFOLLOW) < 0);
}

Test(workspace, gives_back_what_was_changed_removed_and_added)
{
	cleanup_workspace struct workspace w = { 0 };
	open_copy(&w);
	for (int round = 0; round < 2; round++) {
		cr_assert_eq(workspace_put(&w, "one", text("other")), 0);
		cr_assert_eq(workspace_put(&w, "one", text("another")), 0);
		cr_assert_eq(workspace_remove(&w, "deep/two"), 0);
		cr_assert_eq(workspace_put(&w, "new/three", text("3")), 0);
		cr_expect(holds(&w, "one", "another"));
		cr_expect(holds(&w, "new/three", "3"));
		cr_expect_not(holds(&w, "deep/two", "22"));
		cr_assert_eq(workspace_restore(&w), 0);
		cr_expect(holds(&w, "one", "1"));
		cr_expect(holds(&w, "deep/two", "22"));
		cr_expect(faccessat(w.dirfd, "new/three", F_OK, 0) < 0);
	}
}

Test(workspace, can_be_emptied_and_filled_again)
{
	cleanup_workspace struct workspace w = { 0 };
	open_copy(&w);
	cr_assert_eq(workspace_empty(&w, "deep"), 0);
	cr_expect_not(holds(&w, "deep/two", "22"));
	cr_assert_eq(workspace_put(&w, "deep/two", text("x")), 0);
	cr_assert_eq(workspace_restore(&w), 0);
	cr_expect(holds(&w, "deep/two", "22"));
}

Test(workspace, never_changes_what_it_was_copied_from)
{
	cleanup_workspace struct workspace w = { 0 };
	char path[128];
	struct stat before, after;
	snprintf(path, sizeof(path), "%s/from/one", folder);
	open_copy(&w);
	cr_assert(stat(path, &before) == 0);
	cr_assert_eq(workspace_put(&w, "one", text("other")), 0);
	cr_assert(stat(path, &after) == 0);
	cr_expect_eq(before.st_ino, after.st_ino);
	cr_expect_eq(before.st_size, after.st_size);
	cr_expect_eq(before.st_nlink, after.st_nlink);
	cr_expect_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

Test(workspace, says_when_there_is_nothing_to_remove)
{
	cleanup_workspace struct workspace w = { 0 };
	open_copy(&w);
	cr_expect_eq(workspace_remove(&w, "absent"), -ENOENT);
	cr_expect_eq(workspace_copy_tree("/nonexistent", "/tmp/nowhere"), -ENOENT);
}
