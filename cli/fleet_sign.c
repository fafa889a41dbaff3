/* `swornlog fleet show`, `sign` and `submit`: a statement that was made goes round, and then to the sink. */
#include <fcntl.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/fleet_statement.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/statement_words.h"
#include "evidence/key_file.h"
#include "lib/control.h"
#include "lib/file.h"
#include "lib/text.h"

#define ANSWER_SECONDS 60

/* A statement on its way from one signer to the next. */
struct draft {
	const char *path;
	struct genesis genesis;
	struct buf bytes; /* the text, an empty line, and signatures if there are some yet */
	struct span text;
	struct statement statement;
	uint64_t signed_by; /* bits of the genesis' people */
};

static void draft_done(struct draft *d)
{
	buf_done(&d->bytes);
}

static int read_file(const char *path, struct buf *ret)
{
	int r = file_read(env_system(), AT_FDCWD, path, STATEMENT_MAX_BYTES, ret);
	if (r < 0)
		command_fail("%s can't be read: %s", path, strerror(-r));
	return r;
}

static int load_genesis(const char *path, struct genesis *ret)
{
	cleanup_buf struct buf bytes = { 0 };
	int r = read_file(path, &bytes);
	if (r < 0)
		return r;
	r = genesis_parse(buf_span(&bytes), ret);
	if (r < 0)
		command_fail("%s is no valid genesis statement", path);
	return r;
}

static int find_signers(struct draft *d)
{
	struct note note;
	struct span all = buf_span(&d->bytes);
	if (all.len > 2 && all.data[all.len - 1] == '\n' && all.data[all.len - 2] == '\n') {
		d->text = (struct span){ all.data, all.len - 1 };
		return 0;
	}
	if (note_parse(all, &note) < 0)
		return -EBADMSG;
	d->text = note.text;
	int r = note_verify(&note, d->genesis.people, d->genesis.admin_count + d->genesis.auditor_count,
	                    &d->signed_by);
	return r == -ENOKEY ? 0 : r;
}

static int load(struct draft *d, const char *genesis, const char *path)
{
	d->path = path;
	int r = load_genesis(genesis, &d->genesis);
	if (r == 0)
		r = read_file(path, &d->bytes);
	if (r < 0)
		return r;
	r = find_signers(d);
	if (r == 0)
		r = statement_parse_text(d->text, &d->statement);
	if (r < 0)
		command_fail("%s is no statement, or one of its signatures does not verify", path);
	else if (strcmp(d->statement.fleet, d->genesis.fleet) != 0)
		r = command_fail("%s is for fleet %s, and the genesis statement is that of %s", path,
		                 d->statement.fleet, d->genesis.fleet);
	return r == 0 ? 0 : -EBADMSG;
}

static int print(const struct draft *d)
{
	cleanup_buf struct buf words = { 0 };
	int r = statement_words_put(&words, &d->statement);
	if (r == 0)
		statement_words_put_signers(&words, &d->statement, &d->genesis, d->signed_by);
	if (r == 0)
		r = buf_err(&words);
	if (r == 0)
		printf("%.*s", (int)words.len, (const char *)words.data);
	else
		command_fail("%s is of a kind that this version can't put into words", d->path);
	return r;
}

int fleet_show(int argc, char **argv)
{
	const char *arguments[2];
	const struct usage usage = {
		"swornlog fleet show",
		"GENESIS FILE",
		"Says in plain words what a statement means, and who has signed it.",
		NULL,
		0,
		2,
		2,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, arguments, &count, &status))
		return status;
	cleanup(draft_done) struct draft d = { 0 };
	if (load(&d, arguments[0], arguments[1]) < 0 || print(&d) < 0)
		return COMMAND_FAILED;
	return COMMAND_OK;
}

static bool agrees(void)
{
	char answer[8] = "";
	printf("Sign it? Type yes: ");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && strcmp(answer, "yes\n") == 0;
}

static bool may_sign(const struct draft *d, const struct signer *s)
{
	for (size_t i = 0; i < d->genesis.admin_count + d->genesis.auditor_count; i++) {
		if (!key_equal(&d->genesis.people[i], &s->key))
			continue;
		if (!(d->signed_by >> i & 1))
			return true;
		command_fail("%s has signed it already", s->key.name);
		return false;
	}
	command_fail("%s is nobody's key whom the genesis statement names", s->key.name);
	return false;
}

static int sign(struct draft *d, const struct signer *s, bool yes)
{
	if (!may_sign(d, s) || print(d) < 0)
		return COMMAND_FAILED;
	if (!yes && !agrees())
		return command_fail("not signed");
	cleanup_buf struct buf whole = { 0 };
	buf_put(&whole, d->bytes.data, d->bytes.len);
	int r = note_put_signature(&whole, d->text, s);
	if (r < 0)
		return command_fail("it can't be signed: %s", strerror(-r));
	int status = output_file(d->path, buf_span(&whole));
	if (status == COMMAND_OK)
		printf("signed by %s\n", s->key.name);
	return status;
}

int fleet_sign(int argc, char **argv)
{
	const char *arguments[2], *key = NULL;
	bool yes = false;
	const struct option_row options[] = {
		{ "key", OPTION_TEXT, &key, "FILE", "the signer's key", .required = true },
		{ "yes", OPTION_FLAG, &yes, NULL, .help = "don't ask" },
	};
	const struct usage usage = {
		"swornlog fleet sign",
		"GENESIS FILE",
		"Says in plain words what a statement means, asks, and adds one person's signature to the "
		"file.\n"
		"What can't be said is not signed. Needs no network: each signer can do it where the key is.",
		options,
		ARRAY_SIZE(options),
		2,
		2,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, arguments, &count, &status))
		return status;
	cleanup(draft_done) struct draft d = { 0 };
	struct signer *signer;
	char error[256];
	if (load(&d, arguments[0], arguments[1]) < 0)
		return COMMAND_FAILED;
	if (key_file_read_signer("the signer's key", key, &signer, error, sizeof(error)) < 0)
		return command_fail("%s", error);
	status = sign(&d, signer, yes);
	key_file_free(signer);
	return status;
}

int fleet_statement_submit(const struct buf *statement, const char *control)
{
	cleanup_buf struct buf question = { 0 }, answer = { 0 }, shown = { 0 };
	buf_printf(&question, "statement %zu\n", statement->len);
	buf_put(&question, statement->data, statement->len);
	int r = buf_err(&question);
	if (r == 0)
		r = control_ask(control, buf_span(&question), ANSWER_SECONDS, &answer);
	if (r == -EAGAIN)
		return command_fail("the sink did not answer on %s in time", control);
	if (r < 0)
		return command_fail("the sink can't be asked on %s: %s", control, strerror(-r));
	struct span rest;
	struct span word = text_split(buf_span(&answer), ' ', &rest);
	uint64_t index;
	if (span_is(word, "ok") && text_decimal(rest, &index) == 0) {
		printf("taken up as entry %ju of the fleet log\n", (uintmax_t)index);
		return COMMAND_OK;
	}
	text_put_escaped(&shown, span_is(word, "error") ? rest : buf_span(&answer));
	return command_fail("the sink refused it: %.*s", (int)shown.len, (const char *)shown.data);
}

int fleet_submit(int argc, char **argv)
{
	const char *path, *control = NULL;
	const struct option_row options[] = {
		{ "control", OPTION_TEXT, &control, "SOCKET", "the sink's control socket", .required = true },
	};
	const struct usage usage = {
		"swornlog fleet submit",
		"FILE",
		"On the sink's machine, as root or as the sink's user: puts a signed statement into the "
		"fleet "
		"log.",
		options,
		ARRAY_SIZE(options),
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &path, &count, &status))
		return status;
	cleanup_buf struct buf statement = { 0 };
	if (read_file(path, &statement) < 0)
		return COMMAND_FAILED;
	return fleet_statement_submit(&statement, control);
}
