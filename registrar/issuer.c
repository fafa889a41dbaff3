#include "registrar/issuer.h"

#include <stdio.h>

#include "lib/certificate_check.h"
#include "lib/csr.h"
#include "lib/file.h"
#include "lib/text.h"

#define PEM_MAX_BYTES 65536
#define NAME_BYTES    (LABEL_MAX + 1 + 16 + sizeof(".csr"))

static void put_uri(const struct request *r, char ret[CERTIFICATE_URI_MAX + 1])
{
	snprintf(ret, CERTIFICATE_URI_MAX + 1, "swornlog://%s/host/%s", r->fleet, r->host);
}

static int sign(const struct issuer *i, const struct request *r, struct buf *ret)
{
	cleanup_certificate X509 *cert = NULL;
	char uri[CERTIFICATE_URI_MAX + 1];
	put_uri(r, uri);
	struct certificate_plan plan = { .use = CERTIFICATE_CLIENT,
		                         .subject = r->host,
		                         .uri = uri,
		                         .days = i->days,
		                         .key = r->certificate_key,
		                         .issuer = i->ca,
		                         .issuer_key = i->ca_key };
	int e = certificate_issue(&plan, &cert);
	return e < 0 ? e : certificate_put(ret, cert);
}

/* The key's hash is in it, so that nobody else's certificate is waited for. */
static void name_files(const struct request *r, char ret_csr[NAME_BYTES], char ret_crt[NAME_BYTES])
{
	cleanup_buf struct buf hex = { 0 };
	text_put_hex(&hex, r->certificate.b, 8);
	const char *digits = hex.len == 16 ? (const char *)hex.data : "0000000000000000";
	snprintf(ret_csr, NAME_BYTES, "%s.%.16s.csr", r->host, digits);
	snprintf(ret_crt, NAME_BYTES, "%s.%.16s.crt", r->host, digits);
}

static int put_out(const struct issuer *i, const struct request *r, const char *name)
{
	cleanup_buf struct buf pem = { 0 };
	int e = csr_put_pem(&pem, (struct span){ r->csr.data, r->csr.len });
	return e < 0 ? e
	             : file_replace(i->env, i->requests_fd, name, (struct span){ pem.data, pem.len }, 0644);
}

/* One of which much time is over is what was there before: a renewal wants the next. */
static bool is_fresh(const struct issuer *i, struct span pem)
{
	int64_t from_s, until_s, now_s = (int64_t)(i->env->wall_us(i->env) / 1000000);
	return certificate_times(pem, &from_s, &until_s) == 0 && now_s < certificate_renew_s(from_s, until_s);
}

static int take_in(const struct issuer *i, const struct request *r, const char *name, struct buf *ret,
                   char *why, size_t why_size)
{
	cleanup_buf struct buf pem = { 0 };
	char uri[CERTIFICATE_URI_MAX + 1];
	struct certificate_wanted want = { .ca = i->ca, .uri = uri, .spki = r->certificate };
	put_uri(r, uri);
	int e = file_read(i->env, i->certificates_fd, name, PEM_MAX_BYTES, &pem);
	if (e == -ENOENT)
		return -EINPROGRESS;
	if (e < 0)
		return e;
	struct span bytes = { pem.data, pem.len };
	enum certificate_fault fault = certificate_check(bytes, &want);
	if (fault != CERTIFICATE_GOOD && fault != CERTIFICATE_NOT_IN_TIME) {
		snprintf(why, why_size, "%s %s", name, certificate_fault_words(fault));
		return -EINPROGRESS;
	}
	if (!is_fresh(i, bytes))
		return -EINPROGRESS;
	buf_put(ret, pem.data, pem.len);
	return buf_err(ret);
}

int issuer_issue(const struct issuer *i, const struct request *r, struct buf *ret, char *why, size_t why_size)
{
	char csr[NAME_BYTES], crt[NAME_BYTES];
	why[0] = '\0';
	if (i->ca_key)
		return sign(i, r, ret);
	name_files(r, csr, crt);
	int e = take_in(i, r, crt, ret, why, why_size);
	if (e != -EINPROGRESS)
		return e;
	e = put_out(i, r, csr);
	return e < 0 ? e : -EINPROGRESS;
}
