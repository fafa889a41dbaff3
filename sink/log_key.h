/* The fleet log's private key: read from a file that nobody else may read, kept in memory that is never
 * swapped, dumped or handed to a child. */
#ifndef SWORNLOG_SINK_LOG_KEY_H
#define SWORNLOG_SINK_LOG_KEY_H

#include "evidence/key.h"

/* -EPERM if others may read the file, or it belongs to somebody else; -EBADMSG if it is no key. `error` gets
 * a sentence. Free with log_key_free. */
must_check int log_key_read(const char *path, struct signer **ret, char *error, size_t error_size);
/* Wipes it. */
void log_key_free(struct signer *s);

#endif
