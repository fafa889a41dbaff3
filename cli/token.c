#include <fcntl.h>
#include <stdio.h>

#include "cli/approval.h"
#include "cli/command.h"
#include "cli/folder.h"
#include "cli/options.h"
#include "evidence/token.h"
#include "lib/address_range.h"
#include "lib/certificate.h"
#include "lib/file.h"
#include "lib/text.h"

#define HOURS_MAX    (10 * 366 * 24)
#define POLICY_BYTES 65536
#define FILE_BYTES   (64 + sizeof(".token"))

struct minting {
	struct fleet_folder fleet;
	struct token token;
	struct statement terms;
	struct buf checkpoint, policy, ranges, statement;
	bool signed_by_enough;
};

static void minting_done(struct minting *m)
{
	fleet_folder_done(&m->fleet);
	token_wipe(&m->token);
	buf_done(&m->checkpoint);
	buf_done(&m->policy);
	buf_done(&m->ranges);
	buf_done(&m->statement);
}

struct wishes {
	const char *fleet_dir, *out, *registrar, *sink, *checkpoint, *policy, *hosts;
	uint64_t count, hours;
	struct option_list from;
};

static int read_file(const char *path, size_t max, struct buf *ret)
{
	int r = file_read(env_system(), AT_FDCWD, path, max, ret);
	if (r < 0)
		command_fail("%s can't be read: %s", path, strerror(-r));
	return r;
}

static int take_checkpoint(struct minting *m, const char *path)
{
	struct checkpoint cp;
	int r = read_file(path, NOTE_MAX_BYTES, &m->checkpoint);
	if (r < 0)
		return r;
	m->token.checkpoint = buf_span(&m->checkpoint);
	r = checkpoint_verify_fleet(m->token.checkpoint, &m->token.log, false, &cp);
	if (r < 0)
		command_fail("%s is no checkpoint by the key of the fleet's log; the sink's is in its store, "
		             "fleet/checkpoint",
		             path);
	return r;
}

static int take_policy(struct minting *m, const char *path)
{
	if (!path)
		return 0;
	int r = read_file(path, POLICY_BYTES, &m->policy);
	if (r < 0)
		return r;
	m->token.has_policy = true;
	sha256(m->policy.data, m->policy.len, &m->token.policy);
	return 0;
}

static int fill_token(struct minting *m, const struct wishes *w)
{
	struct token *t = &m->token;
	const struct genesis *g = &m->fleet.genesis;
	memcpy(t->fleet, g->fleet, sizeof(t->fleet));
	snprintf(t->registrar, sizeof(t->registrar), "%s", w->registrar);
	snprintf(t->sink, sizeof(t->sink), "%s", w->sink);
	t->log = g->log;
	sha256(m->fleet.genesis_bytes.data, m->fleet.genesis_bytes.len, &t->genesis);
	int r = certificate_hash(m->fleet.ca, &t->ca);
	if (r == 0)
		r = take_checkpoint(m, w->checkpoint);
	if (r == 0)
		r = take_policy(m, w->policy);
	return r < 0 ? r : token_secret_generate(env_system(), &t->secret);
}

static int fill_terms(struct minting *m, const struct wishes *w)
{
	struct statement *s = &m->terms;
	*s = (struct statement){ .kind = STATEMENT_TOKEN, .count = w->count };
	memcpy(s->fleet, m->fleet.genesis.fleet, sizeof(s->fleet));
	s->time_s = env_system()->wall_us(env_system()) / 1000000;
	s->until_s = s->time_s + w->hours * 3600;
	token_hash(&m->token.secret, &s->token);
	snprintf(s->hosts, sizeof(s->hosts), "%s", w->hosts);
	for (size_t i = 0; i < w->from.count; i++)
		buf_printf(&m->ranges, "from %s\n", w->from.item[i]);
	s->from = buf_span(&m->ranges);
	return buf_err(&m->ranges);
}

static int sign_terms(struct minting *m)
{
	cleanup_buf struct buf text = { 0 };
	const struct signer *signers[STATEMENT_MAX_PEOPLE];
	struct statement again;
	for (size_t i = 0; i < m->fleet.signer_count; i++)
		signers[i] = &m->fleet.signers[i];
	statement_put_text(&text, &m->terms);
	int r = buf_err(&text);
	if (r == 0 && statement_parse_text(buf_span(&text), &again) < 0) {
		command_fail("the token's statement would not be valid: look at --hosts");
		return -EINVAL;
	}
	if (r == 0)
		r = note_put(&m->statement, buf_span(&text), signers, m->fleet.signer_count);
	if (r == 0)
		m->signed_by_enough =
		        statement_parse(buf_span(&m->statement), &m->fleet.genesis, &again) == 0;
	return r;
}

static int write_out(const struct minting *m, const char *dir, char ret_name[FILE_BYTES])
{
	cleanup_folder struct folder folder = { .fd = -1 };
	cleanup_buf struct buf hex = { 0 };
	struct buf text = { 0 };
	text_put_hex(&hex, m->terms.token.b, sizeof(m->terms.token.b));
	snprintf(ret_name, FILE_BYTES, "%.64s.token", hex.len ? (const char *)hex.data : "");
	token_put(&text, &m->token);
	int r = buf_err(&text);
	if (r == 0)
		r = folder_open(&folder, dir);
	if (r == 0)
		r = folder_add(&folder, "token", buf_span(&text), 0600);
	if (r == 0)
		r = folder_add(&folder, ret_name, buf_span(&m->statement), 0644);
	if (r == 0)
		r = folder_commit(&folder);
	buf_wipe(&text);
	buf_done(&text);
	return r;
}

static void tell(const struct minting *m, const char *dir, const char *name)
{
	struct need need = genesis_need(&m->fleet.genesis, STATEMENT_TOKEN);
	printf("%s/token is for the host: who reads it can join. There: swornlog join --token FILE\n"
	       "%s/%s\n"
	       "  is its statement: copy it to the registrar, into /var/lib/swornlog-registrar/tokens\n",
	       dir, dir, name);
	if (!m->signed_by_enough)
		printf("  It takes the signatures of %ju administrator(s) and %ju auditor(s), and does not "
		       "have "
		       "them yet;\n  each adds one where the key is: swornlog fleet sign\n",
		       (uintmax_t)need.admins, (uintmax_t)need.auditors);
}

static int mint(struct minting *m, const struct wishes *w)
{
	char name[FILE_BYTES];
	int r = fleet_folder_load(w->fleet_dir, false, &m->fleet);
	if (r < 0)
		return r;
	if (!m->fleet.genesis.has_registrar) {
		command_fail("the fleet has no registrar: its genesis statement names no key of one");
		return -ENOKEY;
	}
	r = fill_token(m, w);
	if (r == 0)
		r = fill_terms(m, w);
	if (r == 0)
		r = sign_terms(m);
	if (r == 0)
		r = write_out(m, w->out, name);
	if (r == 0)
		tell(m, w->out, name);
	return r;
}

static bool wishes_ok(const struct wishes *w)
{
	struct address_range range;
	if (!token_url_ok(w->registrar) || !token_url_ok(w->sink)) {
		command_fail("--registrar and --sink are addresses of the form https://HOST:PORT");
		return false;
	}
	for (size_t i = 0; i < w->from.count; i++) {
		const char *s = w->from.item[i];
		if (address_range_parse(span_str(s), &range) < 0) {
			command_fail("--from: '%s' is no range like 192.0.2.0/24 or 2001:db8::/32", s);
			return false;
		}
	}
	if (w->from.count <= LINE_RANGES_MAX && strlen(w->hosts) <= LINE_PATTERN_MAX)
		return true;
	command_fail("at most %d ranges, and %d bytes for the hosts", LINE_RANGES_MAX, LINE_PATTERN_MAX);
	return false;
}

static int token_new(int argc, char **argv)
{
	struct wishes w = { .count = 1, .hours = 24 };
	const struct option_row options[] = {
		{ "registrar", OPTION_TEXT, &w.registrar, "URL", "where hosts join", .required = true },
		{ "sink", OPTION_TEXT, &w.sink, "URL", "where they ship to then", .required = true },
		{ "checkpoint", OPTION_TEXT, &w.checkpoint, "FILE",
		  "a checkpoint of the fleet's log: fleet/checkpoint in the store", .required = true },
		{ "hosts", OPTION_TEXT, &w.hosts, "PATTERN", "who may join: a name, or with * (web-*)",
		  .required = true },
		{ "out", OPTION_TEXT, &w.out, "DIR", "where the token and its statement go",
		  .required = true },
		{ "count", OPTION_UINT, &w.count, "N", "how many hosts (1)", .min = 1, .max = 1000000 },
		{ "hours", OPTION_UINT, &w.hours, "N", "how long (24)", .min = 1, .max = HOURS_MAX },
		{ "from", OPTION_LIST, &w.from, "RANGE",
		  .help = "only from these addresses (192.0.2.0/24); repeatable" },
		{ "policy", OPTION_TEXT, &w.policy, "FILE",
		  .help = "the fleet's witness policy, to be pinned" },
	};
	const struct usage usage = {
		"swornlog token new",
		"FLEETDIR",
		"Makes a join token, and the statement that lets the registrar take it, signed with the "
		"people's\n"
		"keys in FLEETDIR.",
		options,
		ARRAY_SIZE(options),
		1,
		1,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &w.fleet_dir, &count, &status))
		return status;
	if (!wishes_ok(&w))
		return COMMAND_USAGE;
	cleanup(minting_done) struct minting m = { 0 };
	return mint(&m, &w) < 0 ? COMMAND_FAILED : COMMAND_OK;
}

int cmd_token(int argc, char **argv)
{
	static const struct command COMMANDS[] = {
		{ "new", "where the fleet's keys are: make a token and its statement", token_new },
	};
	return command_run("swornlog token", COMMANDS, ARRAY_SIZE(COMMANDS), argc, argv);
}
