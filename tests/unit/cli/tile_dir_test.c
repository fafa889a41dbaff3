#include "cli/tile_dir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file_tree.h"

static char folder[64];
static int dirfd_;

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/swornlog-tiles-XXXXXX");
	cr_assert(mkdtemp(folder));
	dirfd_ = file_tree_open(folder);
	cr_assert(dirfd_ >= 0);
}

static void remove_folder(void)
{
	char command[128];
	close(dirfd_);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(tile_dir, .init = make_folder, .fini = remove_folder);

/* Sizes of a file below the folder; -1 if it is not there. */
static long bytes_of(const char *path)
{
	struct stat st;
	return fstatat(dirfd_, path, &st, 0) == 0 ? (long)st.st_size : -1;
}

static void write_log(const char *path, bool bundles, unsigned entries)
{
	cleanup_tile_dir struct tile_dir *t = NULL;
	cr_assert_eq(tile_dir_new(dirfd_, path, bundles, &t), 0);
	for (unsigned i = 0; i < entries; i++) {
		struct span entry = { (const uint8_t *)&i, sizeof(i) };
		struct hash leaf;
		merkle_leaf(entry, &leaf);
		cr_assert_eq(tile_dir_add(t, entry, &leaf), 0);
	}
	cr_assert_eq(tile_dir_finish(t, (struct span){ (const uint8_t *)"note\n", 5 }), 0);
}

Test(tile_dir, a_log_of_70000_has_the_widths_that_the_specification_names)
{
	write_log("log", true, 70000);
	cr_assert_eq(bytes_of("log/tile/0/272"), 8192);
	cr_assert_eq(bytes_of("log/tile/0/273.p/112"), 112 * 32);
	cr_assert_eq(bytes_of("log/tile/0/273"), -1);
	cr_assert_eq(bytes_of("log/tile/1/000"), 8192);
	cr_assert_eq(bytes_of("log/tile/1/001.p/17"), 17 * 32);
	cr_assert_eq(bytes_of("log/tile/2/000.p/1"), 32);
	cr_assert_eq(bytes_of("log/tile/3"), -1);
	cr_assert_eq(bytes_of("log/tile/entries/272"), 256 * 6);
	cr_assert_eq(bytes_of("log/tile/entries/273.p/112"), 112 * 6);
	cr_assert_eq(bytes_of("log/checkpoint"), 5);
}

Test(tile_dir, a_log_of_256_has_no_empty_partial_tile)
{
	write_log("log", true, 256);
	cr_assert_eq(bytes_of("log/tile/0/000"), 8192);
	cr_assert_eq(bytes_of("log/tile/0/001.p"), -1);
	cr_assert_eq(bytes_of("log/tile/entries/001.p"), -1);
	cr_assert_eq(bytes_of("log/tile/1/000.p/1"), 32);
}

Test(tile_dir, without_bundles_there_are_hashes_only)
{
	write_log("log", false, 300);
	cr_assert_eq(bytes_of("log/tile/entries"), -1);
	cr_assert_eq(bytes_of("log/tile/0/001.p/44"), 44 * 32);
}

Test(tile_dir, what_is_there_already_is_not_overwritten)
{
	cleanup_tile_dir struct tile_dir *t = NULL;
	struct hash leaf = { 0 };
	write_log("log", true, 3);
	cr_assert_eq(tile_dir_new(dirfd_, "log", true, &t), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(tile_dir_add(t, (struct span){ 0 }, &leaf), 0);
	cr_assert_eq(tile_dir_finish(t, (struct span){ 0 }), -EEXIST);
	cr_assert_eq(file_tree_open(folder), -ENOTEMPTY);
}
