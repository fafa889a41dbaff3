/* Which container a process is in, by the path of its cgroup in /proc. */
#ifndef SWORNLOG_COLLECTOR_CONTAINER_H
#define SWORNLOG_COLLECTOR_CONTAINER_H

#include "lib/cursor.h"

#define CONTAINER_ID_MAX     64
#define CONTAINERS_KNOWN_MAX 256

/* Cgroups that were looked at, so that each is read about once. Zeroed: none. */
struct containers {
	const char *root; /* where cgroup v2 is mounted, the caller's; NULL: where systemd mounts it */
	struct {
		uint64_t cgroup; /* cgroup v2 id; 0: empty */
		char id[CONTAINER_ID_MAX + 1];
	} known[CONTAINERS_KNOWN_MAX];
};

/* The id in a cgroup's path: 64 hex digits as docker, podman, containerd and CRI-O name theirs, or the name
 * that LXC and systemd-nspawn give. Empty if there is none; points into the path. */
struct span container_id(struct span path);

/* "" if the process is in none, or if that is not known: it is gone, it is in another cgroup by now, /proc is
 * closed to us, or the host has no cgroup v2 hierarchy. proc_fd: a descriptor of /proc. Valid until the next
 * call. */
const char *containers_find(struct containers *c, int proc_fd, uint32_t tgid, uint64_t cgroup);

#endif
