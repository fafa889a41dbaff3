#include "lib/certify.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "lib/pem.h"

#define BACKDATED_SECONDS 300 /* clocks of hosts are not exact */
#define DAY_SECONDS       86400
#define SERIAL_BYTES      16
#define NAME_MAX_BYTES    253

void certificate_key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void names_freep(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

int certificate_key_new(EVP_PKEY **ret)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (!key)
		return -EIO;
	*ret = key;
	return 0;
}

int certificate_key_spki(const EVP_PKEY *key, struct hash *ret)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	if (n <= 0)
		return -EIO;
	sha256(der, (size_t)n, ret);
	OPENSSL_free(der);
	return 0;
}

/* --- names
 * --------------------------------------------------------------------------------------------------- */

/* Built as objects, not through OpenSSL's configuration text, in which a comma would begin another name. */
static int push_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	if (!name || !value) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return -ENOMEM;
	}
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return 0;
	GENERAL_NAME_free(name);
	return -ENOMEM;
}

static int push_text(GENERAL_NAMES *names, int type, const char *text)
{
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();
	if (value && ASN1_STRING_set(value, text, -1) != 1) {
		ASN1_IA5STRING_free(value);
		return -ENOMEM;
	}
	return push_name(names, type, value);
}

static bool dns_ok(const char *name)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	return name[0] != '\0' && name[0] != '-' && name[0] != '.' && name[strspn(name, ALLOWED)] == '\0';
}

static int push_host(GENERAL_NAMES *names, const char *name)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
	if (address)
		return push_name(names, GEN_IPADD, address);
	return dns_ok(name) ? push_text(names, GEN_DNS, name) : -EINVAL;
}

static int push_hosts(GENERAL_NAMES *names, const char *list)
{
	while (list) {
		char name[NAME_MAX_BYTES + 1];
		const char *comma = strchr(list, ',');
		size_t n = comma ? (size_t)(comma - list) : strlen(list);
		if (n > NAME_MAX_BYTES)
			return -EINVAL;
		memcpy(name, list, n);
		name[n] = '\0';
		int r = push_host(names, name);
		if (r < 0)
			return r;
		list = comma ? comma + 1 : NULL;
	}
	return 0;
}

static int add_names(X509 *cert, const struct certificate_plan *plan)
{
	if (!plan->uri && !plan->names)
		return 0;
	cleanup(names_freep) GENERAL_NAMES *names = GENERAL_NAMES_new();
	if (!names)
		return -ENOMEM;
	int r = plan->uri ? push_text(names, GEN_URI, plan->uri) : 0;
	if (r == 0)
		r = push_hosts(names, plan->names);
	if (r < 0)
		return r;
	return X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1 ? 0 : -EIO;
}

/* --- extensions
 * ------------------------------------------------------------------------------------------------ */

struct extension {
	int nid;
	const char *value;
};

#define EXTENSIONS_MAX 5

static const struct extension EXTENSIONS[][EXTENSIONS_MAX] = {
	[CERTIFICATE_CA] = { { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	                     { NID_key_usage, "critical,keyCertSign,cRLSign" },
	                     { NID_subject_key_identifier, "hash" } },
	[CERTIFICATE_SERVER] = { { NID_basic_constraints, "critical,CA:FALSE" },
	                         { NID_key_usage, "critical,digitalSignature" },
	                         { NID_ext_key_usage, "serverAuth" },
	                         { NID_subject_key_identifier, "hash" },
	                         { NID_authority_key_identifier, "keyid:always" } },
	[CERTIFICATE_CLIENT] = { { NID_basic_constraints, "critical,CA:FALSE" },
	                         { NID_key_usage, "critical,digitalSignature" },
	                         { NID_ext_key_usage, "clientAuth" },
	                         { NID_subject_key_identifier, "hash" },
	                         { NID_authority_key_identifier, "keyid:always" } },
	[CERTIFICATE_BOTH] = { { NID_basic_constraints, "critical,CA:FALSE" },
	                       { NID_key_usage, "critical,digitalSignature" },
	                       { NID_ext_key_usage, "serverAuth,clientAuth" },
	                       { NID_subject_key_identifier, "hash" },
	                       { NID_authority_key_identifier, "keyid:always" } },
};

static int add_extension(X509 *cert, X509 *issuer, const struct extension *e)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, &ctx, e->nid, e->value);
	if (!made)
		return -EIO;
	int added = X509_add_ext(cert, made, -1);
	X509_EXTENSION_free(made);
	return added == 1 ? 0 : -EIO;
}

static int add_extensions(X509 *cert, const struct certificate_plan *plan)
{
	const struct extension *row = EXTENSIONS[plan->use];
	for (size_t i = 0; i < EXTENSIONS_MAX && row[i].value; i++) {
		int r = add_extension(cert, plan->issuer ? plan->issuer : cert, &row[i]);
		if (r < 0)
			return r;
	}
	return add_names(cert, plan);
}

/* --- certificates
 * ------------------------------------------------------------------------------------------------ */

static int set_serial(X509 *cert)
{
	uint8_t bytes[SERIAL_BYTES];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -EIO;
	/* Positive, and of full length. */
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool set = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return set ? 0 : -EIO;
}

int certificate_set_name(X509_NAME *name, const char *subject)
{
	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"swornlog", -1, -1,
	                                  0) == 1 &&
	                       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                                                  (const unsigned char *)subject, -1, -1, 0) == 1
	               ? 0
	               : -EIO;
}

static int fill(X509 *cert, const struct certificate_plan *plan)
{
	X509 *issuer = plan->issuer ? plan->issuer : cert;
	int r = set_serial(cert);
	if (r == 0)
		r = certificate_set_name(X509_get_subject_name(cert), plan->subject);
	if (r < 0)
		return r;
	if (X509_set_version(cert, X509_VERSION_3) != 1 ||
	    !X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATED_SECONDS) ||
	    !X509_gmtime_adj(X509_getm_notAfter(cert), (long)plan->days * DAY_SECONDS) ||
	    X509_set_issuer_name(cert, X509_get_subject_name(issuer)) != 1 ||
	    X509_set_pubkey(cert, plan->key) != 1)
		return -EIO;
	return add_extensions(cert, plan);
}

/* Ed25519 has its own digest. */
const EVP_MD *certificate_md(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

int certificate_issue(const struct certificate_plan *plan, X509 **ret)
{
	cleanup_certificate X509 *cert = X509_new();
	if (!cert)
		return -ENOMEM;
	int r = fill(cert, plan);
	if (r < 0)
		return r;
	EVP_PKEY *by = plan->issuer ? plan->issuer_key : plan->key;
	if (X509_sign(cert, by, certificate_md(by)) <= 0)
		return -EIO;
	*ret = TAKE_PTR(cert);
	return 0;
}

/* --- PEM
 * ----------------------------------------------------------------------------------------------------- */

static int put_bio(struct buf *b, BIO *bio)
{
	char *data;
	long n = BIO_get_mem_data(bio, &data);
	if (n <= 0)
		return -EIO;
	buf_put(b, data, (size_t)n);
	return buf_err(b);
}

int certificate_put_key(struct buf *b, EVP_PKEY *key)
{
	cleanup_bio BIO *bio = BIO_new(BIO_s_secmem());
	if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		return -EIO;
	return put_bio(b, bio);
}

int certificate_put(struct buf *b, X509 *cert)
{
	cleanup_bio BIO *bio = BIO_new(BIO_s_mem());
	if (!bio || PEM_write_bio_X509(bio, cert) != 1)
		return -EIO;
	return put_bio(b, bio);
}

int certificate_parse_key(struct span pem, EVP_PKEY **ret)
{
	cleanup_bio BIO *bio = pem_bio(pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL) : NULL;
	if (!key)
		return -EBADMSG;
	*ret = key;
	return 0;
}

int certificate_parse(struct span pem, X509 **ret)
{
	cleanup_bio BIO *bio = pem_bio(pem);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, pem_no_passphrase, NULL) : NULL;
	if (!cert)
		return -EBADMSG;
	*ret = cert;
	return 0;
}
