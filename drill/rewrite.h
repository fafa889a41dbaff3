/* The fleet log signed anew with the sink's own key, so that everything in the store fits together again:
 * what the sink's operator can do. Only others who hold a former checkpoint can tell. */
#ifndef SWORNLOG_DRILL_REWRITE_H
#define SWORNLOG_DRILL_REWRITE_H

#include "drill/act.h"
#include "drill/records.h"
#include "evidence/fleet.h"

/* The store's only journal. -ENOTSUP with a reason if it has more. */
must_check int rewrite_open(struct act *a, struct records *ret);
/* Replace an entry, and the heads beside it. The next commit's note does not fit any more until
 * rewrite_close. */
must_check int rewrite_entry(struct records *r, size_t at, const struct fleet_entry *e,
                             const struct record_head *heads, size_t head_count);
/* Number and sign all fleet entries anew, and write journal, tiles and checkpoint. */
must_check int rewrite_close(struct act *a, struct records *r);

/* Copy the store of the act's fleet to `copy`, the same history but for one time, signed anew with the sink's
 * key. In drill/log_sins.c. */
must_check int rewrite_scratch(struct act *a, const char *copy);

#endif
