#include "lib/connect.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/listen.h"

static char folder[] = "/tmp/connect_test.XXXXXX";
static char path[64];
static int listener = -1;

static void set_up(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	cr_assert_eq(listen_unix(path, 0600, &listener), 0);
}

static void tear_down(void)
{
	close(listener);
	unlink(path);
	rmdir(folder);
}

Test(connect, reaches_a_listener_and_does_not_block, .init = set_up, .fini = tear_down)
{
	int fd = -1;
	cr_assert_eq(connect_unix(path, &fd), 0);
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

Test(connect, waits_no_longer_than_it_is_told, .init = set_up, .fini = tear_down)
{
	int fd = -1;
	char byte;
	cr_assert_eq(connect_unix_timeout(path, 1, &fd), 0);
	cr_assert_eq(recv(fd, &byte, 1, 0), -1);
	cr_assert_eq(errno, EAGAIN);
	close(fd);
}

Test(connect, leaves_the_descriptor_alone_where_nobody_listens, .init = set_up, .fini = tear_down)
{
	int fd = -5;
	close(listener);
	cr_assert_eq(connect_unix(path, &fd), -ECONNREFUSED);
	cr_assert_eq(connect_unix_timeout(path, 1, &fd), -ECONNREFUSED);
	cr_assert_eq(connect_unix("/nowhere/at/all", &fd), -ENOENT);
	cr_assert_eq(fd, -5);
}

Test(connect, refuses_a_path_that_no_address_holds)
{
	char longest[200];
	int fd = -5;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cr_assert_eq(connect_unix(longest, &fd), -ENAMETOOLONG);
	cr_assert_eq(connect_unix_timeout(longest, 1, &fd), -ENAMETOOLONG);
	cr_assert_eq(fd, -5);
}
