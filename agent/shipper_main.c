/* swornlog-shipper: sends sealed batches to the sink, and the sink's receipts to the sealer. It has the
 * network, and neither keys of the log nor capabilities. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/options.h"
#include "evidence/error_text.h"
#include "lib/env.h"
#include "lib/log.h"
#include "lib/text.h"
#include "shipper/client.h"
#include "shipper/gather.h"
#include "shipper/receipts.h"
#include "shipper/renewal.h"
#include "shipper/shipper.h"
#include "shipper/status.h"

#define CONNECT_EVERY_US 500000u
#define STATUS_EVERY_US  1000000u
#define ERROR_MAX        512

struct program {
	struct agent_config config;
	struct shipper shipper;
	struct gather gather;
	struct receipts sealer;
	struct client *client;
	struct renewal *renewal;
	struct status status;
	char socket_path[256];
	int spool_fd;
	int run_fd;
	uint64_t connect_us; /* not before */
	uint64_t status_us;
	bool told_alone; /* that the sealer is not there was said */
	enum shipper_link told_link;
	bool told_unreadable;
	bool told_renewal; /* why there is no new certificate */
};

static volatile sig_atomic_t stopping;

static void on_signal(int number maybe_unused)
{
	stopping = 1;
}

static void write_status(struct program *p, uint64_t now)
{
	if (now < p->status_us)
		return;
	p->status_us = now + STATUS_EVERY_US;
	if (status_write(&p->status, &p->shipper, p->run_fd, now) < 0)
		log_debug("shipper.status could not be written");
}

static bool on_tick(void *ctx)
{
	write_status(ctx, env_now_us());
	return stopping;
}

/* --- the sealer
 * ------------------------------------------------------------------------------------------------ */

static void lose_sealer(struct program *p, const char *why)
{
	if (!p->told_alone)
		log_warning("the sealer %s; trying to reach it again", why);
	p->told_alone = true;
	receipts_close(&p->sealer);
	shipper_sealer_gone(&p->shipper);
	p->connect_us = env_now_us() + CONNECT_EVERY_US;
}

static void find_sealer(struct program *p)
{
	if (p->sealer.fd >= 0 || env_now_us() < p->connect_us)
		return;
	int r = receipts_connect(&p->sealer, p->socket_path);
	if (r < 0) {
		lose_sealer(p, r == -ENOENT || r == -ECONNREFUSED ? "is not there" : strerror(-r));
		return;
	}
	p->told_alone = false;
	log_info("connected to the sealer");
	shipper_sealer_connected(&p->shipper);
}

static void hear_sealer(struct program *p)
{
	struct uplink_message m;
	if (p->sealer.fd < 0)
		return;
	int gone = receipts_read(&p->sealer);
	int r;
	while ((r = receipts_next(&p->sealer, &m)) > 0) {
		r = shipper_message(&p->shipper, env_now_us(), &m);
		if (r < 0)
			break;
	}
	if (r < 0)
		lose_sealer(p, "sent something malformed");
	else if (gone < 0)
		lose_sealer(p, "has closed the connection");
}

static void tell_sealer(struct program *p, const struct buf *message)
{
	if (message->len == 0 || p->sealer.fd < 0)
		return;
	int r = buf_err(message);
	if (r == 0)
		r = receipts_send(&p->sealer, (struct span){ message->data, message->len });
	if (r < 0)
		lose_sealer(p, strerror(-r));
}

/* --- the sink
 * -------------------------------------------------------------------------------------------------- */

static void describe(const struct answer *a, const char *error, char *ret, size_t size)
{
	cleanup_buf struct buf b = { 0 };
	struct span word, sentence;
	if (a->status == 0) {
		snprintf(ret, size, "%s", error);
		return;
	}
	error_text_parse(a->body, &word, &sentence);
	text_put_escaped(&b, (struct span){ word.data, MIN(word.len, (size_t)40) });
	buf_put_str(&b, word.len > 0 ? ": " : "");
	text_put_escaped(&b, (struct span){ sentence.data, MIN(sentence.len, (size_t)200) });
	snprintf(ret, size, "status %u%s%.*s", a->status, b.len > 0 ? ", " : "", (int)b.len,
	         b.len > 0 ? (const char *)b.data : "");
}

static void report_link(struct program *p, const struct answer *a, const char *error)
{
	char what[ERROR_MAX];
	const char *sink = p->config.sink;
	describe(a, error, what, sizeof(what));
	status_answer(&p->status, a->status, what, env_now_us());
	if (p->shipper.link == p->told_link)
		return;
	p->told_link = p->shipper.link;
	switch (p->shipper.link) {
	case SHIPPER_LINK_GOOD:
		log_info("shipping to %s", sink);
		break;
	case SHIPPER_LINK_DOWN:
		log_warning(
		        "%s can't be reached: %s; trying again, up to 30 s apart, while batches wait in the "
		        "spool",
		        sink, what);
		break;
	case SHIPPER_LINK_BUSY:
		log_warning("%s does not store now: %s; trying again later", sink, what);
		break;
	case SHIPPER_LINK_REFUSED:
		log_error(
		        "%s refuses what it gets: %s; the sealer is told, and it is tried again, up to 30 s "
		        "apart",
		        sink, what);
		break;
	case SHIPPER_LINK_CONFLICT:
		log_warning("%s has another history of this host; the sealer decides how to go on", sink);
		break;
	case SHIPPER_LINK_STRANGE:
	case SHIPPER_LINK_UNKNOWN:
		log_error("%s gives an answer that no sink gives: %s; trying again, up to 30 s apart", sink,
		          what);
		break;
	}
}

static void report_unreadable(struct program *p, int r, const struct shipper_place *from)
{
	if (!p->told_unreadable)
		log_error("the batches from epoch %u index %llu on can't be read in %s: %s; trying again, up "
		          "to "
		          "30 s apart",
		          from->epoch, (unsigned long long)from->first, p->config.spool,
		          r == 0          ? "not there"
		          : r == -EBADMSG ? "damaged"
		                          : strerror(-r));
	p->told_unreadable = true;
}

/* Heads first: what is destroyed here after that is missing there. False if the data must wait. */
static bool announce(struct program *p, const struct shipper_step *step, const struct gathered *run)
{
	cleanup_buf struct buf note = { 0 }, body = { 0 };
	char error[ERROR_MAX] = "";
	struct answer a = { 0 };
	struct shipper_place end = { run->epoch, run->end }, head = { 0 };
	if (!shipper_announces(&p->shipper, &end))
		return true;
	int r = gather_newest_signed(&p->gather, run->epoch, run->end, &note, &head.epoch, &head.first);
	/* The data is worth more than its announcement. */
	if (r <= 0)
		return true;
	r = client_post(p->client, CLIENT_ANNOUNCE, step->held, (struct span){ note.data, note.len }, &body,
	                &a.retry_after_s, error, sizeof(error));
	if (r == -ECANCELED)
		return false;
	a.status = r > 0 ? (unsigned)r : 0;
	a.body = (struct span){ body.data, r > 0 ? body.len : 0 };
	if (shipper_announced(&p->shipper, env_now_us(), &head, &a))
		return true;
	report_link(p, &a, error);
	return false;
}

static void post(struct program *p, const struct shipper_step *step)
{
	cleanup_buf struct buf batches = { 0 }, body = { 0 }, message = { 0 };
	char error[ERROR_MAX] = "";
	struct gathered run = { 0 };
	struct answer a = { 0 };
	int r = gather_take(&p->gather, step->from.epoch, step->from.first, step->limit, &batches, &run);
	if (r < 0 || run.count == 0) {
		report_unreadable(p, r, &step->from);
		shipper_unreadable(&p->shipper, env_now_us());
		return;
	}
	p->told_unreadable = false;
	if (!announce(p, step, &run))
		return;
	r = client_post(p->client, CLIENT_APPEND, step->held, (struct span){ batches.data, batches.len },
	                &body, &a.retry_after_s, error, sizeof(error));
	if (r == -ECANCELED)
		return;
	a.status = r > 0 ? (unsigned)r : 0;
	a.body = (struct span){ body.data, r > 0 ? body.len : 0 };
	struct shipper_place sent = { run.epoch, run.first };
	shipper_answer(&p->shipper, env_now_us(), &sent, run.count, batches.len, &a, &message);
	report_link(p, &a, error);
	tell_sealer(p, &message);
}

/* --- the certificate
 * ----------------------------------------------------------------------------------------------- */

static void renew(struct program *p)
{
	char said[ERROR_MAX];
	int64_t wall_s = (int64_t)(env_system()->wall_us(env_system()) / 1000000);
	if (!renewal_due(p->renewal, env_now_us(), wall_s))
		return;
	if (renewal_try(p->renewal, &p->gather, env_now_us(), said, sizeof(said)) == 0) {
		if (*said && !p->told_renewal)
			log_warning(
			        "the certificate could not be renewed: %s; trying again, up to 5 min apart",
			        said);
		p->told_renewal = p->told_renewal || *said;
		return;
	}
	p->told_renewal = false;
	p->status.certificate_until_s = renewal_until_s(p->renewal);
	log_info("the certificate was renewed");
	if (client_set_certificate(p->client, renewal_certificate(p->renewal)) < 0)
		log_error("the new certificate can't be used: out of memory");
	shipper_try_now(&p->shipper);
}

/* --- the program
 * ----------------------------------------------------------------------------------------------- */

static void sleep_until(struct program *p, uint64_t until_us)
{
	uint64_t now = env_now_us(), limit = MIN(until_us, p->status_us);
	struct pollfd fd = { .fd = p->sealer.fd, .events = POLLIN };
	if (p->sealer.fd < 0)
		limit = MIN(limit, p->connect_us);
	int wait_ms = limit > now ? (int)((limit - now + 999) / 1000) : 0;
	if (poll(&fd, 1, wait_ms) < 0 && errno != EINTR)
		log_error("poll: %s", strerror(errno));
}

static void run(struct program *p)
{
	while (!stopping) {
		struct shipper_step step;
		find_sealer(p);
		hear_sealer(p);
		write_status(p, env_now_us());
		renew(p);
		shipper_next(&p->shipper, env_now_us(), &step);
		switch (step.what) {
		case SHIPPER_DO_POST:
			post(p, &step);
			break;
		case SHIPPER_DO_WAIT:
			sleep_until(p, step.until_us);
			break;
		case SHIPPER_DO_RECONNECT:
			lose_sealer(p, "does not answer");
			break;
		}
	}
}

static int open_folder(const char *path, int *ret)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int r = -errno;
		log_error("can't open folder %s: %s", path, strerror(-r));
		return r;
	}
	*ret = fd;
	return 0;
}

static int open_renewal(struct program *p, uint64_t seed)
{
	char error[ERROR_MAX] = "out of memory";
	const struct agent_config *c = &p->config;
	struct renewal_options o = { .registrar = c->registrar,
		                     .fleet = c->fleet,
		                     .host = c->host,
		                     .certificate = c->certificate,
		                     .key = c->key,
		                     .ca = c->ca,
		                     .folder = c->shipper_state,
		                     .seed = seed,
		                     .tick = on_tick,
		                     .ctx = p };
	int r = renewal_open(&o, &p->renewal, error, sizeof(error));
	if (r < 0)
		log_error("%s", error);
	else
		p->status.certificate_until_s = renewal_until_s(p->renewal);
	return r;
}

static int set_up(struct program *p)
{
	char error[ERROR_MAX] = "out of memory";
	uint64_t seed;
	const struct agent_config *c = &p->config;
	int r = open_folder(c->spool, &p->spool_fd);
	if (r == 0)
		r = open_folder(c->run, &p->run_fd);
	if (r == 0)
		r = env_system()->random(env_system(), &seed, sizeof(seed));
	if (r < 0)
		return r;
	snprintf(p->socket_path, sizeof(p->socket_path), "%s/receipts.sock", c->run);
	r = open_renewal(p, seed);
	if (r < 0)
		return r;
	struct client_options options = { .sink = c->sink,
		                          .fleet = c->fleet,
		                          .host = c->host,
		                          .certificate = renewal_certificate(p->renewal),
		                          .key = c->key,
		                          .ca = c->ca,
		                          .tick = on_tick,
		                          .ctx = p };
	r = client_new(&options, &p->client, error, sizeof(error));
	if (r < 0) {
		log_error("%s", error);
		return r;
	}
	gather_init(&p->gather, env_system(), p->spool_fd);
	shipper_init(&p->shipper, seed);
	return 0;
}

static void tear_down(struct program *p)
{
	p->status_us = 0;
	if (p->run_fd >= 0)
		write_status(p, env_now_us());
	receipts_close(&p->sealer);
	gather_done(&p->gather);
	client_free(p->client);
	renewal_free(p->renewal);
	close_fd(&p->spool_fd);
	close_fd(&p->run_fd);
	agent_config_done(&p->config);
}

int main(int argc, char **argv)
{
	struct program p = { .spool_fd = -1, .run_fd = -1, .sealer.fd = -1 };
	struct sigaction stop = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };
	agent_options(argc, argv, "Sends sealed batches to the sink, and hands its receipts to the sealer.",
	              &p.config);
	log_open("swornlog-shipper", LOG_LEVEL_INFO);
	if (sigaction(SIGTERM, &stop, NULL) < 0 || sigaction(SIGINT, &stop, NULL) < 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_warning("signals or privileges could not be set: %s", strerror(errno));
	int r = set_up(&p);
	if (r == 0)
		run(&p);
	tear_down(&p);
	return r == 0 ? 0 : EXIT_FAILED;
}
