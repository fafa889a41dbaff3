#include "shipper/renewal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "evidence/error_text.h"
#include "evidence/grant.h"
#include "evidence/request.h"
#include "lib/certificate_check.h"
#include "lib/certify.h"
#include "lib/file.h"
#include "lib/https.h"
#include "lib/text.h"

#define FILE_NAME     "host.crt"
#define PEM_MAX_BYTES 65536
#define FIRST_WAIT_US 1000000u
#define LAST_WAIT_US  300000000u
#define SHOWN_BYTES   200
#define SPREAD        20 /* hosts renew within this part of a certificate's time before the moment that is due */

struct renewal {
	struct renewal_options options;
	char own[PATH_MAX];      /* the renewed certificate's file */
	const char *certificate; /* the one that counts */
	int folder_fd;           /* -1: nobody renews */
	EVP_PKEY *key;
	struct certificate_wanted want;
	char uri[CERTIFICATE_URI_MAX + 1];
	int64_t until_s, renew_s;
	struct backoff backoff;
	uint64_t not_before_us;
};

static int read_file(const char *path, struct buf *ret, char *error, size_t error_size)
{
	int r = file_read(env_system(), AT_FDCWD, path, PEM_MAX_BYTES, ret);
	if (r < 0)
		snprintf(error, error_size, "%s can't be read: %s", path, strerror(-r));
	return r;
}

static int64_t spread(const struct renewal *r, int64_t from_s, int64_t until_s)
{
	int64_t window = (until_s - from_s) / SPREAD;
	return window > 0 ? (int64_t)(r->options.seed % (uint64_t)window) : 0;
}

static int take_times(struct renewal *r, struct span pem)
{
	int64_t from_s, until_s;
	int e = certificate_times(pem, &from_s, &until_s);
	if (e < 0)
		return e;
	r->until_s = until_s;
	r->renew_s = certificate_renew_s(from_s, until_s) - spread(r, from_s, until_s);
	return 0;
}

/* An earlier renewal's, unless the configured one is later or of another key. */
static int choose(struct renewal *r, char *error, size_t error_size)
{
	cleanup_buf struct buf given = { 0 }, own = { 0 };
	int64_t from_s, until_s;
	int e = read_file(r->options.certificate, &given, error, error_size);
	r->certificate = r->options.certificate;
	if (e == 0 && take_times(r, (struct span){ given.data, given.len }) < 0) {
		snprintf(error, error_size, "%s is no certificate in PEM", r->options.certificate);
		return -EBADMSG;
	}
	if (e < 0 || file_read(env_system(), r->folder_fd, FILE_NAME, PEM_MAX_BYTES, &own) < 0)
		return e;
	struct span pem = { own.data, own.len };
	enum certificate_fault fault = certificate_check(pem, &r->want);
	bool ours = fault == CERTIFICATE_GOOD || fault == CERTIFICATE_NOT_IN_TIME;
	if (!ours || certificate_times(pem, &from_s, &until_s) < 0 || until_s <= r->until_s)
		return 0;
	r->certificate = r->own;
	return take_times(r, pem);
}

static int load_key(struct renewal *r, char *error, size_t error_size)
{
	struct buf pem = { 0 };
	int e = read_file(r->options.key, &pem, error, error_size);
	if (e == 0)
		e = certificate_parse_key((struct span){ pem.data, pem.len }, &r->key);
	if (e == 0)
		e = certificate_key_spki(r->key, &r->want.spki);
	if (e < 0 && !*error)
		snprintf(error, error_size, "%s is no key in PEM", r->options.key);
	buf_wipe(&pem);
	buf_done(&pem);
	return e;
}

static int load_ca(struct renewal *r, char *error, size_t error_size)
{
	cleanup_buf struct buf pem = { 0 };
	int e = read_file(r->options.ca, &pem, error, error_size);
	if (e == 0)
		e = certificate_parse((struct span){ pem.data, pem.len }, &r->want.ca);
	if (e < 0 && !*error)
		snprintf(error, error_size, "%s is no certificate in PEM", r->options.ca);
	return e;
}

static int set_up(struct renewal *r, char *error, size_t error_size)
{
	const struct renewal_options *o = &r->options;
	error[0] = '\0';
	snprintf(r->uri, sizeof(r->uri), "swornlog://%s/host/%s", o->fleet, o->host);
	r->want.uri = r->uri;
	backoff_init(&r->backoff, FIRST_WAIT_US, LAST_WAIT_US, o->seed);
	if (snprintf(r->own, sizeof(r->own), "%s/" FILE_NAME, o->folder) >= (int)sizeof(r->own))
		return -ENAMETOOLONG;
	r->folder_fd = open(o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->folder_fd < 0 && o->registrar) {
		int e = -errno;
		snprintf(error, error_size, "the shipper's folder %s can't be opened: %s", o->folder,
		         strerror(-e));
		return e;
	}
	int e = load_key(r, error, error_size);
	if (e == 0)
		e = load_ca(r, error, error_size);
	return e < 0 ? e : choose(r, error, error_size);
}

int renewal_open(const struct renewal_options *options, struct renewal **ret, char *error, size_t error_size)
{
	struct renewal *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->options = *options;
	r->folder_fd = -1;
	int e = set_up(r, error, error_size);
	if (e < 0) {
		renewal_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void renewal_free(struct renewal *r)
{
	if (!r)
		return;
	close_fd(&r->folder_fd);
	EVP_PKEY_free(r->key);
	X509_free(r->want.ca);
	free(r);
}

const char *renewal_certificate(const struct renewal *r)
{
	return r->certificate;
}

int64_t renewal_until_s(const struct renewal *r)
{
	return r->until_s;
}

bool renewal_due(const struct renewal *r, uint64_t now_us, int64_t wall_s)
{
	return r->options.registrar && wall_s >= r->renew_s && now_us >= r->not_before_us;
}

/* --- one try
 * ---------------------------------------------------------------------------------------------- */

static int make_request(struct renewal *r, struct gather *g, struct buf *ret)
{
	cleanup_buf struct buf note = { 0 };
	uint32_t epoch;
	uint64_t end;
	int e = gather_newest_signed(g, 0, 0, &note, &epoch, &end);
	if (e == 0)
		return -ENOENT;
	return e < 0 ? e
	             : renewal_put(ret, r->options.fleet, r->options.host, r->key,
	                           (struct span){ note.data, note.len });
}

static int ask(struct renewal *r, struct span body, struct buf *ret, char *said, size_t said_size)
{
	char url[HTTPS_URL_MAX + 1], uri[TLS_URI_MAX + 1];
	const struct renewal_options *o = &r->options;
	struct https *https;
	size_t n = strlen(o->registrar);
	uint64_t retry_after_s;
	while (n > 0 && o->registrar[n - 1] == '/')
		n--;
	snprintf(url, sizeof(url), "%.*s/v1/renew", (int)n, o->registrar);
	snprintf(uri, sizeof(uri), "swornlog://%s/registrar", o->fleet);
	struct https_options options = { .uri = uri,
		                         .ca = o->ca,
		                         .certificate = r->certificate,
		                         .key = o->key,
		                         .answer_max = GRANT_MAX_BYTES,
		                         .tick = o->tick,
		                         .ctx = o->ctx };
	int e = https_new(&options, &https, said, said_size);
	if (e < 0)
		return e;
	struct https_request q = { .url = url, .content_type = "text/plain", .body = body };
	int status = https_post(https, &q, ret, &retry_after_s, said, said_size);
	https_free(https);
	return status;
}

static void describe(struct span body, int status, char *said, size_t said_size)
{
	cleanup_buf struct buf shown = { 0 };
	struct span word, sentence;
	error_text_parse(body, &word, &sentence);
	text_put_escaped(&shown, (struct span){ sentence.data, MIN(sentence.len, (size_t)SHOWN_BYTES) });
	snprintf(said, said_size, "status %d: %.*s", status, (int)shown.len,
	         shown.len ? (const char *)shown.data : "");
}

static int keep(struct renewal *r, struct span answer, char *said, size_t said_size)
{
	struct grant g;
	if (grant_parse(answer, &g) < 0) {
		snprintf(said, said_size, "its answer is malformed");
		return -EBADMSG;
	}
	enum certificate_fault fault = certificate_check(g.certificate, &r->want);
	if (fault != CERTIFICATE_GOOD) {
		snprintf(said, said_size, "the certificate %s", certificate_fault_words(fault));
		return -EBADMSG;
	}
	int e = file_replace(env_system(), r->folder_fd, FILE_NAME, g.certificate, 0644);
	if (e < 0) {
		snprintf(said, said_size, "%s can't be written: %s", r->own, strerror(-e));
		return e;
	}
	r->certificate = r->own;
	return take_times(r, g.certificate);
}

static int try_once(struct renewal *r, struct gather *g, char *said, size_t said_size)
{
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	int e = make_request(r, g, &body);
	/* The sealer will have signed one within seconds. */
	if (e == -ENOENT)
		return e;
	if (e < 0) {
		snprintf(said, said_size, "the request can't be made: %s", strerror(-e));
		return e;
	}
	int status = ask(r, (struct span){ body.data, body.len }, &answer, said, said_size);
	struct span bytes = { answer.data, answer.len };
	if (status == 200)
		return keep(r, bytes, said, said_size);
	if (status > 0)
		describe(bytes, status, said, said_size);
	return -EAGAIN;
}

int renewal_try(struct renewal *r, struct gather *g, uint64_t now_us, char *said, size_t said_size)
{
	said[0] = '\0';
	if (try_once(r, g, said, said_size) == 0) {
		backoff_reset(&r->backoff);
		return 1;
	}
	r->not_before_us = now_us + backoff_next(&r->backoff, 0);
	return 0;
}
