/* close_fd PID FD: makes another process close one of its descriptors, as an intruder with ptrace would. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define SYSCALL_BYTES 2

static int run(pid_t pid, int fd)
{
	struct user_regs_struct was, call;
	int status;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &was))
		return -1;
	/* It was stopped within a system call, and goes on just after that instruction. */
	call = was;
	call.rip -= SYSCALL_BYTES;
	call.rax = SYS_close;
	call.orig_rax = (unsigned long long)-1;
	call.rdi = (unsigned long long)fd;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &call) || ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
	    waitpid(pid, &status, 0) != pid || ptrace(PTRACE_GETREGS, pid, NULL, &call))
		return -1;
	printf("close: %lld\n", (long long)call.rax);
	/* The call that was interrupted ends early, with EINTR. */
	was.rax = (unsigned long long)-4;
	was.orig_rax = (unsigned long long)-1;
	return ptrace(PTRACE_SETREGS, pid, NULL, &was) ? -1 : 0;
}

int main(int argc, char **argv)
{
	pid_t pid = argc == 3 ? atoi(argv[1]) : 0;
	int status;
	if (pid <= 0 || ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, &status, 0) != pid ||
	    run(pid, atoi(argv[2])) || ptrace(PTRACE_DETACH, pid, NULL, NULL)) {
		perror("close_fd");
		return 1;
	}
	return 0;
}
