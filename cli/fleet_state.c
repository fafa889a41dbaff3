/* `swornlog fleet state`: the text of a statement, from options that are named as its lines are. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/fleet_statement.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/statement_words.h"
#include "lib/file.h"
#include "lib/text.h"

#define POLICY_BYTES 65536

/* The lines of each kind, in their order. */
static const struct {
	enum statement_kind kind;
	const char *words[5];
} forms[] = {
	{ STATEMENT_RE_ENROL, { "host", "identity", "certificate", "follows" } },
	{ STATEMENT_ROTATE, { "host", "identity", "certificate", "announced" } },
	{ STATEMENT_REVOKE, { "host", "identity", "at", "reason" } },
	{ STATEMENT_RETIRE, { "host", "reason" } },
	{ STATEMENT_POLICY, { "policy" } },
	{ STATEMENT_LOG_KEY, { "log", "next", "overlap" } },
	{ STATEMENT_CLOSE, { "host", "epoch", "reason" } },
};

struct wish {
	const char *word, *value; /* NULL: not given */
};

static int put_policy(struct buf *b, const char *path)
{
	cleanup_buf struct buf content = { 0 };
	int r = file_read(env_system(), AT_FDCWD, path, POLICY_BYTES, &content);
	if (r < 0) {
		command_fail("%s can't be read: %s", path, strerror(-r));
		return r;
	}
	struct cursor c;
	cursor_init(&c, content.data, content.len);
	while (cursor_left(&c) > 0 && !c.err) {
		struct span line = cursor_line(&c);
		buf_put_str(b, line.len ? "policy " : "policy");
		buf_put(b, line.data, line.len);
		buf_put_u8(b, '\n');
	}
	if (!c.err)
		return 0;
	command_fail("%s does not end with a newline", path);
	return -EBADMSG;
}

static bool is_wanted(size_t form, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms[form].words) && forms[form].words[i]; i++) {
		if (strcmp(forms[form].words[i], word) == 0)
			return true;
	}
	return false;
}

static const char *value_of(const struct wish *wishes, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(wishes[i].word, word) == 0)
			return wishes[i].value;
	}
	return NULL;
}

/* 0, or an exit status. */
static int put_lines(struct buf *b, size_t form, const struct wish *wishes, size_t n)
{
	const char *kind = statement_kind_name(forms[form].kind);
	for (size_t i = 0; i < n; i++) {
		if (wishes[i].value && !is_wanted(form, wishes[i].word)) {
			command_fail("a statement of kind %s has no --%s", kind, wishes[i].word);
			return COMMAND_USAGE;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms[form].words) && forms[form].words[i]; i++) {
		const char *word = forms[form].words[i], *value = value_of(wishes, n, word);
		if (!value) {
			command_fail("a statement of kind %s needs --%s", kind, word);
			return COMMAND_USAGE;
		}
		if (strcmp(word, "policy") != 0)
			buf_printf(b, "%s %s\n", word, value);
		else if (put_policy(b, value) < 0)
			return COMMAND_FAILED;
	}
	return 0;
}

static int write_text(const char *path, const struct buf *text)
{
	struct statement s;
	cleanup_buf struct buf words = { 0 };
	if (buf_err(text))
		return command_fail("%s", strerror(ENOMEM));
	if (statement_parse_text((struct span){ text->data, text->len }, &s) < 0 ||
	    statement_words_put(&words, &s) < 0)
		return command_fail("that makes no valid statement: look at the forms in swornlog(1)");
	if (access(path, F_OK) == 0)
		return command_fail("%s is there already", path);
	cleanup_buf struct buf whole = { 0 };
	buf_put(&whole, text->data, text->len);
	buf_put_u8(&whole, '\n');
	if (buf_err(&whole))
		return command_fail("%s", strerror(ENOMEM));
	int status = output_file(path, (struct span){ whole.data, whole.len });
	if (status != COMMAND_OK)
		return status;
	printf("%.*sEach signer in turn: swornlog fleet sign GENESIS %s --key KEY\n", (int)words.len,
	       (const char *)words.data, path);
	return COMMAND_OK;
}

static int make(const char *kind, const char *fleet, const char *path, const struct wish *wishes, size_t n)
{
	size_t form = 0;
	while (form < ARRAY_SIZE(forms) && strcmp(statement_kind_name(forms[form].kind), kind) != 0)
		form++;
	if (form == ARRAY_SIZE(forms)) {
		command_fail("no statement of kind '%s' is made here: re-enrol, rotate, revoke, retire, "
		             "policy, log-key or close",
		             kind);
		return COMMAND_USAGE;
	}
	cleanup_buf struct buf text = { 0 };
	statement_text_put_head(&text, kind, fleet, env_system()->wall_us(env_system()) / 1000000);
	int status = put_lines(&text, form, wishes, n);
	return status ? status : write_text(path, &text);
}

int fleet_state(int argc, char **argv)
{
	const char *arguments[2], *fleet = "";
	struct wish wishes[] = { { "host", NULL },    { "identity", NULL }, { "certificate", NULL },
		                 { "follows", NULL }, { "at", NULL },       { "announced", NULL },
		                 { "reason", NULL },  { "policy", NULL },   { "log", NULL },
		                 { "next", NULL },    { "overlap", NULL },  { "epoch", NULL } };
	static const char *const help[][2] = {
		{ "NAME", "the host" },
		{ "VKEY", "its identity key: the new one (rotate, re-enrol), or the one in force (revoke)" },
		{ "HASH", "of its TLS key: H of the SubjectPublicKeyInfo, 64 hex digits" },
		{ "HEAD", "re-enrol: 'EPOCH SIZE ROOT', the head that its old log ends at" },
		{ "HEAD", "revoke: likewise, the last that is believed" },
		{ "ENTRY", "rotate: 'EPOCH INDEX' of the entry that announces it" },
		{ "WORD", "revoke, retire, close: why, in one word" },
		{ "FILE", "policy: the policy" },
		{ "VKEY", "log-key: the new key" },
		{ "HASH", "log-key: of the key after it, as 'swornlog fleet log-key next' prints it" },
		{ "SECONDS", "log-key: how long the old key signs too" },
		{ "N", "close: the epoch that is explained" },
	};
	struct option_row options[1 + ARRAY_SIZE(wishes)] = {
		{ "fleet", OPTION_TEXT, &fleet, "NAME", "the fleet's name", .required = true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++)
		options[i + 1] = (struct option_row){ .name = wishes[i].word,
			                              .type = OPTION_TEXT,
			                              .into = &wishes[i].value,
			                              .value = help[i][0],
			                              .help = help[i][1] };
	const struct usage usage = {
		"swornlog fleet state",
		"KIND FILE",
		"Writes a statement that nobody has signed yet: re-enrol, rotate, revoke, retire, policy,\n"
		"log-key or close. 'swornlog fleet host' tells what the sink knows of a host.",
		options,
		ARRAY_SIZE(options),
		2,
		2,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, arguments, &count, &status))
		return status;
	if (!fleet || !label_ok(span_str(fleet))) {
		command_fail("'%s' can't be a fleet's name", fleet);
		return COMMAND_USAGE;
	}
	return make(arguments[0], fleet, arguments[1], wishes, ARRAY_SIZE(wishes));
}
