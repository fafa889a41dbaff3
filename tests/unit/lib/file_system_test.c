#include "lib/file_system.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static const char mounts[] =
        "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
        "35 21 8:17 / /var/lib/a\\040b rw shared:2 master:3 - ext4 /dev/sdb1 rw,data=journal\n"
        "garbage\n"
        "\n"
        "36 21 0:31 /@ /data=journal rw - btrfs /dev/data=journal rw,subvol=/@\n"
        "37 21 0:32 / /cut rw -\n"
        "38 21 0:33 / /cut rw";

static const char *name_of(uint64_t id)
{
	static char name[FILE_SYSTEM_NAME_MAX];
	return file_system_find(TEXT(mounts), id, name) == 0 ? name : NULL;
}

Test(file_system, a_mount_is_named_by_its_type)
{
	cr_assert_str_eq(name_of(21), "ext4");
	cr_assert_str_eq(name_of(36), "btrfs", "neither place nor source is an option");
}

Test(file_system, data_that_goes_through_the_journal_is_named_too)
{
	cr_assert_str_eq(name_of(35), "ext4 data=journal");
}

Test(file_system, what_is_not_listed_or_cut_is_not_found)
{
	cr_assert_null(name_of(1));
	cr_assert_null(name_of(37));
	cr_assert_null(name_of(38));
}

Test(file_system, a_type_as_long_as_a_line_is_cut)
{
	char line[4096], name[FILE_SYSTEM_NAME_MAX];
	int n = snprintf(line, sizeof(line), "5 1 0:1 / / rw - %02000d none rw", 7);
	cr_assert_eq(file_system_find((struct span){ (const uint8_t *)line, (size_t)n }, 5, name), 0);
	cr_assert_lt(strlen(name), FILE_SYSTEM_NAME_MAX);
}

Test(file_system, only_what_overwrites_in_place_forgets)
{
	cr_assert_not(file_system_keeps_copies("ext4"));
	cr_assert_not(file_system_keeps_copies("xfs"));
	cr_assert(file_system_keeps_copies("ext4 data=journal"));
	cr_assert(file_system_keeps_copies("btrfs"));
	cr_assert(file_system_keeps_copies("overlay"));
	cr_assert(file_system_keeps_copies("unknown"));
}

Test(file_system, the_kernel_knows_where_proc_is)
{
	char name[FILE_SYSTEM_NAME_MAX];
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	file_system_of(fd, name);
	cr_assert_str_eq(name, "proc");
	close(fd);
}
