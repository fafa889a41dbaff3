/* A report as one page that stands alone: no scripts, nothing fetched, every word from outside escaped. Its
 * first picture is hosts and days. */
#ifndef SWORNLOG_VERIFY_REPORT_HTML_H
#define SWORNLOG_VERIFY_REPORT_HTML_H

#include "verify/report.h"

/* The newest days that the picture has room for. */
#define HTML_DAYS_MAX 92

void report_html_begin(struct buf *b, const char *title);
/* `path`: of the input; `number` from 1, 0: it is the only one. */
void report_html_put(struct buf *b, const struct report *r, const char *path, unsigned number);
/* An input that is a file: what is said of it. */
void report_html_put_file(struct buf *b, const char *path, unsigned number, const char *words);
void report_html_put_views(struct buf *b, const struct views_result *v);
void report_html_end(struct buf *b);

#endif
