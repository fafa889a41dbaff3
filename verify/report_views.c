/* What a comparison of several inputs found. */
#include "lib/text.h"
#include "verify/report.h"

bool report_views_clean(const struct views_result *v)
{
	return findings_faults(&v->findings) == 0;
}

void report_put_views_text(struct buf *b, const struct views_result *v, bool colour)
{
	buf_printf(b, "compared: %zu stores, %zu signed checkpoints, %zu fleet heads in seals\n", v->stores,
	           v->signed_heads, v->seal_heads);
	if (v->passed_over)
		buf_printf(b, "%zu more were passed over\n", v->passed_over);
	for (size_t i = 0; i < v->findings.len; i++)
		report_put_finding(b, &v->findings.list[i], colour);
	if (!report_views_clean(v))
		buf_put_str(b, v->evidence.len
		                       ? "The fleet log has signed two histories: there is evidence for "
		                         "anybody (--evidence FILE).\n"
		                       : "No two signed checkpoints here prove it to a third party.\n");
	else if (v->signed_heads + v->seal_heads < 2)
		buf_put_str(b, "There was nothing to compare.\n");
	else
		buf_put_str(b, "No two of them contradict each other.\n");
}

void report_put_views_json(struct buf *b, const struct views_result *v)
{
	buf_printf(b,
	           "{\"stores\":%zu,\"signed_heads\":%zu,\"seal_heads\":%zu,\"passed_over\":%zu,"
	           "\"evidence\":%s,\"findings\":[",
	           v->stores, v->signed_heads, v->seal_heads, v->passed_over,
	           v->evidence.len ? "true" : "false");
	for (size_t i = 0; i < v->findings.len; i++) {
		buf_put_str(b, i ? "," : "");
		report_put_finding_json(b, &v->findings.list[i]);
	}
	buf_put_str(b, "]}");
}
