/* Sins on a fleet that runs: on the host's programs and files, on the network, on the sink. The fleet has one
 * host, "web", with receipts, when a sin begins. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "drill/source.h"
#include "drill/scratch.h"
#include "drill/sin.h"
#include "drill/workspace.h"
#include "verify/spool.h"

#define FLOOD_EVENTS 800
#define FLOOD_BYTES  4096
#define WAIT_S       20

static struct scratch_host *web(const struct act *a)
{
	return &a->fleet->host[0];
}

/* A few batches more, at once. */
static int make_batches(struct scratch_host *h, unsigned count)
{
	cleanup_source struct source f = { .fd = -1 };
	int r = source_open(h, &f);
	for (unsigned i = 0; r == 0 && i < count; i++) {
		r = source_send(&f, 3, 32);
		sleep_ms(150);
	}
	return r;
}

int sin_stop_agent(struct act *a)
{
	return a->sinful ? act_step(a, host_stop(web(a)), "the agent did not stop") : 0;
}

int sin_kill_agent(struct act *a)
{
	if (a->sinful)
		host_kill(web(a));
	return 0;
}

int sin_freeze_agent(struct act *a)
{
	if (!a->sinful)
		return 0;
	int r = program_signal(&web(a)->sealer, SIGSTOP);
	if (r == 0)
		r = program_signal(&web(a)->shipper, SIGSTOP);
	return act_step(a, r, "the agent can't be frozen");
}

int sin_cut_network(struct act *a)
{
	struct scratch_host *h = web(a);
	uint64_t receipts = 0;
	int r = relay_start(&a->fleet->network, a->fleet->port);
	if (r < 0)
		return act_step(a, r, "a relay can't be started");
	h->port = a->fleet->network.port;
	program_kill(&h->shipper);
	r = host_status_number(h, "receipts", &receipts);
	if (r == 0)
		r = host_start_shipper(h);
	if (r == 0)
		r = host_wait_receipts(h, receipts + 1, WAIT_S);
	if (a->sinful)
		relay_cut(&a->fleet->network);
	return act_step(a, r, "nothing was shipped through the relay");
}

int sin_fill_spool(struct act *a)
{
	struct scratch_host *h = web(a);
	cleanup_source struct source f = { .fd = -1 };
	int r = host_stop(h);
	if (r == 0)
		r = program_stop(&a->fleet->sink);
	h->spool_max_mib = 1;
	if (r == 0)
		r = host_start_sealer(h);
	if (r == 0)
		r = source_open(h, &f);
	for (unsigned i = 0; r == 0 && i < FLOOD_EVENTS / 8; i++)
		r = source_send(&f, a->sinful ? 8 : 1, a->sinful ? FLOOD_BYTES : 32);
	source_close(&f);
	if (r == 0)
		r = scratch_start_sink(a->fleet);
	if (r == 0)
		r = host_start_shipper(h);
	if (r == 0)
		r = host_wait_receipts(h, 1, WAIT_S);
	return act_step(a, r, "the flood could not be made");
}

static int delete_batches(const struct scratch_host *h)
{
	char path[PATH_MAX], name[SPOOL_FILE_NAME_MAX];
	cleanup_spool_listing struct spool_listing l = { 0 };
	if (!host_path(h, "spool", path))
		return -ENAMETOOLONG;
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : spool_listing_read(fd, NULL, &l);
	for (size_t i = 0; r == 0 && i < l.len; i++) {
		spool_file_name(&l.file[i], name);
		r = unlinkat(fd, name, 0) < 0 ? -errno : 0;
	}
	return r;
}

/* While the sink is away, so that the spool holds what nobody else has. */
int sin_delete_spool(struct act *a)
{
	struct scratch_host *h = web(a);
	int r = program_stop(&a->fleet->sink);
	if (r == 0)
		r = make_batches(h, 3);
	host_kill(h);
	if (r == 0 && a->sinful)
		r = delete_batches(h);
	if (r == 0)
		r = scratch_start_sink(a->fleet);
	if (r == 0)
		r = host_start(h);
	return act_step(a, r, "the agent did not come back");
}

static int delete_file(const struct scratch_host *h, const char *name)
{
	char path[PATH_MAX];
	if (!host_path(h, name, path))
		return -ENAMETOOLONG;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* All that the agent has but its identity key. */
int sin_wipe_host(struct act *a)
{
	static const char *const files[] = { "state/keys", "state/epoch", "spool/base", "spool/receipt" };
	struct scratch_host *h = web(a);
	host_kill(h);
	int r = a->sinful ? delete_batches(h) : 0;
	for (size_t i = 0; r == 0 && a->sinful && i < ARRAY_SIZE(files); i++)
		r = delete_file(h, files[i]);
	if (r == 0)
		r = host_start_sealer(h);
	if (r == 0)
		r = host_start_shipper(h);
	return act_step(a, r, "the agent did not come back");
}

static int move_folder(const struct scratch_host *h, const char *from, const char *to)
{
	char one[PATH_MAX], two[PATH_MAX];
	if (!host_path(h, from, one) || !host_path(h, to, two))
		return -ENAMETOOLONG;
	return rename(one, two) < 0 ? -errno : 0;
}

static int keep_folder(const struct scratch_host *h, const char *from, const char *to)
{
	char one[PATH_MAX], two[PATH_MAX];
	if (!host_path(h, from, one) || !host_path(h, to, two))
		return -ENAMETOOLONG;
	return workspace_copy_tree(one, two);
}

/* As a snapshot of a virtual machine would. */
int sin_roll_back_state(struct act *a)
{
	struct scratch_host *h = web(a);
	int r = host_stop(h);
	if (r == 0)
		r = keep_folder(h, "state", "old-state");
	if (r == 0)
		r = keep_folder(h, "spool", "old-spool");
	if (r == 0)
		r = host_start(h);
	if (r == 0)
		r = make_batches(h, 2);
	if (r == 0)
		r = host_stop(h);
	if (r == 0 && a->sinful)
		r = move_folder(h, "state", "new-state");
	if (r == 0 && a->sinful)
		r = move_folder(h, "spool", "new-spool");
	if (r == 0 && a->sinful)
		r = move_folder(h, "old-state", "state");
	if (r == 0 && a->sinful)
		r = move_folder(h, "old-spool", "spool");
	if (r == 0)
		r = host_start_sealer(h);
	if (r == 0)
		r = host_start_shipper(h);
	return act_step(a, r, "the agent did not come back");
}

int sin_clone_host(struct act *a)
{
	struct scratch_host *h = web(a), *clone;
	int r = host_stop(h);
	if (r == 0)
		r = scratch_clone_host(h, &clone);
	if (r == 0)
		r = host_start(h);
	if (r == 0 && a->sinful)
		r = host_start_sealer(clone);
	if (r == 0 && a->sinful)
		r = host_start_shipper(clone);
	return act_step(a, r, "the host could not be cloned");
}
