#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "evidence/key_file.h"
#include "lib/account.h"
#include "lib/boot_id.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/tls.h"
#include "sink/control.h"
#include "sink/options.h"
#include "sink/restore.h"
#include "sink/server.h"

#define DEFAULT_CONFIG "/etc/swornlog/sink.yaml"
#define ERROR_BYTES    1024

enum { EXIT_USAGE = 2 };

/* Everything that main owns, so that it is given back in one place. */
struct sink {
	struct options options;
	struct worker worker;
	struct signer *signer, *next_signer;
	struct buf genesis;
	struct key log; /* that the genesis statement names, under the name of the store's generation */
	struct policy *policy;
	struct witnesses *witnesses;
	struct core *core;
	SSL_CTX *tls;
	struct server *server;
	struct control *control;
};

static void sink_done(struct sink *s)
{
	control_free(s->control);
	server_free(s->server);
	if (!s->server)
		worker_stop(&s->worker);
	core_free(s->core);
	witnesses_free(s->witnesses);
	policy_free(s->policy);
	SSL_CTX_free(s->tls);
	key_file_free(s->signer);
	key_file_free(s->next_signer);
	buf_done(&s->genesis);
	options_done(&s->options);
}

static int read_genesis(struct sink *s, char *error, size_t error_size)
{
	int r = file_read(env_system(), AT_FDCWD, s->options.genesis, STATEMENT_MAX_BYTES, &s->genesis);
	if (r < 0)
		snprintf(error, error_size, "the genesis statement %s can't be read: %s", s->options.genesis,
		         strerror(-r));
	if (r < 0)
		return r;
	struct genesis g;
	r = genesis_parse((struct span){ s->genesis.data, s->genesis.len }, &g);
	if (r < 0)
		snprintf(error, error_size, "the genesis statement %s does not verify", s->options.genesis);
	else
		s->log = g.log;
	return r < 0 ? r : restore_current_key(env_system(), s->options.store, &s->log);
}

static int read_policy(struct sink *s, char *error, size_t error_size)
{
	cleanup_buf struct buf text = { 0 };
	char why[200];
	int r = file_read(env_system(), AT_FDCWD, s->options.policy, POLICY_MAX_BYTES, &text);
	if (r < 0)
		snprintf(why, sizeof(why), "%s", strerror(-r));
	else
		r = policy_parse((struct span){ text.data, text.len }, &s->policy, why, sizeof(why));
	if (r == 0 && !policy_lists(s->policy, &s->log)) {
		snprintf(why, sizeof(why), "it is for other logs, and does not name this one");
		r = -EINVAL;
	}
	if (r < 0)
		snprintf(error, error_size, "the policy %s can't be used: %s", s->options.policy, why);
	return r;
}

/* While there is nothing yet that its process should not have. */
static int start_witnesses(struct sink *s, char *error, size_t error_size)
{
	const struct options *o = &s->options;
	if (!o->policy)
		return 0;
	struct witnesses_options w = {
		.patience_us = o->witness_patience_s * 1000000,
		.start_without = o->start_without_witnesses,
		.http = { .certificate = o->witness_certificate ? o->witness_certificate : o->certificate,
		          .key = o->witness_key ? o->witness_key : o->key,
		          .ca = o->witness_ca ? o->witness_ca : o->ca,
		          .timeout_s = o->witness_timeout_s,
		          .origin = s->log.name },
	};
	int r = read_policy(s, error, error_size);
	if (r < 0)
		return r;
	r = witnesses_start(&w, s->policy, &s->log, &s->witnesses);
	if (r < 0)
		snprintf(error, error_size, "can't start the process that talks with witnesses: %s",
		         strerror(-r));
	return r;
}

static int open_core(struct sink *s, char *error, size_t error_size)
{
	struct core_options o = {
		.store = s->options.store,
		.min_free_bytes = s->options.min_free_mib << 20,
		.journal_max_bytes = s->options.journal_max_mib << 20,
		.silent_after_us = s->options.silent_after_s * 1000000,
		.at_rest = (enum at_rest)s->options.at_rest,
		.genesis = { s->genesis.data, s->genesis.len },
		.signer = s->signer,
		.next_signer = s->next_signer,
	};
	return core_open(env_system(), &o, &s->core, error, error_size);
}

/* The first signature, after the witnesses' word: -ESTALE if they forbid it. */
static int begin(struct sink *s, char *error, size_t error_size)
{
	/* A verifier compares the boot id with those in the hosts' seals: a sink on an audited host is said.
	 */
	uint8_t boot_id[BOOT_ID_BYTES];
	cleanup_buf struct buf detail = { 0 };
	enum witnesses_verdict v = WITNESSES_FINE;
	buf_put_str(&detail, "version=" SWORNLOG_VERSION);
	if (boot_id_read(boot_id) == 0) {
		buf_put_str(&detail, " boot=");
		text_put_hex(&detail, boot_id, sizeof(boot_id));
	}
	if (s->witnesses) {
		buf_put_u8(&detail, ' ');
		int r = witnesses_ask(s->witnesses, s->core, &v, &detail, error, error_size);
		if (r < 0)
			return r;
	}
	if (v != WITNESSES_FINE)
		return v == WITNESSES_TOO_FEW ? -EAGAIN : -ESTALE;
	return core_begin(s->core, (struct span){ detail.data, detail.len }, error, error_size);
}

static int open_server(struct sink *s, char *error, size_t error_size)
{
	struct server_options o = {
		.listen = s->options.listen,
		.commit_interval_ms = s->options.commit_interval_ms,
		.publish_interval_ms = s->options.publish_interval_ms,
		.max_connections = s->options.max_connections,
		.witnesses = s->witnesses,
	};
	int r = server_open(&o, s->core, s->tls, &s->worker, &s->server, error, error_size);
	/* What happened to the server happened to its worker. */
	if (r < 0) {
		s->worker = (struct worker){ 0 };
		return r;
	}
	r = control_open(s->server, s->options.control, account_uid(s->options.registrar_user), &s->control);
	if (r < 0)
		snprintf(error, error_size, "can't listen at %s: %s", s->options.control, strerror(-r));
	return r;
}

static int start(struct sink *s, char *error, size_t error_size)
{
	struct tls_files files = { s->options.certificate, s->options.key, s->options.ca };
	/* The worker first, while there is nothing that it should not have. */
	int r = worker_start(s->options.store, (enum at_rest)s->options.at_rest, &s->worker);
	if (r < 0) {
		snprintf(error, error_size, "can't start the process that makes segments: %s", strerror(-r));
		return r;
	}
	r = read_genesis(s, error, error_size);
	if (r == 0)
		r = start_witnesses(s, error, error_size);
	if (r == 0)
		r = key_file_read_signer("the fleet log's key", s->options.log_key, &s->signer, error,
		                         error_size);
	if (r == 0 && s->options.log_next_key)
		r = key_file_read_signer("the fleet log's next key", s->options.log_next_key, &s->next_signer,
		                         error, error_size);
	if (r == 0)
		r = tls_server_new(&files, &s->tls, error, error_size);
	if (r == 0)
		r = open_core(s, error, error_size);
	if (r == 0 && strcmp(s->log.name, s->core->log_key.name) != 0) {
		snprintf(error, error_size, "fleet/checkpoint in the store does not bear the log's name");
		r = -EBADMSG;
	}
	if (r == 0)
		r = begin(s, error, error_size);
	return r < 0 ? r : open_server(s, error, error_size);
}

/* The new name of the log's key, which witnesses and policies have to learn by hand. */
static void tell_restored(const struct core *c)
{
	cleanup_buf struct buf vkey = { 0 };
	key_put(&vkey, &c->log_key);
	if (buf_err(&vkey))
		return;
	fprintf(stderr,
	        "Generation %llu of the fleet log begins at entry %llu. Give this key to the witnesses and "
	        "put it into\n"
	        "the policies (docs/recovery.md); then start the sink. The hosts refill what they still "
	        "have.\n",
	        (unsigned long long)c->generation, (unsigned long long)c->log.frontier.size - 1);
	printf("%.*s\n", (int)vkey.len, (const char *)vkey.data);
}

static int restore(struct sink *s, uint64_t generation, char *error, size_t error_size)
{
	int r = read_genesis(s, error, error_size);
	if (r == 0)
		r = key_file_read_signer("the fleet log's key", s->options.log_key, &s->signer, error,
		                         error_size);
	if (r == 0)
		r = open_core(s, error, error_size);
	if (r == 0)
		r = restore_begin(s->core, generation, error, error_size);
	if (r == 0)
		tell_restored(s->core);
	return r;
}

static int run(const char *config, uint64_t restoring)
{
	cleanup(sink_done) struct sink s = { 0 };
	char error[ERROR_BYTES] = "";
	int r = options_load(config, &s.options, error, sizeof(error));
	if (r < 0) {
		log_error("%s", *error ? error : strerror(-r));
		return EXIT_USAGE;
	}
	r = restoring ? restore(&s, restoring, error, sizeof(error)) : start(&s, error, sizeof(error));
	if (r < 0) {
		log_error("%s", *error ? error : strerror(-r));
		return r == -ESTALE ? EXIT_STALE : EXIT_FAILURE;
	}
	if (restoring)
		return EXIT_SUCCESS;
	int status = server_run(s.server);
	if (status != 0)
		return status;
	r = core_stop(s.core);
	if (r == 0 && s.witnesses)
		r = witnesses_finish(s.witnesses, s.core);
	if (r < 0)
		log_error("the last commit failed: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void usage(FILE *to)
{
	fprintf(to,
	        "usage: swornlog-sink [--config FILE]\n"
	        "       swornlog-sink [--config FILE] restore [--generation N]\n"
	        "Takes the logs of enrolled hosts, appends and nothing else.\n"
	        "restore: the store is an older copy that was put back; says so in the fleet log, which goes "
	        "on under\n"
	        "another name, prints the key of that name, and ends.\n"
	        "  --config FILE   default %s\n"
	        "  --generation N  number of the new name, above all that were ever used (default: the "
	        "copy's + 1)\n"
	        "  --help          say this and end\n"
	        "  --version       say the version and end\n",
	        DEFAULT_CONFIG);
}

/* What stands behind the options: nothing, or "restore". */
static bool parse_restore(char **words, const char *generation, uint64_t *ret)
{
	if (!words[0])
		return !generation;
	*ret = RESTORE_NEXT;
	if (strcmp(words[0], "restore") != 0 || words[1])
		return false;
	return !generation ||
	       (text_decimal(span_str(generation), ret) == 0 && *ret > 1 && *ret <= UINT32_MAX);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "generation", required_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *config = DEFAULT_CONFIG, *generation = NULL;
	uint64_t restoring = 0;
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'g':
			generation = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("swornlog-sink " SWORNLOG_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (!parse_restore(argv + optind, generation, &restoring)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	umask(027);
	prctl(PR_SET_DUMPABLE, 0);
	log_open("swornlog-sink", LOG_LEVEL_INFO);
	int status = run(config, restoring);
	/* The key is gone from memory: what looks at a process's end, as a leak check does, may look. */
	prctl(PR_SET_DUMPABLE, 1);
	return status;
}
