/* Names and forms of the fields of system calls that are about more than files (docs/format.md section 7.5).
 */
#ifndef SWORNLOG_CLI_SYSTEM_FIELD_H
#define SWORNLOG_CLI_SYSTEM_FIELD_H

#include "cli/field.h"

/* NULL for other kinds, and for the fields that these kinds have in common with files. */
const struct field_row *system_field_find(uint64_t kind, uint64_t key);

#endif
