#include "lib/account.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "lib/text.h"

/* -1 is what the kernel takes for "leave it as it is", 0 is root: neither is meant by a number here. */
static bool parse_number(const char *name, uint32_t *ret)
{
	uint64_t n;
	if (text_decimal(span_str(name), &n) < 0 || n == 0 || n >= UINT32_MAX)
		return false;
	*ret = (uint32_t)n;
	return true;
}

int account_user(const char *name, struct account_ids *ret)
{
	uint32_t n;
	if (parse_number(name, &n)) {
		*ret = (struct account_ids){ .uid = n, .gid = n };
		return 0;
	}
	const struct passwd *p = getpwnam(name);
	if (!p)
		return -ENOENT;
	*ret = (struct account_ids){ .uid = p->pw_uid, .gid = p->pw_gid };
	return 0;
}

int account_group(const char *name, gid_t *ret)
{
	uint32_t n;
	if (parse_number(name, &n)) {
		*ret = n;
		return 0;
	}
	const struct group *g = getgrnam(name);
	if (!g)
		return -ENOENT;
	*ret = g->gr_gid;
	return 0;
}

uid_t account_uid(const char *name)
{
	struct account_ids ids;
	return account_user(name, &ids) == 0 ? ids.uid : geteuid();
}
