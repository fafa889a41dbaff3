/* The files of docs/vectors: compared with what the code makes, or written anew. */
#ifndef SWORNLOG_TESTS_SUPPORT_VECTORS_H
#define SWORNLOG_TESTS_SUPPORT_VECTORS_H

#include "lib/cursor.h"

/* True if the file holds these bytes; otherwise both go to standard error. With SWORNLOG_WRITE_VECTORS=1 the
 * file is written instead, after a change of the format. Run from the root of the checkout. */
must_check bool vector_is(const char *name, struct span want);

#endif
