/* swornlog-sealer: puts events into the host log, signs it, and takes receipts. It has the keys, and neither
 * network nor capabilities. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/account.h"
#include "agent/options.h"
#include "lib/boot_id.h"
#include "lib/certificate.h"
#include "lib/file.h"
#include "lib/file_system.h"
#include "lib/listen.h"
#include "lib/log.h"
#include "lib/text.h"
#include "sealer/sealer.h"
#include "sealer/server.h"

#define KEY_FILE_MAX 1024

/* All that the process works with; the folders stay open to its end. */
struct setup {
	struct agent_config config;
	struct signer identity;
	struct genesis genesis;
	struct buf fleet_vkey, checkpoint;
	struct policy *policy;
	struct sealer_options sealer;
	struct server_options server;
};

static int fail(const char *what, const char *name, int r)
{
	log_error("%s %s: %s", what, name, strerror(-r));
	return r;
}

/* Secrets must not reach swap, a core dump or a debugger. */
static void harden(void)
{
	struct rlimit none = { 0 };
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		log_warning("core dumps could not be switched off: %s", strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_warning("no_new_privs could not be set: %s", strerror(errno));
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0 && mlockall(MCL_CURRENT) < 0)
		log_warning("memory could not be locked (%s): keys may reach swap; raise LimitMEMLOCK",
		            strerror(errno));
}

static int open_folder(const char *path, int *ret)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail("can't open folder", path, -errno);
	*ret = fd;
	return 0;
}

static int load_identity(struct setup *s)
{
	cleanup_buf struct buf text = { 0 };
	char name[KEY_NAME_MAX + 1];
	struct stat st;
	struct origin o = { .epoch = 1 };
	if (fstatat(s->sealer.state_fd, "identity.key", &st, 0) == 0 && (st.st_mode & 077)) {
		log_error("%s/identity.key is open to others; run: chmod 600 %s/identity.key",
		          s->config.state, s->config.state);
		return -EPERM;
	}
	int r = file_read(env_system(), s->sealer.state_fd, "identity.key", KEY_FILE_MAX, &text);
	if (r < 0)
		return fail("can't read the identity key in", s->config.state, r);
	size_t n = text.len && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
	r = signer_parse((struct span){ text.data, n }, &s->identity);
	buf_wipe(&text);
	snprintf(o.fleet, sizeof(o.fleet), "%s", s->config.fleet);
	snprintf(o.host, sizeof(o.host), "%s", s->config.host);
	origin_identity_name(&o, name);
	if (r < 0)
		return fail("malformed identity key in", s->config.state, r);
	if (strcmp(s->identity.key.name, name) != 0) {
		log_error("the identity key in %s is of '%s', but fleet and host make '%s'", s->config.state,
		          s->identity.key.name, name);
		return -EINVAL;
	}
	return 0;
}

/* The statements are copied into the spool, so that it can be verified by itself. */
static int load_statements(struct setup *s)
{
	cleanup_buf struct buf genesis = { 0 }, enrol = { 0 };
	struct statement e;
	int r = file_read(env_system(), AT_FDCWD, s->config.genesis, STATEMENT_MAX_BYTES, &genesis);
	if (r == 0)
		r = genesis_parse((struct span){ genesis.data, genesis.len }, &s->genesis);
	if (r < 0)
		return fail("can't use the genesis statement", s->config.genesis, r);
	r = file_read(env_system(), AT_FDCWD, s->config.enrol, STATEMENT_MAX_BYTES, &enrol);
	if (r == 0)
		r = enrolment_parse((struct span){ enrol.data, enrol.len }, &s->genesis, &e);
	if (r < 0)
		return fail("can't use the enrolment statement", s->config.enrol, r);
	if (!key_equal(&e.identity, &s->identity.key)) {
		log_error("the enrolment %s is for another identity key; enroll this host again",
		          s->config.enrol);
		return -EINVAL;
	}
	r = file_replace(env_system(), s->sealer.spool_fd, "genesis",
	                 (struct span){ genesis.data, genesis.len }, 0640);
	if (r == 0)
		r = file_replace(env_system(), s->sealer.spool_fd, "enrol",
		                 (struct span){ enrol.data, enrol.len }, 0640);
	if (r < 0)
		return fail("can't write into", s->config.spool, r);
	s->sealer.log.has_token = e.has_token;
	s->sealer.log.token = e.token;
	key_put(&s->fleet_vkey, &s->genesis.log);
	buf_put_u8(&s->fleet_vkey, 0);
	return buf_err(&s->fleet_vkey);
}

/* What the join token pinned: the sink's first receipt has to fit it. */
static int load_checkpoint(struct setup *s)
{
	struct checkpoint cp;
	const char *path = s->config.checkpoint;
	int r = file_read(env_system(), AT_FDCWD, path, NOTE_MAX_BYTES, &s->checkpoint);
	if (r == -ENOENT)
		return 0;
	struct span note = { s->checkpoint.data, s->checkpoint.len };
	if (r == 0)
		r = checkpoint_verify_fleet(note, &s->genesis.log, false, &cp);
	if (r < 0)
		return fail("can't use the checkpoint", path, r);
	s->sealer.first_checkpoint = note;
	return 0;
}

static int load_policy(struct setup *s)
{
	cleanup_buf struct buf text = { 0 };
	char error[200];
	int r = file_read(env_system(), AT_FDCWD, s->config.policy, POLICY_MAX_BYTES, &text);
	if (r == -ENOENT) {
		log_info("no policy at %s: receipts count without witnesses", s->config.policy);
		return 0;
	}
	if (r < 0)
		return fail("can't read the policy", s->config.policy, r);
	r = policy_parse((struct span){ text.data, text.len }, &s->policy, error, sizeof(error));
	if (r < 0) {
		log_error("can't use the policy %s: %s", s->config.policy, error);
		return r;
	}
	if (policy_lists(s->policy, &s->genesis.log))
		return 0;
	log_error("the policy %s is for other logs: it does not name this fleet's", s->config.policy);
	return -EINVAL;
}

/* What lies where the keys are, and the spool's where that is another: for the posture. */
static const char *describe_file_systems(int keys_fd, int spool_fd)
{
	static char both[2 * FILE_SYSTEM_NAME_MAX + 16];
	char keys[FILE_SYSTEM_NAME_MAX], spool[FILE_SYSTEM_NAME_MAX];
	file_system_of(keys_fd, keys);
	file_system_of(spool_fd, spool);
	if (strcmp(keys, spool) == 0)
		snprintf(both, sizeof(both), "%s", keys);
	else
		snprintf(both, sizeof(both), "%s, spool on %s", keys, spool);
	if (file_system_keeps_copies(keys))
		log_warning("used seal keys may stay on the disk: the state folder is on %s", keys);
	return both;
}

static int fill_options(struct setup *s)
{
	struct agent_config *c = &s->config;
	struct sealer_options *o = &s->sealer;
	int r = certificate_file_spki(c->certificate, &o->log.certificate);
	if (r < 0)
		return fail("can't use the certificate", c->certificate, r);
	r = boot_id_read(o->log.boot_id);
	if (r < 0)
		return fail("can't read", "the boot id", r);
	o->log.env = env_system();
	o->log.fleet = c->fleet;
	o->log.host = c->host;
	o->log.identity = &s->identity;
	o->log.fleet_vkey = (const char *)s->fleet_vkey.data;
	o->log.config = c->digest;
	o->log.codec = PACK_ZSTD;
	o->log_key = &s->genesis.log;
	o->genesis = &s->genesis;
	o->policy = s->policy;
	o->witness_within_us = c->witness_within_s * 1000000;
	o->file_system = describe_file_systems(o->state_fd, o->spool_fd);
	o->seal_interval_us = c->seal_interval_ms * 1000;
	o->heartbeat_us = c->heartbeat_s * 1000000;
	o->spool_max_bytes = c->spool_max_mib << 20;
	o->keep_receipted_bytes = c->keep_receipted_mib << 20;
	o->keep_receipted_us = c->keep_receipted_h * 3600 * 1000000;
	return 0;
}

static int listen_in_run(const struct setup *s, const char *name, int *ret)
{
	char path[256];
	char file[32];
	listen_inherited(name, ret);
	if (*ret >= 0)
		return 0;
	snprintf(file, sizeof(file), "%s.sock", name);
	if (snprintf(path, sizeof(path), "%s/%s", s->config.run, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	int r = listen_unix(path, 0660, ret);
	return r < 0 ? fail("can't listen on", path, r) : 0;
}

static int prepare(struct setup *s)
{
	int r = open_folder(s->config.state, &s->sealer.state_fd);
	if (r == 0)
		r = open_folder(s->config.spool, &s->sealer.spool_fd);
	if (r == 0)
		r = open_folder(s->config.run, &s->server.run_fd);
	if (r == 0)
		r = load_identity(s);
	if (r == 0)
		r = load_statements(s);
	if (r == 0)
		r = load_checkpoint(s);
	if (r == 0)
		r = load_policy(s);
	if (r == 0)
		r = fill_options(s);
	if (r == 0)
		r = listen_in_run(s, "events", &s->server.events_fd);
	if (r == 0)
		r = listen_in_run(s, "receipts", &s->server.receipts_fd);
	s->server.collector_uid = account_uid(s->config.collector_user);
	s->server.shipper_uid = account_uid(s->config.shipper_user);
	return r;
}

static int run(struct setup *s)
{
	struct sealer *sealer;
	char error[300];
	int r = sealer_open(&s->sealer, &sealer, error, sizeof(error));
	if (r < 0) {
		log_error("%s", error);
		return r;
	}
	log_info("sealing for %s, host %s", s->config.fleet, s->config.host);
	r = server_run(&s->server, sealer);
	sealer_close(sealer);
	return r;
}

int main(int argc, char **argv)
{
	struct setup s = {
		.sealer = { .state_fd = -1, .spool_fd = -1 },
		.server = { .events_fd = -1, .receipts_fd = -1, .run_fd = -1 },
	};
	agent_options(argc, argv, "Puts events into the host log, seals it, and takes receipts.", &s.config);
	log_open("swornlog-sealer", LOG_LEVEL_INFO);
	signal(SIGPIPE, SIG_IGN);
	umask(0007);
	harden();
	int r = prepare(&s);
	if (r == 0)
		r = run(&s);
	signer_wipe(&s.identity);
	policy_free(s.policy);
	buf_done(&s.fleet_vkey);
	buf_done(&s.checkpoint);
	agent_config_done(&s.config);
	return r == 0 ? 0 : EXIT_FAILED;
}
