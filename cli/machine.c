#include "cli/machine.h"

#include <libaudit.h>

static const struct {
	const char *name, *alias;
	enum machine compat;
	int libaudit;
} machines[] = {
	[MACHINE_X86_64] = { "x86_64", "amd64", MACHINE_I386, MACH_86_64 },
	[MACHINE_I386] = { NULL, NULL, MACHINE_I386, MACH_X86 },
	[MACHINE_AARCH64] = { "aarch64", "arm64", MACHINE_ARM, MACH_AARCH64 },
	[MACHINE_ARM] = { NULL, NULL, MACHINE_ARM, MACH_ARM },
};

enum machine machine_here(void)
{
	return audit_detect_machine() == MACH_AARCH64 ? MACHINE_AARCH64 : MACHINE_X86_64;
}

int machine_parse(const char *name, enum machine *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (machines[i].name &&
		    (strcmp(name, machines[i].name) == 0 || strcmp(name, machines[i].alias) == 0)) {
			*ret = (enum machine)i;
			return 0;
		}
	}
	return -ENOENT;
}

enum machine machine_compat(enum machine m)
{
	return machines[m].compat;
}

uint32_t machine_audit_arch(enum machine m)
{
	return audit_machine_to_elf(machines[m].libaudit);
}

int machine_syscall(enum machine m, const char *name)
{
	return audit_name_to_syscall(name, machines[m].libaudit);
}
