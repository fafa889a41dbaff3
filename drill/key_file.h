/* A signing key in a file of its own, as `swornlog` writes them. */
#ifndef SWORNLOG_DRILL_KEY_FILE_H
#define SWORNLOG_DRILL_KEY_FILE_H

#include "evidence/key.h"

/* -EBADMSG and the like: no such key; errors of reading. Wipe it with signer_wipe. */
must_check int key_file_read(const char *path, struct signer *ret);

#endif
