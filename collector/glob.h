/* Patterns of paths, matched byte by byte within bounds.
 *
 * `*` and `?` stand for anything but a slash, `**` for anything, `[a-z]` and `[!a-z]` for one byte of
 * (outside) a set, `\` takes the next byte as it is.
 */
#ifndef SWORNLOG_COLLECTOR_GLOB_H
#define SWORNLOG_COLLECTOR_GLOB_H

#include "lib/cursor.h"

enum glob_verdict {
	GLOB_NO,
	GLOB_YES,
	GLOB_TOO_LONG, /* given up: the caller decides which error is the smaller one */
};

/* The whole text. */
enum glob_verdict glob_match(struct span pattern, struct span text);
bool glob_is_pattern(struct span s);
/* A set that is not closed and a backslash at the end are faults. */
bool glob_ok(struct span pattern);
/* How many bytes of the pattern are a directory without anything special in it: of "/a/b*c" it is "/a". */
size_t glob_fixed(struct span pattern);

#endif
