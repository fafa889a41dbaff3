/* Tells the kernel which processes are the agent's, so that it tells of signals to them. */
#ifndef SWORNLOG_COLLECTOR_BPF_AGENT_H
#define SWORNLOG_COLLECTOR_BPF_AGENT_H

#include "lib/base.h"

/* fd: of the map of bpf_source_agent_fd(); negative: nothing is done. -errno. */
must_check int bpf_agent_put(int fd, uint32_t pid);
/* None from now on. */
void bpf_agent_clear(int fd);

#endif
