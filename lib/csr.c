#include "lib/csr.h"

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/certificate.h"
#include "lib/pem.h"

#define CLIENT_AUTH "clientAuth"

typedef STACK_OF(X509_EXTENSION) extensions;

static void request_freep(X509_REQ **req)
{
	X509_REQ_free(*req);
}

static void extensions_freep(extensions **e)
{
	sk_X509_EXTENSION_pop_free(*e, X509_EXTENSION_free);
}

static void usage_freep(EXTENDED_KEY_USAGE **u)
{
	EXTENDED_KEY_USAGE_free(*u);
}

static void names_freep(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

/* --- making
 * ------------------------------------------------------------------------------------------------ */

static int push(extensions *to, int nid, const char *value)
{
	X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	if (made && sk_X509_EXTENSION_push(to, made) > 0)
		return 0;
	X509_EXTENSION_free(made);
	return -EIO;
}

static int add_wishes(X509_REQ *req, const char *uri)
{
	char san[CERTIFICATE_URI_MAX + 8];
	cleanup(extensions_freep) extensions *e = sk_X509_EXTENSION_new_null();
	/* A comma would begin another name. */
	if (strlen(uri) > CERTIFICATE_URI_MAX || strpbrk(uri, ",;\n"))
		return -EINVAL;
	snprintf(san, sizeof(san), "URI:%s", uri);
	if (!e)
		return -ENOMEM;
	int r = push(e, NID_subject_alt_name, san);
	if (r == 0)
		r = push(e, NID_ext_key_usage, CLIENT_AUTH);
	if (r < 0)
		return r;
	return X509_REQ_add_extensions(req, e) == 1 ? 0 : -EIO;
}

static int put_der(struct buf *b, X509_REQ *req)
{
	unsigned char *der = NULL;
	int n = i2d_X509_REQ(req, &der);
	if (n <= 0)
		return -EIO;
	buf_put(b, der, (size_t)n);
	OPENSSL_free(der);
	return buf_err(b);
}

int csr_put(struct buf *b, EVP_PKEY *key, const char *subject, const char *uri)
{
	cleanup(request_freep) X509_REQ *req = X509_REQ_new();
	if (!req)
		return -ENOMEM;
	int r = certificate_set_name(X509_REQ_get_subject_name(req), subject);
	if (r == 0)
		r = add_wishes(req, uri);
	if (r < 0)
		return r;
	if (X509_REQ_set_pubkey(req, key) != 1 || X509_REQ_sign(req, key, certificate_md(key)) <= 0)
		return -EIO;
	return put_der(b, req);
}

/* --- reading
 * ----------------------------------------------------------------------------------------------- */

static bool kind_ok(const EVP_PKEY *key)
{
	char group[32] = "";
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return true;
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	       strcmp(group, SN_X9_62_prime256v1) == 0;
}

static bool asks_for_uri(const extensions *e, const char *uri)
{
	cleanup(names_freep) GENERAL_NAMES *names = X509V3_get_d2i(e, NID_subject_alt_name, NULL, NULL);
	if (!names || sk_GENERAL_NAME_num(names) != 1)
		return false;
	const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
	if (name->type != GEN_URI)
		return false;
	const ASN1_IA5STRING *s = name->d.uniformResourceIdentifier;
	size_t n = strlen(uri);
	return (size_t)ASN1_STRING_length(s) == n && memcmp(ASN1_STRING_get0_data(s), uri, n) == 0;
}

static bool asks_for_client_use(const extensions *e)
{
	cleanup(usage_freep) EXTENDED_KEY_USAGE *use = X509V3_get_d2i(e, NID_ext_key_usage, NULL, NULL);
	return use && sk_ASN1_OBJECT_num(use) == 1 &&
	       OBJ_obj2nid(sk_ASN1_OBJECT_value(use, 0)) == NID_client_auth;
}

static bool asks_for_no_more(X509_REQ *req, const char *uri)
{
	/* The extensions are one attribute; a challenge password would be another. */
	if (X509_REQ_get_attr_count(req) != 1)
		return false;
	cleanup(extensions_freep) extensions *e = X509_REQ_get_extensions(req);
	return e && sk_X509_EXTENSION_num(e) == 2 && asks_for_uri(e, uri) && asks_for_client_use(e);
}

static int check(X509_REQ *req, const char *uri, EVP_PKEY **ret)
{
	cleanup_key EVP_PKEY *key = X509_REQ_get_pubkey(req);
	if (!key)
		return -EBADMSG;
	if (!kind_ok(key))
		return -EKEYREJECTED;
	if (X509_REQ_verify(req, key) != 1)
		return -EBADMSG;
	if (!asks_for_no_more(req, uri))
		return -EPERM;
	*ret = TAKE_PTR(key);
	return 0;
}

static X509_REQ *parse(struct span der)
{
	const unsigned char *at = der.data;
	X509_REQ *req = der.len <= CSR_MAX_BYTES ? d2i_X509_REQ(NULL, &at, (long)der.len) : NULL;
	if (req && at == der.data + der.len)
		return req;
	X509_REQ_free(req);
	return NULL;
}

int csr_parse(struct span der, const char *uri, EVP_PKEY **ret)
{
	cleanup(request_freep) X509_REQ *req = parse(der);
	int r = req ? check(req, uri, ret) : -EBADMSG;
	ERR_clear_error();
	return r;
}

int csr_put_pem(struct buf *b, struct span der)
{
	char *data;
	cleanup(request_freep) X509_REQ *req = parse(der);
	cleanup_bio BIO *bio = BIO_new(BIO_s_mem());
	if (!req || !bio || PEM_write_bio_X509_REQ(bio, req) != 1)
		return -EIO;
	long n = BIO_get_mem_data(bio, &data);
	buf_put(b, data, (size_t)n);
	return buf_err(b);
}
