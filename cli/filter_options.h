/* The options that `show` and `follow` have in common. */
#ifndef SWORNLOG_CLI_FILTER_OPTIONS_H
#define SWORNLOG_CLI_FILTER_OPTIONS_H

#include "cli/filter.h"

/* clang-format off */
#define FILTER_ALL { .session = FILTER_NONE, .pid = FILTER_NONE }

#define FILTER_OPTIONS(f) \
	{ .name = "host", .type = OPTION_TEXT, .into = &(f).host, .value = "HOST", .help = "entries of this host only" }, \
	{ .name = "kind", .type = OPTION_LIST, .into = &(f).kinds, .value = "KIND[,KIND...]", .help = "these kinds only; may be repeated" }, \
	{ .name = "since", .type = OPTION_TEXT, .into = &(f).since, .value = "TIME", .help = "not before" }, \
	{ .name = "until", .type = OPTION_TEXT, .into = &(f).until, .value = "TIME", .help = "not after" }, \
	{ .name = "session", .type = OPTION_UINT, .into = &(f).session, .value = "N", .help = "audit session of the actor", .max = UINT32_MAX }, \
	{ .name = "pid", .type = OPTION_UINT, .into = &(f).pid, .value = "N", .help = "process that acted, or that is told of", .max = UINT32_MAX }, \
	{ .name = "path-prefix", .type = OPTION_TEXT, .into = &(f).path_prefix, .value = "PREFIX", .help = "file or executable that begins with it" }, \
	{ .name = "all", .type = OPTION_FLAG, .into = &(f).own, .help = "seals and heartbeats too" }

#define FILTER_HELP \
	"KIND is a name or a number: process exec exec_failed exit credentials open close rename unlink link symlink mkdir\n" \
	"rmdir mknod chmod chown truncate setxattr removexattr io_uring read mmap mount umount ptrace module_load\n" \
	"module_unload bpf time signal connect accept bind audit_login audit_account audit_config audit_anomaly audit_other\n" \
	"sensor disagreement confirmation throttle repeats, and of the log's own seal epoch posture heartbeat loss goodbye\n" \
	"agent. TIME is UTC, \"2026-11-24T08:00:00Z\" or \"2026-11-24 08:00\", or how\n" \
	"long ago: 30s, 10m, 2h, 3d. Times are those of the host's clock."
/* clang-format on */

/* filter_prepare, and a message if that fails. */
must_check bool filter_ready(struct filter *f, int *ret_status);

#endif
