#include <stdio.h>

#include "audit/log.h"
#include "audit/redact.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/redaction.h"
#include "lib/text.h"

#define SAMPLES_MAX 256

struct check {
	const char *rules_path;
	bool argv, json;
	struct redact_config *config;
	struct audit_redaction *audit;
	struct buf out;
	bool found; /* something was replaced, in any sample */
};

static void check_done(struct check *c)
{
	redact_config_free(c->config);
	audit_redaction_free(c->audit);
	buf_done(&c->out);
}

static const char *rule_name(const struct check *c, uint16_t rule)
{
	return redact_rule_name(redact_config_engine(c->config), rule);
}

/* Never the sample itself, which may be a real one. */
static void put_stored(struct buf *b, bool json, struct span s)
{
	if (json) {
		buf_put_u8(b, '"');
		text_put_json(b, s);
		buf_put_u8(b, '"');
	} else {
		text_put_escaped(b, s);
	}
}

/* Strings, each ended by a NUL: a list, or a line on which they are told apart by quotes. */
static void put_vector(struct buf *b, bool json, struct span block)
{
	const char *comma = "";
	if (json)
		buf_put_u8(b, '[');
	while (block.len) {
		const uint8_t *nul = memchr(block.data, 0, block.len);
		struct span s = { block.data, nul ? (size_t)(nul - block.data) : block.len };
		bool quoted = !json && (s.len == 0 || memchr(s.data, ' ', s.len));
		buf_put_str(b, comma);
		buf_put_str(b, quoted ? "'" : "");
		put_stored(b, json, s);
		buf_put_str(b, quoted ? "'" : "");
		comma = json ? "," : " ";
		size_t step = MIN(s.len + 1, block.len);
		block = (struct span){ block.data + step, block.len - step };
	}
	if (json)
		buf_put_u8(b, ']');
}

/* `places`: the hits are offsets into the sample that the reader can make sense of. */
static void put_result(struct check *c, struct span stored, const struct redact_hits *hits, bool places)
{
	struct buf *b = &c->out;
	if (c->json)
		buf_put_str(b, "{\"stored\":");
	if (c->argv)
		put_vector(b, c->json, stored);
	else
		put_stored(b, c->json, stored);
	buf_put_str(b, c->json ? ",\"replaced\":[" : "\n");
	for (size_t i = 0; i < hits->count; i++) {
		const struct redact_hit *h = &hits->item[i];
		const char *name = rule_name(c, h->rule);
		if (c->json)
			buf_printf(b, "%s{\"rule\":\"", i ? "," : "");
		else
			buf_put_str(b, "  rule ");
		text_put_json(b, span_str(name));
		if (c->json)
			buf_put_u8(b, '"');
		if (places)
			buf_printf(b, c->json ? ",\"start\":%zu,\"end\":%zu" : ", bytes %zu to %zu", h->start,
			           h->end);
		buf_put_u8(b, c->json ? '}' : '\n');
	}
	if (c->json)
		buf_put_str(b, "]}\n");
	c->found = c->found || hits->count > 0;
}

static int flush(struct check *c)
{
	int err = buf_err(&c->out);
	if (err)
		return command_fail("%s", strerror(-err));
	fwrite(c->out.data, 1, c->out.len, stdout);
	buf_reset(&c->out);
	return COMMAND_OK;
}

static void check_plain(struct check *c, enum redact_form form, struct span sample)
{
	struct redact_hits hits = { 0 };
	struct redact *rules = redact_config_engine(c->config);
	cleanup_buf struct buf stored = { 0 };
	if (rules)
		redact_find(rules, form, sample, REDACT_WHOLE, &hits);
	redact_put(&stored, sample, &hits);
	if (buf_err(&stored))
		c->out.err = buf_err(&stored);
	put_result(c, (struct span){ stored.data, stored.len }, &hits, true);
}

/* A line of a log of kernel audit is one record. */
static void check_record(struct check *c, struct span line, uint16_t type, struct span text)
{
	struct audit_line record = { type, text };
	struct audit_assembled event = { .lines = &record, .count = 1 }, redacted;
	struct redact_hits hits = { 0 };
	cleanup_buf struct buf stored = { 0 };
	int err = audit_redact(c->audit, redact_config_engine(c->config), &event, &redacted);
	if (err) {
		c->out.err = err;
		return;
	}
	if (redacted.redacted)
		audit_redaction_rules(c->audit, &hits);
	buf_put(&stored, line.data, (size_t)(text.data - line.data));
	buf_put(&stored, redacted.lines[0].text.data, redacted.lines[0].text.len);
	if (buf_err(&stored))
		c->out.err = buf_err(&stored);
	put_result(c, (struct span){ stored.data, stored.len }, &hits, false);
	c->found = c->found || redacted.redacted;
}

static int check_sample(struct check *c, struct span sample)
{
	uint16_t type;
	struct span text;
	if (audit_log_split(sample, &type, &text) == 0)
		check_record(c, sample, type, text);
	else
		check_plain(c, REDACT_TEXT, sample);
	return flush(c);
}

static int check_vector(struct check *c, const char *const *arguments, size_t count)
{
	cleanup_buf struct buf block = { 0 };
	for (size_t i = 0; i < count; i++)
		buf_put(&block, arguments[i], strlen(arguments[i]) + 1);
	if (buf_err(&block))
		return command_fail("%s", strerror(-buf_err(&block)));
	check_plain(c, REDACT_ARGV, (struct span){ block.data, block.len });
	return flush(c);
}

static int check_lines(struct check *c)
{
	cleanup_free char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int status = COMMAND_OK;
	while (status == COMMAND_OK && (n = getline(&line, &cap, stdin)) >= 0) {
		size_t len = (size_t)n - (line[n - 1] == '\n');
		status = check_sample(c, (struct span){ (const uint8_t *)line, len });
	}
	if (status == COMMAND_OK && ferror(stdin))
		return command_fail("standard input could not be read");
	return status;
}

static int run_check(struct check *c, const char *const *samples, size_t count)
{
	if (!redaction_load(c->rules_path, &c->config))
		return COMMAND_FAILED;
	int status = COMMAND_OK;
	if (audit_redaction_new(&c->audit))
		return command_fail("%s", strerror(ENOMEM));
	if (c->argv)
		status = check_vector(c, samples, count);
	else if (count == 0)
		status = check_lines(c);
	for (size_t i = 0; !c->argv && i < count && status == COMMAND_OK; i++)
		status = check_sample(c, (struct span){ (const uint8_t *)samples[i], strlen(samples[i]) });
	return status != COMMAND_OK ? status : c->found ? COMMAND_FINDINGS : COMMAND_OK;
}

static int redact_check(int argc, char **argv)
{
	const char *samples[SAMPLES_MAX];
	cleanup(check_done) struct check c = { 0 };
	const struct option_row rows[] = {
		{ .name = "rules",
		  .type = OPTION_TEXT,
		  .into = &c.rules_path,
		  .value = "FILE",
		  .help = "another file than /etc/swornlog/collect.yaml" },
		{ .name = "argv",
		  .type = OPTION_FLAG,
		  .into = &c.argv,
		  .help = "the samples are the arguments of one program (put -- before them)" },
		{ .name = "json", .type = OPTION_FLAG, .into = &c.json, .help = "one JSON object a sample" },
	};
	const struct usage usage = {
		.command = "swornlog redact check",
		.arguments = "[SAMPLE...]",
		.summary =
		        "Print each sample as the agent would store it, and which rules replaced what. A "
		        "sample is a command line, any\n"
		        "text, or a line of an audit.log; without one, each line of standard input is (there "
		        "no list of processes shows it).\n"
		        "Exit status: 0 nothing would be replaced, 1 something would, 2 wrong usage, 3 it "
		        "could not be done.",
		.options = rows,
		.option_count = ARRAY_SIZE(rows),
		.max_arguments = SAMPLES_MAX,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, samples, &count, &status))
		return status;
	return run_check(&c, samples, count);
}

static int redact_rules(int argc, char **argv)
{
	const struct usage usage = {
		.command = "swornlog redact rules",
		.arguments = "",
		.summary = "List the shipped rules by the names under which collect.yaml switches them off.",
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, NULL, &count, &status))
		return status;
	const struct redact_rule *rules = redact_defaults(&count);
	for (size_t i = 0; i < count; i++)
		puts(rules[i].name);
	return COMMAND_OK;
}

int cmd_redact(int argc, char **argv)
{
	static const struct command COMMANDS[] = {
		{ "check", "print samples as the agent would store them", redact_check },
		{ "rules", "list the shipped rules", redact_rules },
	};
	return command_run("swornlog redact", COMMANDS, ARRAY_SIZE(COMMANDS), argc, argv);
}
