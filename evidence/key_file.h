/* A daemon's private key: read from a file that nobody else may read, kept in memory that is never swapped,
 * dumped or handed to a child. */
#ifndef SWORNLOG_EVIDENCE_KEY_FILE_H
#define SWORNLOG_EVIDENCE_KEY_FILE_H

#include "evidence/key.h"

/* `what` names the key in the sentence that `error` gets: "the fleet log's key". -EPERM if others may read
 * the file, or it belongs to somebody else; -EBADMSG if it is no key of that type. Free with key_file_free.
 */
must_check int key_file_read_signer(const char *what, const char *path, struct signer **ret, char *error,
                                    size_t error_size);
must_check int key_file_read_cosigner(const char *what, const char *path, struct signer **ret, char *error,
                                      size_t error_size);
/* Wipes it; takes NULL. */
void key_file_free(struct signer *s);

#endif
