/* The kernel's name for this boot of this machine. */
#ifndef SWORNLOG_LIB_BOOT_ID_H
#define SWORNLOG_LIB_BOOT_ID_H

#include "lib/base.h"

#define BOOT_ID_BYTES 16

/* From /proc. -EIO if it is not there or not as it should be. */
must_check int boot_id_read(uint8_t ret[BOOT_ID_BYTES]);

#endif
