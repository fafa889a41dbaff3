#include "cli/approval.h"

#include <fcntl.h>
#include <stdio.h>

#include "cli/command.h"
#include "lib/certificate.h"
#include "lib/file.h"

#define KEY_MAX_BYTES 1024
#define PEM_MAX_BYTES 65536
#define HOST_DAYS     365

static int read_file(int dirfd, const char *folder, const char *name, size_t max, struct buf *ret)
{
	int r = file_read(env_system(), dirfd, name, max, ret);
	if (r < 0)
		command_fail("%s/%s can't be read: %s", folder, name, strerror(-r));
	return r;
}

static int load_genesis(int dirfd, const char *path, struct fleet_folder *f)
{
	int r = read_file(dirfd, path, "genesis", STATEMENT_MAX_BYTES, &f->genesis_bytes);
	if (r < 0)
		return r;
	r = genesis_parse((struct span){ f->genesis_bytes.data, f->genesis_bytes.len }, &f->genesis);
	if (r < 0)
		command_fail("%s/genesis is no valid genesis statement", path);
	return r;
}

static int load_ca(int dirfd, const char *path, bool with_key, struct fleet_folder *f)
{
	struct buf key = { 0 };
	int r = certificate_parse((struct span){ f->ca_bytes.data, f->ca_bytes.len }, &f->ca);
	if (r < 0)
		command_fail("%s/ca.crt is no certificate in PEM", path);
	if (r < 0 || !with_key)
		return r;
	r = read_file(dirfd, path, "ca.key", PEM_MAX_BYTES, &key);
	if (r == 0)
		r = certificate_parse_key((struct span){ key.data, key.len }, &f->ca_key);
	buf_wipe(&key);
	buf_done(&key);
	if (r == 0 && X509_check_private_key(f->ca, f->ca_key) != 1)
		r = -EKEYREJECTED;
	if (r == -EBADMSG || r == -EKEYREJECTED)
		command_fail("%s/ca.crt and ca.key are not a certificate and its key", path);
	return r;
}

static int parse_signer(int dirfd, const char *path, const char *name, struct signer *ret)
{
	struct buf text = { 0 };
	int r = read_file(dirfd, path, name, KEY_MAX_BYTES, &text);
	if (r < 0)
		return r;
	size_t n = text.len > 0 && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
	r = signer_parse((struct span){ text.data, n }, ret);
	buf_wipe(&text);
	buf_done(&text);
	if (r < 0)
		command_fail("%s/%s is no key", path, name);
	return r;
}

/* The genesis statement says who may sign; a key of somebody else is passed over. */
static void keep_signer(struct fleet_folder *f, const struct signer *s)
{
	size_t people = f->genesis.admin_count + f->genesis.auditor_count;
	for (size_t i = 0; i < f->signer_count; i++) {
		if (key_equal(&f->signers[i].key, &s->key))
			return;
	}
	for (size_t i = 0; i < people; i++) {
		if (key_equal(&f->genesis.people[i], &s->key))
			f->signers[f->signer_count++] = *s;
	}
}

static bool is_persons_key(const char *name)
{
	size_t n = strlen(name);
	return (strncmp(name, "admin-", 6) == 0 || strncmp(name, "auditor-", 8) == 0) && n > 4 &&
	       strcmp(name + n - 4, ".key") == 0;
}

static int load_signers(int dirfd, const char *path, struct fleet_folder *f)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	int r = env_system()->list(env_system(), dirfd, &names, &len);
	if (r < 0) {
		command_fail("%s can't be listed: %s", path, strerror(-r));
		return r;
	}
	for (size_t at = 0; at < len && r == 0; at += strlen(names + at) + 1) {
		struct signer s;
		if (!is_persons_key(names + at))
			continue;
		r = parse_signer(dirfd, path, names + at, &s);
		if (r == 0) {
			keep_signer(f, &s);
			signer_wipe(&s);
		}
	}
	return r;
}

int fleet_folder_load(const char *path, bool with_ca_key, struct fleet_folder *ret)
{
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int r = -errno;
		command_fail("the folder %s can't be opened: %s", path, strerror(-r));
		return r;
	}
	int r = load_genesis(fd, path, ret);
	if (r == 0)
		r = read_file(fd, path, "ca.crt", PEM_MAX_BYTES, &ret->ca_bytes);
	if (r == 0)
		r = load_ca(fd, path, with_ca_key, ret);
	if (r == 0)
		r = load_signers(fd, path, ret);
	return r;
}

void fleet_folder_done(struct fleet_folder *f)
{
	for (size_t i = 0; i < f->signer_count; i++)
		signer_wipe(&f->signers[i]);
	buf_done(&f->genesis_bytes);
	buf_done(&f->ca_bytes);
	X509_free(f->ca);
	EVP_PKEY_free(f->ca_key);
}

static int issue(const struct fleet_folder *f, const struct request *r, X509 **ret)
{
	char uri[CERTIFICATE_URI_MAX + 1];
	snprintf(uri, sizeof(uri), "swornlog://%s/host/%s", r->fleet, r->host);
	struct certificate_plan plan = { .use = CERTIFICATE_CLIENT,
		                         .subject = r->host,
		                         .uri = uri,
		                         .days = HOST_DAYS,
		                         .key = r->certificate_key,
		                         .issuer = f->ca,
		                         .issuer_key = f->ca_key };
	return certificate_issue(&plan, ret);
}

static int put_enrolment(const struct fleet_folder *f, const struct request *r, const struct hash *spki,
                         struct buf *ret)
{
	cleanup_buf struct buf text = { 0 };
	const struct signer *signers[STATEMENT_MAX_PEOPLE];
	struct statement e = { .kind = STATEMENT_ENROL, .identity = r->identity, .certificate = *spki };
	memcpy(e.fleet, r->fleet, sizeof(e.fleet));
	memcpy(e.host, r->host, sizeof(e.host));
	e.time_s = env_system()->wall_us(env_system()) / 1000000;
	for (size_t i = 0; i < f->signer_count; i++)
		signers[i] = &f->signers[i];
	statement_put_text(&text, &e);
	int error = buf_err(&text);
	return error < 0 ? error
	                 : note_put(ret, (struct span){ text.data, text.len }, signers, f->signer_count);
}

int approval_make(const struct fleet_folder *f, const struct request *r, struct buf *ret_enrolment,
                  struct buf *ret_certificate)
{
	cleanup_certificate X509 *cert = NULL;
	struct hash spki;
	int error = issue(f, r, &cert);
	if (error == 0)
		error = certificate_spki(cert, &spki);
	if (error == 0)
		error = certificate_put(ret_certificate, cert);
	if (error == 0)
		error = put_enrolment(f, r, &spki, ret_enrolment);
	return error;
}
