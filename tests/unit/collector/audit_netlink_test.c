#include "collector/audit_control.h"
#include "collector/audit_netlink.h"
#include "collector/audit_watch.h"

#include <criterion/criterion.h>
#include <unistd.h>

Test(audit_netlink, the_drops_of_a_socket_are_the_ninth_column)
{
	static const char line[] = "00000000f0c1a2b3 9   1234       00000001 0        0        0     2       "
	                           " 17       98765   \n";
	uint32_t drops = 5;
	cr_assert_not(audit_netlink_parse_drops(line, 9876, &drops));
	cr_assert_not(audit_netlink_parse_drops("", 98765, &drops));
	cr_assert_not(
	        audit_netlink_parse_drops("sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode", 0, &drops));
	cr_assert_eq(drops, 5);
	cr_assert(audit_netlink_parse_drops(line, 98765, &drops));
	cr_assert_eq(drops, 17);
}

Test(audit_netlink, a_descriptor_that_is_no_audit_socket_is_not_adopted)
{
	int fds[2];
	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(audit_netlink_adopt(fds[0]), -EINVAL);
	cr_assert_eq(audit_netlink_adopt(-1), -EINVAL);
	close(fds[0]);
	close(fds[1]);
}

Test(audit_netlink, records_are_told_from_answers_and_pings)
{
	static const uint16_t records[] = { 1005, 1006, 1100, 1300, 1320, 2000, 2999 };
	static const uint16_t others[] = { 0, 2, 3, 1000, 1001, 1013, 1019, 1329 };
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		cr_expect(audit_datagram_is_record(&(struct audit_datagram){ .type = records[i] }), "%u",
		          records[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		cr_expect_not(audit_datagram_is_record(&(struct audit_datagram){ .type = others[i] }), "%u",
		              others[i]);
}

Test(audit_netlink, a_status_is_read_in_its_old_and_new_length)
{
	uint32_t words[11] = { 0, 2, 1, 612, 0, 8192, 3, 4, 0, 15000, 0 };
	struct audit_datagram m = { .type = 1000, .payload = { (const uint8_t *)words, sizeof(words) } };
	struct audit_status_view v = { .lost = 77 };
	cr_assert_eq(audit_datagram_status(&m, &v), 0);
	cr_assert_eq(v.enabled, 2);
	cr_assert_eq(v.pid, 612);
	cr_assert_eq(v.backlog_limit, 8192);
	cr_assert_eq(v.lost, 3);
	cr_assert_eq(v.backlog, 4);
	cr_assert_eq(v.backlog_wait_time, 15000);
	m.payload.len = 32;
	cr_assert_eq(audit_datagram_status(&m, &v), 0);
	cr_assert_eq(v.backlog_wait_time, 0);
	m.payload.len = 31;
	v.lost = 77;
	cr_assert_eq(audit_datagram_status(&m, &v), -EBADMSG);
	cr_assert_eq(v.lost, 77);
}

Test(audit_watch, a_counter_that_goes_back_was_reset)
{
	uint32_t lost = 9;
	cr_assert_eq(audit_watch_compare(5, 5, &lost), AUDIT_CHANGE_NONE);
	cr_assert_eq(audit_watch_compare(5, 4, &lost), AUDIT_CHANGE_RESET);
	cr_assert_eq(lost, 9);
	cr_assert_eq(audit_watch_compare(5, 12, &lost), AUDIT_CHANGE_LOST);
	cr_assert_eq(lost, 7);
}

Test(audit_control, restoring_nothing_asks_the_kernel_nothing)
{
	cr_assert_eq(audit_control_restore(&(struct audit_control){ 0 }), 0);
}
