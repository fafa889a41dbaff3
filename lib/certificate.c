#include "lib/certificate.h"

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/pem.h"

void certificate_freep(X509 **cert)
{
	X509_free(*cert);
}

/* Printable ASCII only: the name goes into messages and comparisons as a string. */
static bool uri_usable(const ASN1_IA5STRING *uri)
{
	const unsigned char *at = ASN1_STRING_get0_data(uri);
	int n = ASN1_STRING_length(uri);
	for (int i = 0; i < n; i++) {
		if (at[i] <= 0x20 || at[i] >= 0x7f)
			return false;
	}
	return n > 0 && n <= CERTIFICATE_URI_MAX;
}

int certificate_uri(const X509 *cert, char ret[CERTIFICATE_URI_MAX + 1])
{
	const ASN1_IA5STRING *uri = NULL;
	int found = 0;
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_URI)
			continue;
		uri = name->d.uniformResourceIdentifier;
		found++;
	}
	bool good = found == 1 && uri_usable(uri);
	if (good) {
		size_t n = (size_t)ASN1_STRING_length(uri);
		memcpy(ret, ASN1_STRING_get0_data(uri), n);
		ret[n] = '\0';
	}
	GENERAL_NAMES_free(names);
	return good ? 0 : -ENOENT;
}

int certificate_spki(const X509 *cert, struct hash *ret)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (n <= 0)
		return -ENOENT;
	sha256(der, (size_t)n, ret);
	OPENSSL_free(der);
	return 0;
}

int certificate_hash(const X509 *cert, struct hash *ret)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);
	if (n <= 0)
		return -ENOENT;
	sha256(der, (size_t)n, ret);
	OPENSSL_free(der);
	return 0;
}

int certificate_file_spki(const char *path, struct hash *ret_spki)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return -errno;
	cleanup_certificate X509 *cert = PEM_read_X509(f, NULL, pem_no_passphrase, NULL);
	int closed = fclose(f);
	int r = cert && closed == 0 ? certificate_spki(cert, ret_spki) : -EBADMSG;
	ERR_clear_error();
	return r;
}
