/* What a drill found, for people and programs. */
#ifndef SWORNLOG_DRILL_REPORT_H
#define SWORNLOG_DRILL_REPORT_H

#include "drill/runner.h"

struct drill_report {
	const struct result *result;
	size_t count;
	const char *version; /* of swornlog */
	uint64_t time_us;    /* wall time of the start */
	uint64_t took_ms;
	bool on_store; /* sins on a copy of a store; else on a scratch fleet */
};

size_t report_count(const struct drill_report *r, enum outcome o);
bool report_good(const struct drill_report *r);
/* "33 sins caught, no control run disturbed", without newline. */
void report_put_sum(struct buf *b, const struct drill_report *r);
/* One line, with newline. */
void report_put_line(struct buf *b, const struct result *r, bool colour);
void report_put_drill_json(struct buf *b, const struct drill_report *r);
/* One page that needs nothing else. */
void report_put_html(struct buf *b, const struct drill_report *r);
/* The text of a statement of kind `drill` (docs/format.md section 21), to be signed by a person of the fleet.
 */
void report_put_statement(struct buf *b, const struct drill_report *r, const char *fleet);

#endif
