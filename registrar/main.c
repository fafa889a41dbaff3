/* swornlog-registrar: lets new hosts into a fleet, and renews the certificates of enrolled ones. It has the
 * registrar's key and, unless an existing authority signs, the authority's; nothing of any log. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/grant.h"
#include "evidence/key_file.h"
#include "lib/daemon_options.h"
#include "lib/end_signals.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/tls.h"
#include "registrar/desk.h"
#include "registrar/options.h"

#define DEFAULT_CONFIG "/etc/swornlog/registrar.yaml"
#define ERROR_BYTES    512
#define PEM_MAX_BYTES  65536
#define TIMEOUT_MS     10000
#define LAST_WORDS_US  200000

enum { EXIT_USAGE = 2 };

/* Everything that main owns, so that it is given back in one place. */
struct program {
	struct options options;
	struct registrar registrar;
	struct signer *signer;
	struct buf genesis, ca_pem, policy;
	int state_fd;
	SSL_CTX *tls;
	struct event_base *base;
	struct http_server *server;
};

static void program_done(struct program *p)
{
	http_server_free(p->server);
	if (p->base)
		event_base_free(p->base);
	SSL_CTX_free(p->tls);
	ledger_free(p->registrar.ledger);
	key_file_free(p->signer);
	X509_free(p->registrar.issuer.ca);
	EVP_PKEY_free(p->registrar.issuer.ca_key);
	buf_done(&p->genesis);
	buf_done(&p->ca_pem);
	buf_done(&p->policy);
	close_fd(&p->state_fd);
	close_fd(&p->registrar.tokens_fd);
	close_fd(&p->registrar.issuer.requests_fd);
	close_fd(&p->registrar.issuer.certificates_fd);
	options_done(&p->options);
}

static int read_file(const char *path, size_t max, struct buf *ret, char *error)
{
	int r = file_read(env_system(), AT_FDCWD, path, max, ret);
	if (r < 0)
		snprintf(error, ERROR_BYTES, "%s can't be read: %s", path, strerror(-r));
	return r;
}

static int read_genesis(struct program *p, char *error)
{
	struct registrar *r = &p->registrar;
	int e = read_file(p->options.genesis, STATEMENT_MAX_BYTES, &p->genesis, error);
	if (e < 0)
		return e;
	e = genesis_parse(buf_span(&p->genesis), &r->genesis);
	if (e < 0)
		snprintf(error, ERROR_BYTES, "%s is no valid genesis statement", p->options.genesis);
	r->genesis_note = buf_span(&p->genesis);
	return e;
}

static int read_signer(struct program *p, char *error)
{
	struct registrar *r = &p->registrar;
	int e = key_file_read_signer("the registrar's key", p->options.registrar_key, &p->signer, error,
	                             ERROR_BYTES);
	if (e < 0)
		return e;
	r->signer = p->signer;
	if (r->genesis.has_registrar && key_equal(&r->genesis.registrar, &p->signer->key))
		return 0;
	snprintf(error, ERROR_BYTES, "%s is not the registrar's key that the genesis statement names",
	         p->options.registrar_key);
	return -EKEYREJECTED;
}

static int read_policy(struct program *p, char *error)
{
	int e = file_read(env_system(), AT_FDCWD, p->options.policy, GRANT_PART_MAX, &p->policy);
	if (e == -ENOENT)
		e = 0;
	if (e < 0)
		snprintf(error, ERROR_BYTES, "%s can't be read: %s", p->options.policy, strerror(-e));
	p->registrar.policy = buf_span(&p->policy);
	return e;
}

static int read_ca_key(struct program *p, char *error)
{
	struct issuer *i = &p->registrar.issuer;
	struct buf pem = { 0 };
	struct stat st;
	if (!p->options.ca_key)
		return 0;
	if (stat(p->options.ca_key, &st) == 0 && (st.st_mode & 077)) {
		snprintf(error, ERROR_BYTES, "%s is open to others; run: chmod 600 %s", p->options.ca_key,
		         p->options.ca_key);
		return -EPERM;
	}
	int e = read_file(p->options.ca_key, PEM_MAX_BYTES, &pem, error);
	if (e == 0)
		e = certificate_parse_key(buf_span(&pem), &i->ca_key);
	buf_wipe(&pem);
	buf_done(&pem);
	if (e == 0 && X509_check_private_key(i->ca, i->ca_key) == 1)
		return 0;
	if (!*error)
		snprintf(error, ERROR_BYTES, "%s is not the key of %s", p->options.ca_key, p->options.ca);
	return -EKEYREJECTED;
}

static int read_ca(struct program *p, char *error)
{
	struct registrar *r = &p->registrar;
	int e = read_file(p->options.ca, GRANT_PART_MAX, &p->ca_pem, error);
	if (e < 0)
		return e;
	r->ca_pem = buf_span(&p->ca_pem);
	e = certificate_parse(r->ca_pem, &r->issuer.ca);
	if (e < 0)
		snprintf(error, ERROR_BYTES, "%s is no certificate in PEM", p->options.ca);
	return e < 0 ? e : read_ca_key(p, error);
}

static int open_folder(const char *path, int *ret, char *error)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		int e = -errno;
		snprintf(error, ERROR_BYTES, "the folder %s can't be made: %s", path, strerror(-e));
		return e;
	}
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret >= 0)
		return 0;
	int e = -errno;
	snprintf(error, ERROR_BYTES, "the folder %s can't be opened: %s", path, strerror(-e));
	return e;
}

static int open_folders(struct program *p, char *error)
{
	const struct options *o = &p->options;
	struct issuer *i = &p->registrar.issuer;
	char why[ERROR_BYTES / 2] = "";
	int e = open_folder(o->tokens, &p->registrar.tokens_fd, error);
	if (e == 0)
		e = open_folder(o->state, &p->state_fd, error);
	if (e == 0 && !i->ca_key)
		e = open_folder(o->requests, &i->requests_fd, error);
	if (e == 0 && !i->ca_key)
		e = open_folder(o->certificates, &i->certificates_fd, error);
	if (e == 0 && env_system()->lock(env_system(), p->state_fd) < 0) {
		snprintf(error, ERROR_BYTES, "another process has %s", o->state);
		return -EWOULDBLOCK;
	}
	if (e < 0)
		return e;
	e = ledger_open(env_system(), p->state_fd, p->registrar.genesis.fleet, &p->registrar.ledger, why,
	                sizeof(why));
	if (e < 0)
		snprintf(error, ERROR_BYTES, "%s: %s", o->state, why);
	return e;
}

static int listen_there(struct program *p, char *error)
{
	const struct options *o = &p->options;
	struct tls_files files = { o->certificate, o->key, o->ca };
	int e = tls_server_new(&files, &p->tls, error, ERROR_BYTES);
	if (e < 0)
		return e;
	tls_admit_strangers(p->tls);
	e = tls_send_ca(p->tls, p->registrar.issuer.ca);
	p->base = event_base_new();
	if (e < 0 || !p->base)
		return -ENOMEM;
	struct http_server_options server = { .listen = o->listen,
		                              .max_connections = o->max_connections,
		                              .timeout_ms = TIMEOUT_MS,
		                              .base = p->base,
		                              .tls = p->tls,
		                              .handler = desk_handler(&p->registrar) };
	return http_server_open(&server, &p->server, error, ERROR_BYTES);
}

static int start(struct program *p, char *error)
{
	struct registrar *r = &p->registrar;
	r->env = r->issuer.env = env_system();
	r->issuer.days = (unsigned)p->options.certificate_days;
	r->link = link_to_sink(p->options.control);
	int e = read_genesis(p, error);
	if (e == 0)
		e = read_signer(p, error);
	if (e == 0)
		e = read_policy(p, error);
	if (e == 0)
		e = read_ca(p, error);
	if (e == 0)
		e = open_folders(p, error);
	return e < 0 ? e : listen_there(p, error);
}

static void stop(void *ctx)
{
	struct program *p = ctx;
	http_server_stop(p->server);
	event_base_loopexit(p->base, &(struct timeval){ .tv_usec = LAST_WORDS_US });
}

static int serve(struct program *p)
{
	struct end_signals signals;
	end_signals_init(&signals, p->base, stop, p);
	log_info("listening on %s for fleet %s%s", http_server_address(p->server), p->registrar.genesis.fleet,
	         p->registrar.issuer.ca_key ? "" : "; an existing authority signs certificates");
	event_base_dispatch(p->base);
	end_signals_done(&signals);
	return EXIT_SUCCESS;
}

static int run(const char *config)
{
	cleanup(program_done) struct program p = {
		.state_fd = -1,
		.registrar = { .tokens_fd = -1, .issuer = { .requests_fd = -1, .certificates_fd = -1 } }
	};
	char error[ERROR_BYTES] = "";
	int e = options_load(config, &p.options, error, sizeof(error));
	if (e < 0) {
		log_error("%s", *error ? error : strerror(-e));
		return EXIT_USAGE;
	}
	e = start(&p, error);
	if (e < 0) {
		log_error("%s", *error ? error : strerror(-e));
		return EXIT_FAILURE;
	}
	return serve(&p);
}

static void usage(FILE *to)
{
	fprintf(to,
	        "usage: swornlog-registrar [--config FILE]\n"
	        "Lets new hosts into a fleet by join tokens, and renews the certificates of enrolled ones.\n"
	        "  --config FILE   default %s\n"
	        "  --help          say this and end\n"
	        "  --version       say the version and end\n",
	        DEFAULT_CONFIG);
}

int main(int argc, char **argv)
{
	const char *config = DEFAULT_CONFIG;
	int status;
	if (!daemon_options(argc, argv, "swornlog-registrar", usage, &config, &status))
		return status;
	umask(077);
	prctl(PR_SET_DUMPABLE, 0);
	log_open("swornlog-registrar", LOG_LEVEL_INFO);
	status = run(config);
	/* The keys are gone from memory: what looks at a process's end, as a leak check does, may look. */
	prctl(PR_SET_DUMPABLE, 1);
	return status;
}
