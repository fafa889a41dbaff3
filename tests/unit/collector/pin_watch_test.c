#include "collector/pin_watch.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static unsigned changes;
static char changed[SENSOR_NAME_MAX];

static void on_change(void *context, const struct sensor_change *change)
{
	(void)context;
	changes++;
	snprintf(changed, sizeof(changed), "%s", change->name);
	cr_assert_eq(change->what, CHANGE_PIN);
}

static void touch(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	cr_assert_geq(fd, 0);
	close(fd);
}

Test(pin_watch, a_name_that_is_removed_or_means_another_thing_is_told)
{
	char folder[] = "/tmp/swornlog-pins.XXXXXX";
	static struct pin_watch w;
	struct sensor_watch *watch;
	cr_assert_not_null(mkdtemp(folder));
	int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
	cr_assert_eq(sensor_watch_new(&(struct sensor_watch_config){ on_change, NULL }, &watch), 0);
	touch(dirfd, "link_a");
	touch(dirfd, "map_b");
	pin_watch_look(&w, dirfd, watch, 1);
	pin_watch_look(&w, dirfd, watch, 2);
	cr_assert_eq(changes, 0);
	cr_assert_eq(unlinkat(dirfd, "link_a", 0), 0);
	pin_watch_look(&w, dirfd, watch, 3);
	cr_assert(changes == 1 && strcmp(changed, "link_a") == 0);
	touch(dirfd, "other");
	cr_assert_eq(renameat(dirfd, "other", dirfd, "map_b"), 0);
	pin_watch_look(&w, dirfd, watch, 4);
	cr_assert(changes == 2 && strcmp(changed, "map_b") == 0);
	unlinkat(dirfd, "map_b", 0);
	close(dirfd);
	rmdir(folder);
	sensor_watch_free(watch);
}
