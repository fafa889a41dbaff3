#include "collector/audit_mode.h"

#include <stdio.h>

static const char *const mode_names[] = {
	[AUDIT_MODE_OFF] = "off",
	[AUDIT_MODE_MULTICAST] = "multicast",
	[AUDIT_MODE_UNICAST] = "unicast",
	[AUDIT_MODE_REPLAY] = "replay",
};

const char *audit_mode_name(enum audit_mode mode)
{
	return mode_names[mode];
}

int audit_mode_parse(const char *name, enum audit_mode *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++) {
		if (strcmp(name, mode_names[i]) == 0) {
			*ret = (enum audit_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *audit_mode_cause(int error)
{
	switch (error) {
	case -EPROTONOSUPPORT:
		return "this kernel has no audit, or was booted with audit=0";
	case -EPERM:
	case -EACCES:
		return "not permitted (CAP_AUDIT_READ and CAP_AUDIT_CONTROL are needed, and -e 2 locks "
		       "audit)";
	case -ECONNREFUSED:
		return "audit cannot be reached from this namespace";
	case -ETIMEDOUT:
		return "the kernel did not answer";
	default:
		return strerror(-error);
	}
}

void audit_mode_describe_owner(uint32_t pid, char *ret, size_t size)
{
	char path[64], comm[32] = "?";
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	FILE *f = fopen(path, "re");
	if (f) {
		if (fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(f);
	}
	snprintf(ret, size, "process %u (%s)", pid, comm);
}
