/* The system calls that change who a process is, and more of the system than files. */
#ifndef SWORNLOG_COLLECTOR_SYSTEM_CALLS_H
#define SWORNLOG_COLLECTOR_SYSTEM_CALLS_H

#include "collector/calls.h"

/* As call_find(), of these alone. */
const struct call_shape *system_call_find(bool compat, uint32_t number);

#endif
