#include "shipper/receipts.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

static struct receipts r;
static int sealer;

static void setup(void)
{
	int ends[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	r = (struct receipts){ .fd = ends[0] };
	sealer = ends[1];
}

static void teardown(void)
{
	receipts_close(&r);
	cr_expect_eq(r.fd, -1);
	close(sealer);
}

TestSuite(receipts, .init = setup, .fini = teardown);

static void say(const void *p, size_t n)
{
	cr_assert_eq(write(sealer, p, n), (ssize_t)n);
}

Test(receipts, messages_come_whole_however_they_were_cut)
{
	cleanup_buf struct buf b = { 0 };
	struct uplink_message m = { .type = UPLINK_SHIP_FROM, .epoch = 1, .first = 2 };
	uplink_put(&b, &m);
	m.first = 3;
	uplink_put(&b, &m);
	unsigned heard = 0;
	for (size_t i = 0; i < b.len; i++) {
		say(b.data + i, 1);
		cr_assert_eq(receipts_read(&r), 0);
		while (receipts_next(&r, &m) == 1)
			cr_expect_eq(m.first, 2 + heard++);
	}
	cr_expect_eq(heard, 2);
}

Test(receipts, what_was_said_before_the_end_is_still_heard)
{
	cleanup_buf struct buf b = { 0 };
	struct uplink_message m = { .type = UPLINK_SHIP_FROM, .epoch = 1, .first = 2 };
	uplink_put(&b, &m);
	say(b.data, b.len);
	shutdown(sealer, SHUT_WR);
	cr_expect_eq(receipts_read(&r), -EPIPE);
	cr_expect_eq(receipts_next(&r, &m), 1);
	cr_expect_eq(receipts_next(&r, &m), 0);
}

Test(receipts, nonsense_is_refused)
{
	struct uplink_message m;
	say("GET / HTTP/1.0\r\n", 16);
	cr_assert_eq(receipts_read(&r), 0);
	cr_expect_eq(receipts_next(&r, &m), -EBADMSG);
}

Test(receipts, sending_to_nobody_is_an_error_and_no_signal)
{
	close(sealer);
	sealer = -1;
	cr_expect_eq(receipts_send(&r, (struct span){ (const uint8_t *)"x", 1 }), -EPIPE);
}

Test(receipts, a_missing_socket_is_no_connection)
{
	struct receipts none = { .fd = -1 };
	cr_expect_eq(receipts_connect(&none, "/nowhere/receipts.sock"), -ENOENT);
	cr_expect_eq(none.fd, -1);
	char path[300];
	memset(path, 'a', sizeof(path));
	path[299] = '\0';
	cr_expect_eq(receipts_connect(&none, path), -ENAMETOOLONG);
}
