/* The result of a verification: a row for each host, findings, and the words that always have to be said. */
#ifndef SWORNLOG_VERIFY_REPORT_H
#define SWORNLOG_VERIFY_REPORT_H

#include "verify/host.h"
#include "verify/witnessed.h"

struct report_row {
	char label[LABEL_MAX + 1];
	uint64_t entries, batches, epochs, signatures, gaps, lost, silences;
	uint64_t first_wall_us, last_wall_us; /* by the host's clock; 0: nothing there */
	uint32_t verdicts;                    /* 1 << enum verdict */
	bool same_machine;
	bool selected; /* false: its entries were not looked at */
	struct days days;
};

#define ROW_WORDS_MAX 256

struct report {
	bool spool;
	bool structure;  /* entries were hashed, and only seals and epoch entries opened */
	bool not_hashed; /* not even that: the content is not there */
	char fleet[LABEL_MAX + 1];
	struct report_row *row;
	size_t row_count;
	struct findings findings;
	uint64_t files, bytes;
	uint64_t fleet_size, commits, checkpoints, enrolments; /* of the fleet log; a store's */
	uint64_t fleet_time_us;                                /* of its newest entry, by the sink's clock */
	uint64_t entries, batches, signatures;                 /* over all hosts */
	uint64_t receipted_size;                               /* of a spool's newest epoch; 0: no receipt */
	uint64_t unreceipted_batches;                          /* of a spool */
	bool same_machine;
	struct witnessed witnessed;
	bool unwitnessed; /* no quorum of witnesses that a policy wants has vouched for it */
};

void report_done(struct report *r);
#define cleanup_report cleanup(report_done)
/* Take the rows over from the hosts. `machine`: boot id of this machine, or NULL; it counts only where the
 * sink has not told its own. */
must_check int report_take_hosts(struct report *r, struct hosts *h, const uint8_t *machine);

/* "ok", "no entries", "altered,missing"; it may point into `words`. */
const char *report_row_words(const struct report_row *row, char words[ROW_WORDS_MAX]);
bool report_clean(const struct report *r);
/* One line, without newline: "verified; sink on the same machine; no witness". */
void report_put_verdict(struct buf *b, const struct report *r);
/* The whole report for a person. */
void report_put_text(struct buf *b, const struct report *r, bool colour);
/* A line: verdict, place, reason. */
void report_put_finding(struct buf *b, const struct finding *f, bool colour);
/* One JSON object and a newline. */
void report_put_json(struct buf *b, const struct report *r); /* report_json.c */
void report_put_finding_json(struct buf *b, const struct finding *f);

/* Of several inputs together: report_views.c */
bool report_views_clean(const struct views_result *v);
void report_put_views_text(struct buf *b, const struct views_result *v, bool colour);
void report_put_views_json(struct buf *b, const struct views_result *v);

#endif
