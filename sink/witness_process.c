#include "sink/witness_process.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/log.h"

#define IDLE_US ((uint64_t)3600 * 1000000)

/* Everything that the process has. */
struct talk {
	const struct policy *policy;
	struct witness_http *http;
	int fd;
	size_t count;
	struct witness_turn turn[POLICY_MAX_WITNESSES];
	uint64_t offered; /* size of the newest offer */
	struct buf offer;
	struct buf posted[POLICY_MAX_WITNESSES]; /* the checkpoint that is under way */
};

static int send_packet(int fd, const struct witness_message *m, int flags)
{
	cleanup_buf struct buf b = { 0 };
	witness_message_put(&b, m);
	if (buf_err(&b))
		return buf_err(&b);
	return send(fd, b.data, b.len, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int receive_packet(int fd, uint8_t packet[WITNESS_PACKET_MAX], struct witness_message *ret)
{
	/* A longer packet is cut short: one byte more than may be shows it. */
	ssize_t n = recv(fd, packet, WITNESS_PACKET_MAX, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	if (n > WITNESS_PACKET_MAX)
		return -EBADMSG;
	int r = witness_message_parse((struct span){ packet, (size_t)n }, ret);
	return r < 0 ? r : 1;
}

/* --- in the process */

/* The sink reads at its leisure; what does not get through ends the process, and the sink says so. */
static void say(const struct talk *t, const struct witness_message *m)
{
	if (send_packet(t->fd, m, 0) < 0)
		_exit(1);
}

static void say_words(const struct talk *t, size_t i, const char *words)
{
	say(t, &(struct witness_message){ .type = WITNESS_FAILED,
	                                  .witness = (uint8_t)i,
	                                  .bytes = { (const uint8_t *)words, strlen(words) } });
}

static void give_up(struct talk *t, size_t i, uint64_t now_us, const char *words)
{
	witness_turn_fail(&t->turn[i], now_us);
	say_words(t, i, words);
}

static void post(struct talk *t, size_t i, uint64_t old, const struct hash *proof, size_t proof_len,
                 uint64_t now_us)
{
	cleanup_buf struct buf body = { 0 };
	struct span note = { t->posted[i].data, t->posted[i].len };
	int r = witness_put_request(&body, old, proof, proof_len, note);
	if (r == 0)
		r = witness_http_post(t->http, i, (struct span){ body.data, body.len });
	if (r < 0)
		give_up(t, i, now_us, strerror(-r));
}

/* The newest offer becomes this witness's; later ones wait for its answer. */
static int fix_offer(struct talk *t, size_t i)
{
	buf_reset(&t->posted[i]);
	buf_put(&t->posted[i], t->offer.data, t->offer.len);
	return buf_err(&t->posted[i]);
}

static void step(struct talk *t, size_t i, uint64_t now_us)
{
	struct witness_turn *w = &t->turn[i];
	enum witness_step what = witness_turn_next(w, t->offered, now_us);
	int r = what == WITNESS_STEP_PROVE || what == WITNESS_STEP_POST ? fix_offer(t, i) : 0;
	if (r == 0 && what == WITNESS_STEP_GET)
		r = witness_http_get(t->http, i);
	if (r < 0) {
		give_up(t, i, now_us, strerror(-r));
		return;
	}
	if (what == WITNESS_STEP_PROVE)
		say(t, &(struct witness_message){ .type = WITNESS_WANTS_PROOF,
		                                  .witness = (uint8_t)i,
		                                  .old = w->held,
		                                  .size = w->size });
	if (what == WITNESS_STEP_POST)
		post(t, i, w->held == w->size ? w->held : 0, NULL, 0, now_us);
}

static void take_proof(struct talk *t, const struct witness_message *m, uint64_t now_us)
{
	struct hash proof[WITNESS_MAX_PROOF];
	size_t n = m->bytes.len / sizeof(proof[0]);
	if (m->witness >= t->count || !witness_turn_proven(&t->turn[m->witness], m->old, m->size))
		return;
	if (n > WITNESS_MAX_PROOF || m->bytes.len % sizeof(proof[0]) != 0 || n == 0) {
		give_up(t, m->witness, now_us, "the sink has no proof from the size that it holds");
		return;
	}
	memcpy(proof, m->bytes.data, m->bytes.len);
	post(t, m->witness, m->old, proof, n, now_us);
}

static void take_message(struct talk *t, const struct witness_message *m, uint64_t now_us)
{
	switch (m->type) {
	case WITNESS_ASK:
		for (size_t i = 0; i < t->count; i++)
			witness_turn_ask(&t->turn[i]);
		break;
	case WITNESS_OFFER:
		for (size_t i = 0; i < t->count; i++)
			witness_turn_ask_no_more(&t->turn[i]);
		buf_reset(&t->offer);
		buf_put(&t->offer, m->bytes.data, m->bytes.len);
		t->offered = buf_err(&t->offer) ? 0 : m->size;
		break;
	case WITNESS_PROOF:
		take_proof(t, m, now_us);
		break;
	case WITNESS_LATEST:
	case WITNESS_WANTS_PROOF:
	case WITNESS_COSIGNED:
	case WITNESS_AHEAD:
	case WITNESS_DIFFERS:
	case WITNESS_FAILED:
	default:
		_exit(1);
	}
}

static void read_messages(struct talk *t, uint64_t now_us)
{
	static uint8_t packet[WITNESS_PACKET_MAX];
	struct witness_message m;
	int r;
	while ((r = receive_packet(t->fd, packet, &m)) > 0)
		take_message(t, &m, now_us);
	/* The sink is gone. */
	if (r < 0)
		_exit(0);
}

static void take_cosignature(struct talk *t, size_t i, struct span body, uint64_t now_us)
{
	cleanup_buf struct buf line = { 0 };
	struct note n;
	uint64_t time_s;
	int r = note_parse((struct span){ t->posted[i].data, t->posted[i].len }, &n);
	if (r == 0)
		r = witness_take_cosignature(body, n.text, &policy_witness(t->policy, i)->key, &line,
		                             &time_s);
	if (r < 0) {
		t->turn[i].cosigned = 0;
		give_up(t, i, now_us, "its answer holds no cosignature by the key that the policy names");
		return;
	}
	say(t, &(struct witness_message){ .type = WITNESS_COSIGNED,
	                                  .witness = (uint8_t)i,
	                                  .size = t->turn[i].size,
	                                  .bytes = { line.data, line.len } });
}

static void say_failure(const struct talk *t, size_t i, const struct witness_answer *a, const char *words)
{
	static const struct {
		unsigned status;
		const char *words;
	} known[] = {
		{ 403, "it does not take the log's key for this log's" },
		{ 404, "it does not know this log, or its address in the policy is wrong" },
		{ 409, "it names a size that it does not hold, or none" },
	};
	char other[48];
	const char *why = a->status ? other : words;
	snprintf(other, sizeof(other), "it answered with status %u", a->status);
	for (size_t k = 0; k < ARRAY_SIZE(known); k++) {
		if (known[k].status == a->status)
			why = known[k].words;
	}
	say_words(t, i, why);
}

static void take_answer(struct talk *t, size_t i, const struct witness_answer *a, const char *words,
                        uint64_t now_us)
{
	struct witness_turn *w = &t->turn[i];
	struct witness_message m = { .witness = (uint8_t)i, .old = w->held, .size = w->size };
	switch (witness_turn_answer(w, a, now_us)) {
	case WITNESS_RESULT_AGAIN:
		return;
	case WITNESS_RESULT_COSIGNED:
		take_cosignature(t, i, a->body, now_us);
		return;
	case WITNESS_RESULT_LATEST:
		m.bytes = a->body;
		m.type = WITNESS_LATEST;
		break;
	case WITNESS_RESULT_NONE:
		m.type = WITNESS_LATEST;
		break;
	case WITNESS_RESULT_AHEAD:
		m.old = w->held;
		m.type = WITNESS_AHEAD;
		break;
	case WITNESS_RESULT_DIFFERS:
		m.type = WITNESS_DIFFERS;
		break;
	case WITNESS_RESULT_FAILED:
		say_failure(t, i, a, words);
		return;
	}
	say(t, &m);
}

static uint64_t next_due(const struct talk *t, uint64_t now_us)
{
	uint64_t due = now_us + IDLE_US;
	for (size_t i = 0; i < t->count; i++) {
		const struct witness_turn *w = &t->turn[i];
		bool wants = w->asked || t->offered > w->cosigned;
		if (w->state == TURN_IDLE && wants)
			due = MIN(due, MAX(w->until_us, now_us));
	}
	return due - now_us;
}

static _Noreturn void serve(struct talk *t)
{
	for (;;) {
		struct witness_answer a;
		const char *words;
		size_t i;
		for (i = 0; i < t->count; i++)
			step(t, i, env_now_us());
		witness_http_wait(t->http, t->fd, next_due(t, env_now_us()));
		read_messages(t, env_now_us());
		while (witness_http_over(t->http, &i, &a, &words))
			take_answer(t, i, &a, words, env_now_us());
	}
}

struct orders {
	const struct witness_http_options *options;
	const struct policy *policy;
};

static void run(const void *arg, int fd)
{
	const struct orders *o = arg;
	static struct talk t;
	uint64_t seed = (uint64_t)getpid();
	t = (struct talk){ .policy = o->policy, .fd = fd };
	(void)!env_system()->random(env_system(), &seed, sizeof(seed));
	for (; policy_witness(o->policy, t.count); t.count++)
		witness_turn_init(&t.turn[t.count], seed + t.count);
	int r = witness_http_new(o->options, o->policy, &t.http);
	if (r < 0) {
		log_error("libcurl can't do what witnesses need (it must be built with OpenSSL): %s",
		          strerror(-r));
		_exit(1);
	}
	serve(&t);
}

/* --- in the sink */

int witness_process_start(const struct witness_http_options *o, const struct policy *p, struct child *ret)
{
	struct orders orders = { o, p };
	return child_start("sink-witnesses", run, &orders, ret);
}

int witness_process_send(const struct child *w, const struct witness_message *m)
{
	return send_packet(w->fd, m, MSG_DONTWAIT);
}

int witness_process_receive(const struct child *w, uint8_t packet[WITNESS_PACKET_MAX],
                            struct witness_message *ret)
{
	return receive_packet(w->fd, packet, ret);
}
