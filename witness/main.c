#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "evidence/key_file.h"
#include "lib/daemon_options.h"
#include "lib/end_signals.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/tls.h"
#include "witness/keygen.h"
#include "witness/options.h"
#include "witness/routes.h"

#define DEFAULT_CONFIG "/etc/swornlog/witness.yaml"
#define ERROR_BYTES    512
#define LAST_WORDS_US  300000

enum { EXIT_USAGE = 2 };

/* Everything that main owns, so that it is given back in one place. */
struct witness {
	struct options options;
	struct policy *policy;
	struct signer *signer;
	struct store store;
	struct cosigner cosigner;
	struct routes routes;
	SSL_CTX *tls;
	struct event_base *base;
	struct http_server *server;
};

static void witness_done(struct witness *w)
{
	http_server_free(w->server);
	if (w->base)
		event_base_free(w->base);
	SSL_CTX_free(w->tls);
	store_close(&w->store);
	key_file_free(w->signer);
	policy_free(w->policy);
	options_done(&w->options);
}

static int read_policy(struct witness *w, char *error, size_t error_size)
{
	cleanup_buf struct buf b = { 0 };
	char words[256] = "";
	const char *path = w->options.policy;
	int r = file_read(env_system(), AT_FDCWD, path, POLICY_MAX_BYTES, &b);
	if (r < 0) {
		snprintf(error, error_size, "the policy %s can't be read: %s", path, strerror(-r));
		return r;
	}
	r = policy_parse((struct span){ b.data, b.len }, &w->policy, words, sizeof(words));
	if (r == 0 && policy_log(w->policy, 0))
		return 0;
	snprintf(error, error_size, "the policy %s can't be used: %s", path,
	         r < 0 ? words : "it lists no log, so that there is nothing to witness");
	return -EINVAL;
}

static bool same_point(const struct key *a, const struct key *b)
{
	return memcmp(a->pub.b, b->pub.b, sizeof(a->pub.b)) == 0;
}

/* A log that is its own witness is none; a witness that its policy does not know may be meant so. */
static int check_roles(const struct witness *w, char *error, size_t error_size)
{
	const struct key *own = &w->signer->key;
	const struct policy_log *l;
	const struct policy_witness *other;
	bool listed = false, any = false;
	for (size_t i = 0; (l = policy_log(w->policy, i)); i++) {
		if (!same_point(&l->key, own))
			continue;
		snprintf(error, error_size, "the witness's key is that of the log %s", l->key.name);
		return -EINVAL;
	}
	for (size_t i = 0; (other = policy_witness(w->policy, i)); i++) {
		any = true;
		listed = listed || key_equal(&other->key, own);
	}
	if (any && !listed)
		log_warning("the policy %s lists witnesses, but not this one", w->options.policy);
	return 0;
}

static int open_server(struct witness *w, char *error, size_t error_size)
{
	w->base = event_base_new();
	if (!w->base) {
		snprintf(error, error_size, "the event loop can't be set up");
		return -ENOMEM;
	}
	cosigner_init(&w->cosigner, w->signer, w->policy, &w->store);
	w->routes = (struct routes){ w->options.prefix ? w->options.prefix : "", &w->cosigner };
	struct http_server_options o = {
		.listen = w->options.listen,
		.max_connections = w->options.max_connections,
		.timeout_ms = (unsigned)w->options.timeout_ms,
		.base = w->base,
		.tls = w->tls,
		.handler = { routes_admit, routes_answer, &w->routes },
	};
	return http_server_open(&o, &w->server, error, error_size);
}

static int start(struct witness *w, char *error, size_t error_size)
{
	struct tls_files files = { w->options.certificate, w->options.key, w->options.ca };
	int r = read_policy(w, error, error_size);
	if (r == 0)
		r = key_file_read_cosigner("the witness's key", w->options.witness_key, &w->signer, error,
		                           error_size);
	if (r == 0)
		r = check_roles(w, error, error_size);
	if (r == 0)
		r = tls_server_new(&files, &w->tls, error, error_size);
	if (r == 0)
		r = store_open(env_system(), w->options.store, &w->signer->key, &w->store, error, error_size);
	return r < 0 ? r : open_server(w, error, error_size);
}

static void stop(void *ctx)
{
	struct witness *w = ctx;
	http_server_stop(w->server);
	event_base_loopexit(w->base, &(struct timeval){ .tv_usec = LAST_WORDS_US });
}

/* What an operator compares with what the logs say of themselves. */
static void tell_logs(const struct witness *w)
{
	const struct policy_log *l;
	for (size_t i = 0; (l = policy_log(w->policy, i)); i++) {
		struct span origin = { (const uint8_t *)l->key.name, strlen(l->key.name) };
		const struct seen *s = seen_find(&w->store.seen, origin);
		if (s)
			log_info("log %s was cosigned up to size %llu", l->key.name,
			         (unsigned long long)s->checkpoint.size);
		else
			log_info("log %s has not been seen yet", l->key.name);
	}
}

static void serve(struct witness *w)
{
	struct end_signals signals;
	end_signals_init(&signals, w->base, stop, w);
	tell_logs(w);
	log_info("listening on %s as %s", http_server_address(w->server), w->signer->key.name);
	event_base_dispatch(w->base);
	end_signals_done(&signals);
}

static int run(const char *config)
{
	cleanup(witness_done) struct witness w = { .store = { .dir = -1, .lock = -1 } };
	char error[ERROR_BYTES] = "";
	int r = options_load(config, &w.options, error, sizeof(error));
	int status = r < 0 ? EXIT_USAGE : EXIT_FAILURE;
	if (r == 0)
		r = start(&w, error, sizeof(error));
	if (r < 0) {
		log_error("%s", *error ? error : strerror(-r));
		return status;
	}
	serve(&w);
	return EXIT_SUCCESS;
}

static void usage(FILE *to)
{
	fprintf(to,
	        "usage: swornlog-witness [--config FILE]\n"
	        "       swornlog-witness keygen --name NAME --key FILE --store DIR [--owner USER]\n"
	        "Cosigns checkpoints of logs that are proven to continue what it has seen of them.\n"
	        "  --config FILE   default %s\n"
	        "  --help          say this and end\n"
	        "  --version       say the version and end\n",
	        DEFAULT_CONFIG);
}

int main(int argc, char **argv)
{
	const char *config = DEFAULT_CONFIG;
	int status;
	umask(027);
	if (argc > 1 && strcmp(argv[1], "keygen") == 0)
		return keygen_main(argc - 1, argv + 1);
	if (!daemon_options(argc, argv, "swornlog-witness", usage, &config, &status))
		return status;
	prctl(PR_SET_DUMPABLE, 0);
	log_open("swornlog-witness", LOG_LEVEL_INFO);
	status = run(config);
	/* The key is gone from memory: what looks at a process's end, as a leak check does, may look. */
	prctl(PR_SET_DUMPABLE, 1);
	return status;
}
