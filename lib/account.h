/* Users and groups by name, or by number where they need no name. */
#ifndef SWORNLOG_LIB_ACCOUNT_H
#define SWORNLOG_LIB_ACCOUNT_H

#include "lib/base.h"

struct account_ids {
	uid_t uid;
	gid_t gid; /* the user's own group */
};

/* -ENOENT if there is no such user. A number stands for that uid and gid. */
must_check int account_user(const char *name, struct account_ids *ret);
must_check int account_group(const char *name, gid_t *ret);
/* The uid, or the caller's own where there is no such user. */
uid_t account_uid(const char *name);

#endif
