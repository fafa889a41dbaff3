#include "collector/hash_trial.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/exec_hash.h"
#include "collector/probe_action.h"
#include "lib/digest.h"

#define TURNS 10000

static int own_hash(struct hash *ret)
{
	cleanup_close int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	sha256(bytes, (size_t)st.st_size, ret);
	munmap(bytes, (size_t)st.st_size);
	return 0;
}

static int run_own_program(uint32_t *ret_pid)
{
	const struct timespec turn = { .tv_nsec = 1000000 };
	int err = probe_action_spawn("trial", ret_pid);
	if (err)
		return err;
	for (int i = 0; i < TURNS; i++) {
		if (probe_action_reap(*ret_pid))
			return 0;
		nanosleep(&turn, NULL);
	}
	return -ETIMEDOUT;
}

int hash_trial(int hashes_fd)
{
	struct bpf_exec_hash found;
	struct hash own;
	uint32_t pid;
	int err = own_hash(&own);
	if (!err)
		err = run_own_program(&pid);
	if (err)
		return err;
	uint32_t key = pid | BPF_EXEC_HASH_TRIAL;
	if (bpf_map_lookup_elem(hashes_fd, &key, &found))
		return -ENODATA;
	(void)!bpf_map_delete_elem(hashes_fd, &key);
	return memcmp(found.sha256, own.b, sizeof(own.b)) == 0 ? 0 : -EBADMSG;
}
