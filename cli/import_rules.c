#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/import_out.h"
#include "cli/options.h"
#include "cli/rule_files.h"
#include "evidence/entry.h"
#include "lib/text.h"

#define ARGUMENTS_MAX 64

struct import {
	bool json;
	const char *out_path; /* NULL: none is written */
	enum machine machine;
	uint64_t count[COVERAGE_UNSUPPORTED + 1];
	struct auditctl_rule rule;
	struct coverage coverage;
	struct import_out out;
	struct buf text; /* of one line of output, then of the file */
};

static void put_kinds(struct buf *b, const struct coverage *c, bool json)
{
	const char *comma = "";
	for (uint64_t kind = 0; kind < COVERAGE_KINDS_MAX; kind++) {
		if (!c->kind[kind])
			continue;
		buf_printf(b, json ? "%s\"%s\"" : "%s%s", comma, entry_kind_name(kind));
		comma = json ? "," : " ";
	}
}

static bool has_kinds(const struct coverage *c)
{
	for (size_t kind = 0; kind < COVERAGE_KINDS_MAX; kind++) {
		if (c->kind[kind])
			return true;
	}
	return false;
}

static void put_text(struct import *m, const struct rule_line *line)
{
	struct buf *b = &m->text;
	const struct coverage *c = &m->coverage;
	char label[IMPORT_LABEL_MAX + 1];
	text_put_escaped(b, span_str(line->file));
	buf_printf(b, ":%u: %s", line->number, coverage_name(c->verdict));
	if (c->watch) {
		import_label(&m->rule, label);
		buf_printf(b, " %s", label);
	}
	if (has_kinds(c)) {
		buf_put_str(b, c->verdict == COVERAGE_RULE ? ", in part by " : " by ");
		put_kinds(b, c, false);
	}
	if (c->why)
		buf_printf(b, " (%s)", c->why);
	buf_put_str(b, ": ");
	text_put_escaped(b, line->text);
	buf_put_u8(b, '\n');
}

static void put_json_string(struct buf *b, const char *key, struct span s)
{
	buf_printf(b, ",\"%s\":\"", key);
	text_put_json(b, s);
	buf_put_u8(b, '"');
}

static void put_json_rule(struct import *m)
{
	cleanup_buf struct buf rule = { 0 };
	if (import_put_rule(&rule, &m->rule, &m->coverage) < 0)
		buf_put_u8(&rule, '?');
	put_json_string(&m->text, "rule", (struct span){ rule.data, rule.len });
}

static void put_json(struct import *m, const struct rule_line *line)
{
	struct buf *b = &m->text;
	const struct coverage *c = &m->coverage;
	char label[IMPORT_LABEL_MAX + 1];
	buf_printf(b, "{\"verdict\":\"%s\"", coverage_word(c->verdict));
	put_json_string(b, "file", span_str(line->file));
	buf_printf(b, ",\"line\":%u", line->number);
	put_json_string(b, "text", line->text);
	buf_put_str(b, ",\"kinds\":[");
	put_kinds(b, c, true);
	buf_put_u8(b, ']');
	if (c->watch) {
		import_label(&m->rule, label);
		put_json_string(b, "label", span_str(label));
		put_json_string(b, "path", m->rule.path);
	}
	if (c->verdict == COVERAGE_RULE)
		put_json_rule(m);
	if (c->why)
		put_json_string(b, "why", span_str(c->why));
	buf_put_str(b, "}\n");
}

/* Non-zero: -ENOMEM, -E2BIG. */
static int take_rule(struct import *m)
{
	int err = import_out_take(&m->out, &m->rule, &m->coverage);
	if (err != -EINVAL && err != -E2BIG)
		return err;
	m->coverage = (struct coverage){
		.verdict = COVERAGE_UNSUPPORTED,
		.why = err == -EINVAL
		               ? "the agent takes no blanks within an audit rule"
		               : "more than the agent takes: 64 audit rules, 32 labels, 1024 watched paths",
	};
	return 0;
}

static int take_line(void *context, const struct rule_line *line)
{
	struct import *m = context;
	const char *why = line->why;
	if (why || auditctl_parse(line->text, &m->rule, &why) < 0)
		m->coverage = (struct coverage){ .verdict = COVERAGE_UNSUPPORTED, .why = why };
	else
		coverage_of(&m->rule, m->machine, &m->coverage);
	int err = take_rule(m);
	if (err)
		return err;
	m->count[m->coverage.verdict]++;
	if (m->coverage.verdict == COVERAGE_NOTHING)
		return 0;
	buf_reset(&m->text);
	if (m->json)
		put_json(m, line);
	else
		put_text(m, line);
	fwrite(m->text.data, 1, m->text.len, stdout);
	return buf_err(&m->text);
}

static void put_summary(const struct import *m)
{
	static const char *const words[] = { NULL,
		                             "covered by kinds of events",
		                             "covered by a watch in collect.yaml",
		                             "need an audit rule (kept, with its key)",
		                             "leave events out",
		                             "settings of audit",
		                             "not supported" };
	for (size_t v = COVERAGE_COVERED; v <= COVERAGE_UNSUPPORTED; v++) {
		if (m->json)
			fprintf(stderr, "%s\"%s\":%llu", v == COVERAGE_COVERED ? "{" : ",",
			        coverage_word((enum coverage_verdict)v), (unsigned long long)m->count[v]);
		else
			fprintf(stderr, "%6llu %s\n", (unsigned long long)m->count[v], words[v]);
	}
	if (m->json)
		fputs("}\n", stderr);
}

/* Never over a file that is there. */
static int write_out(struct import *m)
{
	cleanup_close int fd = open(m->out_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	buf_reset(&m->text);
	import_out_put(&m->out, &m->text);
	int err = buf_err(&m->text);
	if (!err && write(fd, m->text.data, m->text.len) != (ssize_t)m->text.len)
		err = -EIO;
	return err;
}

/* Something would be missing: now, or until the file that was not written is in force. */
static bool lacks(const struct import *m)
{
	bool optional = false;
	for (size_t kind = 0; kind < COVERAGE_KINDS_MAX; kind++)
		optional = optional || m->out.kind[kind];
	return m->count[COVERAGE_UNSUPPORTED] > 0 ||
	       (!m->out_path && (m->out.watches > 0 || m->out.rules > 0 || optional));
}

static int run(struct import *m, const char *const *paths, size_t count)
{
	char error[512];
	int err = rule_files_read(paths, count, take_line, m, error, sizeof(error));
	if (err)
		return command_fail("%s", error);
	if (m->out_path && (err = write_out(m)) != 0)
		return command_fail("%s: %s", m->out_path, strerror(-err));
	put_summary(m);
	return lacks(m) ? COMMAND_FINDINGS : COMMAND_OK;
}

static void import_free(struct import **m)
{
	if (!*m)
		return;
	import_out_done(&(*m)->out);
	buf_done(&(*m)->text);
	free(*m);
}

int cmd_import_rules(int argc, char **argv)
{
	struct import *m cleanup(import_free) = calloc(1, sizeof(*m));
	const char *paths[ARGUMENTS_MAX], *machine = NULL;
	size_t count;
	int status;
	if (!m)
		return command_fail("%s", strerror(ENOMEM));
	const struct option_row rows[] = {
		{ .name = "out",
		  .type = OPTION_TEXT,
		  .into = &m->out_path,
		  .value = "FILE",
		  .help = "write what the rules need as a collect.yaml; FILE must not exist" },
		{ .name = "arch",
		  .type = OPTION_TEXT,
		  .into = &machine,
		  .value = "ARCH",
		  .help = "the hosts', x86_64 or aarch64 (default: this machine's)" },
		{ .name = "json", .type = OPTION_FLAG, .into = &m->json, .help = "one JSON object a line" },
	};
	const struct usage usage = {
		.command = "swornlog import-rules",
		.arguments = "[FILE...]",
		.summary = "Read the rules of auditd (files, or folders of *.rules; without any, "
		           "/etc/audit/rules.d, or else\n"
		           "/etc/audit/audit.rules) and say of each what stands for it: kinds of events that "
		           "are "
		           "told anyway, a watch\n"
		           "with its key as the label, an audit rule that is kept, or nothing, and why. The "
		           "exit "
		           "status is 1 if\n"
		           "something is not supported, or would need --out.",
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.max_arguments = ARGUMENTS_MAX,
	};
	if (!options_parse(&usage, argc, argv, paths, &count, &status))
		return status;
	m->machine = machine_here();
	if (machine && machine_parse(machine, &m->machine) < 0) {
		command_fail("'%s' is no architecture: x86_64 or aarch64", machine);
		return COMMAND_USAGE;
	}
	return run(m, paths, count);
}
