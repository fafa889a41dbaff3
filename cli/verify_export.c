#include "cli/verify_export.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/terminal.h"
#include "verify/export.h"
#include "verify/report.h"

static unsigned long long number(uint64_t n)
{
	return n;
}

static bool all_content(const struct export_report *r)
{
	for (size_t i = 0; i < r->row_count; i++) {
		if (!r->row[i].content)
			return false;
	}
	return true;
}

static const char *verdict_of(const struct export_report *r)
{
	if (findings_faults(&r->findings))
		return "FAULTS";
	return all_content(r) ? "verified" : "structure verified, content not re-hashed";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct export_row *)a)->name, ((const struct export_row *)b)->name);
}

static void put_text(struct buf *b, const struct export_report *r, bool colour)
{
	buf_printf(b, "fleet log: %llu entries\n", number(r->fleet_size));
	for (size_t i = 0; i < r->row_count; i++) {
		const struct export_row *row = &r->row[i];
		buf_printf(b, "%s: %llu entries in %llu batches, lost %llu; %s\n", row->name,
		           number(row->entries), number(row->batches), number(row->lost),
		           row->content ? "content re-hashed" : "content not there");
	}
	for (size_t i = 0; i < r->findings.len; i++)
		report_put_finding(b, &r->findings.list[i], colour);
	buf_printf(b,
	           "%s; whether each batch was committed, and what the logs of different hosts say of each "
	           "other, only a "
	           "store tells%s\n",
	           verdict_of(r), r->witnessed ? "" : "; no witness");
}

static void put_json(struct buf *b, const struct export_report *r)
{
	bool good = findings_faults(&r->findings) == 0;
	buf_printf(b,
	           "{\"kind\":\"export\",\"verified\":%s,\"content\":%s,\"witnessed\":%s,\"verdict\":\"%s\","
	           "\"fleet_entries\":%llu,\"logs\":[",
	           good ? "true" : "false", all_content(r) ? "true" : "false",
	           r->witnessed ? "true" : "false", verdict_of(r), number(r->fleet_size));
	for (size_t i = 0; i < r->row_count; i++) {
		const struct export_row *row = &r->row[i];
		buf_printf(
		        b,
		        "%s{\"log\":\"%s\",\"entries\":%llu,\"batches\":%llu,\"lost\":%llu,\"content\":%s}",
		        i ? "," : "", row->name, number(row->entries), number(row->batches),
		        number(row->lost), row->content ? "true" : "false");
	}
	buf_put_str(b, "],\"findings\":[");
	for (size_t i = 0; i < r->findings.len; i++) {
		buf_put_str(b, i ? "," : "");
		report_put_finding_json(b, &r->findings.list[i]);
	}
	buf_put_str(b, "]}\n");
}

int verify_export_folder(const struct verify_request *q, const char *path, int dirfd)
{
	cleanup_export_report struct export_report report = { 0 };
	cleanup_buf struct buf out = { 0 };
	const struct export_request request = { .dirfd = dirfd,
		                                .anchor = q->anchor,
		                                .genesis = q->genesis,
		                                .policy = q->policy,
		                                .host = q->host };
	int r = verify_export(&request, &report);
	if (r < 0)
		return command_fail("%s: could not be read: %s", path, strerror(-r));
	if (report.row_count)
		qsort(report.row, report.row_count, sizeof(*report.row), by_name);
	if (q->json)
		put_json(&out, &report);
	else
		put_text(&out, &report, terminal_colour(STDOUT_FILENO));
	if (buf_err(&out))
		return command_fail("%s", strerror(-buf_err(&out)));
	fwrite(out.data, 1, out.len, stdout);
	return findings_faults(&report.findings) ? COMMAND_FINDINGS : COMMAND_OK;
}
