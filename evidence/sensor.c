#include "evidence/sensor.h"

const char *change_what_name(uint64_t what)
{
	static const char *const names[] = {
		[CHANGE_AUDIT] = "audit status",  [CHANGE_RULES] = "audit rules",
		[CHANGE_PROGRAM] = "BPF program", [CHANGE_MAP] = "BPF map",
		[CHANGE_PIN] = "BPF pin",         [CHANGE_SETTING] = "kernel setting",
		[CHANGE_HOOK] = "hook",           [CHANGE_STALL] = "collector stalled",
	};
	return what < ARRAY_SIZE(names) ? names[what] : NULL;
}
