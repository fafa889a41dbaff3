#include "cli/join_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "lib/account.h"
#include "lib/certify.h"
#include "lib/file.h"

#define KEY_FILE_MAX    4096
#define DEFAULT_ETC     "/etc/swornlog"
#define DEFAULT_STATE   "/var/lib/swornlog/sealer"
#define SHIPPER_ACCOUNT "swornlog-shipper"

static int fail(const char *folder, const char *name, const char *what, int r)
{
	command_fail("%s/%s %s: %s", folder, name, what, strerror(-r));
	return r;
}

static int open_folder(const char *path, mode_t mode, int *ret)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST) {
		int r = -errno;
		command_fail("the folder %s can't be made: %s", path, strerror(-r));
		return r;
	}
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret >= 0)
		return 0;
	int r = -errno;
	command_fail("the folder %s can't be opened: %s", path, strerror(-r));
	return r;
}

int join_place_open(const char *etc, const char *state, struct join_place *ret)
{
	*ret = (struct join_place){ .etc = etc, .state = state, .etc_fd = -1, .state_fd = -1 };
	int r = open_folder(etc, 0755, &ret->etc_fd);
	if (r == 0)
		r = open_folder(state, 0700, &ret->state_fd);
	if (r == 0 && faccessat(ret->etc_fd, "enrol", F_OK, 0) == 0) {
		command_fail("this host is enrolled already: %s/enrol is there", etc);
		r = -EEXIST;
	}
	return r;
}

void join_place_done(struct join_place *p)
{
	close_fd(&p->etc_fd);
	close_fd(&p->state_fd);
}

/* --- keys
 * ------------------------------------------------------------------------------------------------- */

static int write_key(int dirfd, const char *folder, const char *name, struct buf *text)
{
	int r = buf_err(text);
	if (r == 0)
		r = file_replace(env_system(), dirfd, name, (struct span){ text->data, text->len }, 0600);
	return r < 0 ? fail(folder, name, "can't be written", r) : 0;
}

/* The sealer reads it as its own user, whose folder it is. */
static void give_identity(const struct join_place *p)
{
	struct stat st;
	if (geteuid() == 0 && fstat(p->state_fd, &st) == 0)
		(void)!fchownat(p->state_fd, "identity.key", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
}

static int identity_key(const struct join_place *p, const char *name, struct signer *ret)
{
	struct buf text = { 0 };
	int r = file_read(env_system(), p->state_fd, "identity.key", KEY_FILE_MAX, &text);
	if (r == 0) {
		size_t n = text.len > 0 && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
		r = signer_parse((struct span){ text.data, n }, ret);
		if (r == 0 && strcmp(ret->key.name, name) != 0)
			r = -EKEYREJECTED;
		if (r < 0)
			command_fail("%s/identity.key is not the key of %s", p->state, name);
	} else if (r == -ENOENT) {
		r = signer_generate(env_system(), name, ret);
		signer_put(&text, ret);
		buf_put_u8(&text, '\n');
		if (r == 0)
			r = write_key(p->state_fd, p->state, "identity.key", &text);
	} else {
		r = fail(p->state, "identity.key", "can't be read", r);
	}
	buf_wipe(&text);
	buf_done(&text);
	return r;
}

/* The shipper reads it by its group. */
static void give_host_key(const struct join_place *p)
{
	struct account_ids ids;
	if (geteuid() != 0 || account_user(SHIPPER_ACCOUNT, &ids) < 0)
		return;
	if (fchownat(p->etc_fd, "host.key", 0, ids.gid, AT_SYMLINK_NOFOLLOW) == 0)
		(void)!fchmodat(p->etc_fd, "host.key", 0640, 0);
}

static int tls_key(const struct join_place *p, EVP_PKEY **ret)
{
	struct buf pem = { 0 };
	cleanup_key EVP_PKEY *key = NULL;
	int r = file_read(env_system(), p->etc_fd, "host.key", KEY_FILE_MAX, &pem);
	if (r == 0) {
		r = certificate_parse_key((struct span){ pem.data, pem.len }, &key);
		if (r < 0)
			command_fail("%s/host.key is no key in PEM", p->etc);
	} else if (r == -ENOENT) {
		r = certificate_key_new(&key);
		if (r == 0)
			r = certificate_put_key(&pem, key);
		if (r == 0)
			r = write_key(p->etc_fd, p->etc, "host.key", &pem);
	} else {
		r = fail(p->etc, "host.key", "can't be read", r);
	}
	buf_wipe(&pem);
	buf_done(&pem);
	if (r == 0)
		*ret = TAKE_PTR(key);
	return r;
}

int join_keys(const struct join_place *p, const char *fleet, const char *host, struct signer *ret_identity,
              EVP_PKEY **ret_key)
{
	struct origin o = { .epoch = 1 };
	char name[KEY_NAME_MAX + 1];
	snprintf(o.fleet, sizeof(o.fleet), "%s", fleet);
	snprintf(o.host, sizeof(o.host), "%s", host);
	origin_identity_name(&o, name);
	int r = identity_key(p, name, ret_identity);
	if (r == 0)
		r = tls_key(p, ret_key);
	if (r == 0) {
		give_identity(p);
		give_host_key(p);
	}
	return r;
}

/* --- what was granted
 * ------------------------------------------------------------------------------------- */

static void put_path(struct buf *b, const char *key, const char *folder, const char *name)
{
	buf_printf(b, "%s: %s/%s\n", key, folder, name);
}

static int write_config(const struct join_place *p, const struct token *t, const char *host)
{
	cleanup_buf struct buf b = { 0 };
	if (faccessat(p->etc_fd, "agent.yaml", F_OK, 0) == 0)
		return 0;
	buf_printf(&b,
	           "# Made by swornlog join; /usr/share/swornlog/agent.yaml explains the other keys.\n"
	           "fleet: %s\nhost: %s\nsink: %s\nregistrar: %s\n",
	           t->fleet, host, t->sink, t->registrar);
	if (strcmp(p->state, DEFAULT_STATE) != 0)
		buf_printf(&b, "state: %s\n", p->state);
	if (strcmp(p->etc, DEFAULT_ETC) != 0) {
		put_path(&b, "certificate", p->etc, "host.crt");
		put_path(&b, "key", p->etc, "host.key");
		put_path(&b, "ca", p->etc, "ca.crt");
		put_path(&b, "genesis", p->etc, "genesis");
		put_path(&b, "enrol", p->etc, "enrol");
		put_path(&b, "policy", p->etc, "policy");
		put_path(&b, "checkpoint", p->etc, "checkpoint");
	}
	int r = buf_err(&b);
	return r < 0 ? r
	             : file_replace(env_system(), p->etc_fd, "agent.yaml", (struct span){ b.data, b.len },
	                            0644);
}

int join_write(const struct join_place *p, const struct token *t, const char *host, const struct grant *g)
{
	const struct {
		const char *name;
		struct span content;
	} files[] = {
		{ "host.crt", g->certificate },  { "ca.crt", g->ca },     { "genesis", g->genesis },
		{ "checkpoint", t->checkpoint }, { "policy", g->policy },
	};
	int r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(files) && r == 0; i++) {
		if (files[i].content.len == 0)
			continue;
		r = file_replace(env_system(), p->etc_fd, files[i].name, files[i].content, 0644);
		if (r < 0)
			return fail(p->etc, files[i].name, "can't be written", r);
	}
	r = write_config(p, t, host);
	if (r < 0)
		return fail(p->etc, "agent.yaml", "can't be written", r);
	r = file_replace(env_system(), p->etc_fd, "enrol", g->enrol, 0644);
	return r < 0 ? fail(p->etc, "enrol", "can't be written", r) : 0;
}
