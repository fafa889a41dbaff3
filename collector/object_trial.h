/* One act of each kind that the programs on kernel objects see, to learn which of them fire. */
#ifndef SWORNLOG_COLLECTOR_OBJECT_TRIAL_H
#define SWORNLOG_COLLECTOR_OBJECT_TRIAL_H

#include "lib/base.h"

/* In a folder of its own below `parent`, which is gone afterwards. -errno if that could not be made; what
 * fails after that is not an error, for a hook that should have fired then has not. */
must_check int object_trial(const char *parent);

#endif
