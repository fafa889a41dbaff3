/* `swornlog fleet host` and `log-key`: what a statement has to name. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/fleet_statement.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "evidence/genesis.h"
#include "evidence/key_file.h"
#include "lib/control.h"
#include "lib/text.h"

#define ANSWER_SECONDS 60

/* The words of the sink's answer, as statements have them. */
static int print_host(struct span answer)
{
	struct span rest, head;
	cleanup_buf struct buf shown = { 0 };
	struct span identity = text_split(answer, ' ', &rest);
	struct span certificate = text_split(rest, ' ', &rest);
	(void)text_split(rest, ' ', &rest); /* the newest head that is known, announced ones too */
	(void)text_split(rest, ' ', &rest);
	struct span state = text_split(rest, ' ', &head);
	if (!head.data)
		return command_fail("the sink's answer is not of this version");
	buf_put_str(&shown, "identity     ");
	text_put_escaped(&shown, identity);
	buf_put_str(&shown, "\ncertificate  ");
	text_put_escaped(&shown, certificate);
	buf_put_str(&shown, "\nhead         ");
	text_put_escaped(&shown, head);
	buf_put_str(&shown, "\nstate        ");
	text_put_escaped(&shown, state);
	printf("%.*s\n", (int)shown.len, (const char *)shown.data);
	return COMMAND_OK;
}

int fleet_host(int argc, char **argv)
{
	const char *host, *control = NULL;
	const struct option_row options[] = {
		{ "control", OPTION_TEXT, &control, "SOCKET", "the sink's control socket", .required = true },
	};
	const struct usage usage = {
		"swornlog fleet host",
		"NAME",
		"On the sink's machine, as root or as the sink's user: what the sink knows of a host, in the "
		"words\n"
		"that statements about it take: identity key, hash of its TLS key, newest committed head.",
		options,
		ARRAY_SIZE(options),
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &host, &count, &status))
		return status;
	if (!command_label_ok("host", host))
		return COMMAND_USAGE;
	cleanup_buf struct buf question = { 0 }, answer = { 0 };
	buf_printf(&question, "host %s\n", host);
	int r = control_ask(control, buf_span(&question), ANSWER_SECONDS, &answer);
	if (r < 0)
		return command_fail("the sink can't be asked on %s: %s", control, strerror(-r));
	struct span rest;
	struct span word = text_split(buf_span(&answer), ' ', &rest);
	if (!span_is(word, "host"))
		return command_fail("the sink knows no host %s", host);
	return print_host(rest);
}

/* What statements say of a key. */
static int print_log_key(const struct key *k)
{
	struct hash h;
	cleanup_buf struct buf shown = { 0 };
	log_key_hash(&k->pub, &h);
	buf_put_str(&shown, "log   ");
	key_put(&shown, k);
	buf_put_str(&shown, "\nnext  ");
	text_put_hex(&shown, h.b, sizeof(h.b));
	if (buf_err(&shown))
		return buf_err(&shown);
	printf("%.*s\n", (int)shown.len, (const char *)shown.data);
	return 0;
}

static int make_key(struct folder *folder, const char *file, const char *fleet)
{
	char name[KEY_NAME_MAX + 1];
	struct signer s;
	struct buf secret = { 0 };
	fleet_log_name(fleet, name);
	int r = signer_generate(env_system(), name, &s);
	if (r < 0)
		return r;
	signer_put(&secret, &s);
	buf_put_u8(&secret, '\n');
	r = buf_err(&secret);
	if (r == 0)
		r = folder_add(folder, file, buf_span(&secret), 0600);
	if (r == 0)
		r = folder_commit(folder);
	if (r == 0)
		r = print_log_key(&s.key);
	buf_wipe(&secret);
	buf_done(&secret);
	signer_wipe(&s);
	return r;
}

static int log_key_show(int argc, char **argv)
{
	const char *path;
	char error[256];
	struct signer *s;
	const struct usage usage = {
		"swornlog fleet log-key show",
		"FILE",
		"What statements say of a key in a file: its vkey, and its hash.",
		NULL,
		0,
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &path, &count, &status))
		return status;
	if (key_file_read_signer("the key", path, &s, error, sizeof(error)) < 0)
		return command_fail("%s", error);
	int r = print_log_key(&s->key);
	key_file_free(s);
	return r < 0 ? COMMAND_FAILED : COMMAND_OK;
}

static int log_key_next(int argc, char **argv)
{
	const char *dir, *fleet = NULL, *file = "fleet-log-next.key";
	const struct option_row options[] = {
		{ "fleet", OPTION_TEXT, &fleet, "NAME", "the fleet's name", .required = true },
		{ "file", OPTION_TEXT, &file, "NAME", .help = "the file's name (fleet-log-next.key)" },
	};
	const struct usage usage = {
		"swornlog fleet log-key next",
		"DIR",
		"Makes a key for the fleet's log to follow on another, and tells its hash: by that a "
		"statement of\n"
		"kind log-key, or the genesis statement, commits to it long before it is used. Keep it away "
		"from\n"
		"the sink until then.",
		options,
		ARRAY_SIZE(options),
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &dir, &count, &status))
		return status;
	if (!command_label_ok("fleet", fleet))
		return COMMAND_USAGE;
	cleanup_folder struct folder folder = { .fd = -1 };
	int r = folder_open(&folder, dir);
	if (r == 0)
		r = make_key(&folder, file, fleet);
	return r < 0 ? COMMAND_FAILED : COMMAND_OK;
}

int fleet_log_key(int argc, char **argv)
{
	static const struct command COMMANDS[] = {
		{ "next", "make the key that will follow, and tell its hash", log_key_next },
		{ "show", "tell vkey and hash of a key in a file", log_key_show },
	};
	return command_run("swornlog fleet log-key", COMMANDS, ARRAY_SIZE(COMMANDS), argc, argv);
}
