#include "collector/bpf_agent.h"

#include <unistd.h>

#include <bpf/bpf.h>

static int put(int fd, uint32_t number)
{
	uint8_t present = 1;
	return bpf_map_update_elem(fd, &number, &present, BPF_ANY);
}

int bpf_agent_put(int fd, uint32_t pid)
{
	if (fd < 0)
		return 0;
	/* A process group goes by its negative number, as in kill(). */
	pid_t group = getpgid((pid_t)pid);
	int err = put(fd, pid);
	return err || group <= 1 ? err : put(fd, (uint32_t)-group);
}

void bpf_agent_clear(int fd)
{
	uint32_t number;
	while (fd >= 0 && bpf_map_get_next_key(fd, NULL, &number) == 0)
		if (bpf_map_delete_elem(fd, &number))
			return;
}
