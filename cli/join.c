#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/join_check.h"
#include "cli/join_files.h"
#include "cli/options.h"
#include "evidence/error_text.h"
#include "evidence/request.h"
#include "lib/certify.h"
#include "lib/file.h"
#include "lib/https.h"
#include "lib/text.h"

#define FIRST_PAUSE_S 1
#define LAST_PAUSE_S  30
#define ERROR_BYTES   512
#define SHOWN_BYTES   300

struct join {
	struct buf text; /* of the token */
	struct token token;
	const char *host;
	struct join_place place;
	struct signer identity;
	EVP_PKEY *key;
	struct buf request, answer;
	struct https *https;
	char url[HTTPS_URL_MAX + 1];
};

static void join_done(struct join *j)
{
	https_free(j->https);
	EVP_PKEY_free(j->key);
	signer_wipe(&j->identity);
	token_wipe(&j->token);
	buf_wipe(&j->text);
	buf_done(&j->text);
	buf_wipe(&j->request);
	buf_done(&j->request);
	buf_done(&j->answer);
	join_place_done(&j->place);
}

static int read_token(struct join *j, const char *path)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077)) {
		command_fail("%s is open to others, and who reads it can join; run: chmod 600 %s", path,
		             path);
		return -EPERM;
	}
	int r = file_read(env_system(), AT_FDCWD, path, TOKEN_MAX_BYTES, &j->text);
	if (r < 0) {
		command_fail("%s can't be read: %s", path, strerror(-r));
		return r;
	}
	r = token_parse((struct span){ j->text.data, j->text.len }, &j->token);
	if (r < 0)
		command_fail("%s is no valid join token", path);
	return r;
}

static int make_request(struct join *j)
{
	int r = join_keys(&j->place, j->token.fleet, j->host, &j->identity, &j->key);
	if (r < 0)
		return r;
	r = request_put(&j->request, j->token.fleet, j->host, &j->identity, j->key, &j->token.secret);
	if (r < 0)
		command_fail("the request could not be made: %s", strerror(-r));
	return r;
}

static int open_client(struct join *j)
{
	char error[ERROR_BYTES] = "out of memory", uri[TLS_URI_MAX + 1];
	size_t n = strlen(j->token.registrar);
	while (n > 0 && j->token.registrar[n - 1] == '/')
		n--;
	snprintf(j->url, sizeof(j->url), "%.*s/v1/join", (int)n, j->token.registrar);
	snprintf(uri, sizeof(uri), "swornlog://%s/registrar", j->token.fleet);
	struct https_options o = { .uri = uri, .ca_hash = &j->token.ca, .answer_max = GRANT_MAX_BYTES };
	int r = https_new(&o, &j->https, error, sizeof(error));
	if (r < 0)
		command_fail("%s", error);
	return r;
}

/* The status, or 0 without an answer. `said` gets what to show. */
static int ask(struct join *j, char said[ERROR_BYTES])
{
	uint64_t retry_after_s;
	struct span word, sentence;
	cleanup_buf struct buf shown = { 0 };
	struct https_request q = { .url = j->url,
		                   .content_type = "text/plain",
		                   .body = { j->request.data, j->request.len } };
	buf_reset(&j->answer);
	int status = https_post(j->https, &q, &j->answer, &retry_after_s, said, ERROR_BYTES);
	if (status == 200 || status < 0)
		return MAX(status, 0);
	error_text_parse((struct span){ j->answer.data, j->answer.len }, &word, &sentence);
	text_put_escaped(&shown, (struct span){ sentence.data, MIN(sentence.len, (size_t)SHOWN_BYTES) });
	snprintf(said, ERROR_BYTES, "%.*s", (int)shown.len, shown.len ? (const char *)shown.data : "");
	if (!*said)
		snprintf(said, ERROR_BYTES, "it answers with status %d", status);
	return status;
}

/* Ask until there is an answer that asking again would not change. */
static int ask_for_long(struct join *j, uint64_t wait_s)
{
	char said[ERROR_BYTES] = "";
	uint64_t end_us = env_now_us() + wait_s * 1000000;
	for (unsigned pause_s = FIRST_PAUSE_S;; pause_s = MIN(2 * pause_s, LAST_PAUSE_S)) {
		int status = ask(j, said);
		bool later = status == 0 || status == 202 || status == 503;
		if (status == 200)
			return 0;
		if (!later) {
			command_fail("the registrar refuses: %s", said);
			return -EPERM;
		}
		if (env_now_us() + (uint64_t)pause_s * 1000000 > end_us) {
			command_fail("%s\nThe keys are kept: run the same command again.", said);
			return -EAGAIN;
		}
		nanosleep(&(struct timespec){ .tv_sec = pause_s }, NULL);
	}
}

static int take(struct join *j)
{
	struct grant g;
	struct join_asked asked = { .token = &j->token, .host = j->host, .identity = &j->identity.key };
	int r = certificate_key_spki(j->key, &asked.certificate);
	if (r < 0)
		return r;
	const char *fault = grant_parse((struct span){ j->answer.data, j->answer.len }, &g) < 0
	                            ? "its answer is malformed"
	                            : join_check(&asked, &g);
	if (fault) {
		command_fail("what the registrar at %s grants is not taken: %s", j->token.registrar, fault);
		return -EBADMSG;
	}
	return join_write(&j->place, &j->token, j->host, &g);
}

static int join(struct join *j, const char *token, const char *etc, const char *state, uint64_t wait_s)
{
	int r = read_token(j, token);
	if (r == 0)
		r = join_place_open(etc, state, &j->place);
	if (r == 0)
		r = make_request(j);
	if (r == 0)
		r = open_client(j);
	if (r == 0)
		r = ask_for_long(j, wait_s);
	return r < 0 ? r : take(j);
}

/* Host names may have what labels have not. */
static bool own_name(char ret[LABEL_MAX + 1])
{
	char name[HOST_NAME_MAX + 1] = "";
	if (gethostname(name, sizeof(name) - 1) < 0)
		return false;
	for (char *p = name; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	struct span s = { (const uint8_t *)name, strlen(name) };
	if (!label_ok(s))
		return false;
	memcpy(ret, name, s.len + 1);
	return true;
}

static int usage_ok(const char *host)
{
	if (label_ok(span_str(host)))
		return 0;
	command_fail("'%s' can't be a host's name: 1 to %d of a-z, 0-9, '.' and '-'; say --host NAME", host,
	             LABEL_MAX);
	return -EINVAL;
}

int cmd_join(int argc, char **argv)
{
	char own[LABEL_MAX + 1] = "";
	const char *token = NULL, *host = own_name(own) ? own : "", *etc = "/etc/swornlog",
	           *state = "/var/lib/swornlog/sealer", *argument;
	uint64_t wait_s = 60;
	const struct option_row options[] = {
		{ "token", OPTION_TEXT, &token, "FILE", "the join token, in a file of mode 0600",
		  .required = true },
		{ "host", OPTION_TEXT, &host, "NAME",
		  .help = "this host's name in the fleet (its host name)" },
		{ "etc", OPTION_TEXT, &etc, "DIR", .help = "where the agent's files go (/etc/swornlog)" },
		{ "state", OPTION_TEXT, &state, "DIR",
		  .help = "the sealer's folder (/var/lib/swornlog/sealer)" },
		{ "wait", OPTION_UINT, &wait_s, "SECONDS", "how long to try (60)", .max = 86400 },
	};
	const struct usage usage = {
		"swornlog join",
		"",
		"On a new host: makes its keys, joins the fleet that the token names, and puts what the "
		"agent\n"
		"needs where it looks for it. The token alone is trusted; all else is checked against it.",
		options,
		ARRAY_SIZE(options),
		0,
		0,
	};
	size_t count;
	int status;
	if (!options_parse(&usage, argc, argv, &argument, &count, &status))
		return status;
	if (usage_ok(host) < 0)
		return COMMAND_USAGE;
	umask(022);
	cleanup(join_done) struct join j = { .host = host, .place = { .etc_fd = -1, .state_fd = -1 } };
	if (join(&j, token, etc, state, wait_s) < 0)
		return COMMAND_FAILED;
	printf("%s has joined fleet %s; its files are in %s.\n"
	       "Start the agent: systemctl enable --now swornlog-agent.target. The token can be removed.\n",
	       host, j.token.fleet, etc);
	return COMMAND_OK;
}
