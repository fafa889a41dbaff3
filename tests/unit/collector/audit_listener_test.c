/* Without a change to this machine's audit: tests/vm/audit.sh does the rest. */
#include "collector/audit_listener.h"

#include <criterion/criterion.h>

Test(audit_listener, descriptors_for_another_process_are_not_taken)
{
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", "1", 1);
	cr_assert_eq(audit_listener_passed_fd(), -1);
	setenv("LISTEN_PID", "", 1);
	cr_assert_eq(audit_listener_passed_fd(), -1);
	unsetenv("LISTEN_PID");
	cr_assert_eq(audit_listener_passed_fd(), -1);
}
