/* Whether a certificate that was handed to us is what was asked for (docs/format.md section 20.3). */
#ifndef SWORNLOG_LIB_CERTIFICATE_CHECK_H
#define SWORNLOG_LIB_CERTIFICATE_CHECK_H

#include "lib/certificate.h"

enum certificate_fault {
	CERTIFICATE_GOOD,
	CERTIFICATE_UNREADABLE,   /* not PEM, or nothing in it */
	CERTIFICATE_OTHER_KEY,    /* not of the key asked for */
	CERTIFICATE_OTHER_NAME,   /* its one URI is not the one asked for */
	CERTIFICATE_WRONG_USE,    /* not for clients, or for more than that */
	CERTIFICATE_NOT_IN_TIME,  /* expired, or not valid yet */
	CERTIFICATE_OTHER_ISSUER, /* its chain does not end in the fleet's authority */
};
/* "is of another key" */
const char *certificate_fault_words(enum certificate_fault f);

struct certificate_wanted {
	X509 *ca;
	const char *uri;
	struct hash spki;
};

/* The first certificate of `pem`, with those behind it as intermediate ones. */
enum certificate_fault certificate_check(struct span pem, const struct certificate_wanted *want);
/* When the first one's time begins and ends, in seconds since 1970. -EBADMSG. */
must_check int certificate_times(struct span pem, int64_t *ret_from_s, int64_t *ret_until_s);
/* The one moment at which a new one is due: two thirds of its time are over. */
int64_t certificate_renew_s(int64_t from_s, int64_t until_s);

#endif
