#include "agent/collector_check.h"

#include <stdio.h>
#include <unistd.h>

#include "collector/enforce.h"
#include "collector/rules_report.h"

/* Unlike at the start, where no file means the defaults: here it was named by a person. */
static int read_rules(const char *path, struct rules **ret)
{
	char error[512];
	struct label_names labels = { 0 };
	if (access(path, R_OK) < 0) {
		int err = -errno;
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
		return err;
	}
	int err = enforce_read(path, &labels, ret, error, sizeof(error));
	if (err)
		fprintf(stderr, "%s\n", error);
	return err;
}

int collector_check(const char *path)
{
	struct rules *rules;
	cleanup_buf struct buf report = { 0 }, warnings = { 0 };
	int err = read_rules(path, &rules);
	if (err)
		return err;
	rules_report(rules, &report);
	unsigned count = rules_warn(rules, &warnings);
	rules_free(rules);
	if (buf_err(&report) || buf_err(&warnings))
		return -ENOMEM;
	fwrite(report.data, 1, report.len, stdout);
	fwrite(warnings.data, 1, warnings.len, stderr);
	printf("%s is understood, with %u warning%s\n", path, count, count == 1 ? "" : "s");
	return fflush(stdout) == 0 ? 0 : -EIO;
}
