/* Reading PEM text from memory, and what OpenSSL's readers of it need. */
#ifndef SWORNLOG_LIB_PEM_H
#define SWORNLOG_LIB_PEM_H

#include <openssl/bio.h>

#include "lib/cursor.h"

/* A BIO over bytes that stay the caller's. NULL: there are none, too many, or no memory. */
BIO *pem_bio(struct span pem);
void pem_bio_freep(BIO **bio);
#define cleanup_bio cleanup(pem_bio_freep)

/* As pem_password_cb: without it an encrypted file would make a daemon ask for a passphrase on its terminal.
 */
int pem_no_passphrase(char *buf, int size, int rwflag, void *u);

#endif
