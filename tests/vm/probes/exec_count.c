/* Shows that a tp_btf program loads, attaches and fires: ends with 0 when it has counted a program's start.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/exec_count.skel.h"

static int start_a_program(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/busybox", "busybox", "true", (char *)NULL);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int count_a_start(struct exec_count_bpf *probe)
{
	int err = exec_count_bpf__attach(probe);

	if (err) {
		fprintf(stderr, "exec_count: cannot attach (%d)\n", err);
		return 1;
	}
	if (!start_a_program()) {
		fprintf(stderr, "exec_count: cannot start a program\n");
		return 1;
	}
	printf("counted %llu\n", (unsigned long long)probe->bss->exec_count);
	return probe->bss->exec_count == 0;
}

int main(void)
{
	struct exec_count_bpf *probe = exec_count_bpf__open_and_load();

	if (!probe) {
		perror("exec_count: cannot load");
		return 1;
	}
	int ret = count_a_start(probe);
	exec_count_bpf__destroy(probe);
	return ret;
}
