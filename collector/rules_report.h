/* Rules of collection in words, and what in them can have no effect. */
#ifndef SWORNLOG_COLLECTOR_RULES_REPORT_H
#define SWORNLOG_COLLECTOR_RULES_REPORT_H

#include "collector/rules.h"

/* One line for each thing that the rules ask for, escaped for a terminal. Looks into the file system. */
void rules_report(const struct rules *r, struct buf *to);
/* One line for each part without effect: a path that is not there, an exclusion that labels or switched off
 * kinds make void, ... Returns how many. */
unsigned rules_warn(const struct rules *r, struct buf *to);

#endif
