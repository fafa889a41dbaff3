#include <stdio.h>

#include "evidence/note.h"
#include "lib/log.h"
#include "registrar/registrar.h"
#include "registrar/reply.h"

#define WHO_BYTES   (LABEL_MAX + 80)
#define ERROR_BYTES 256

/* One request under way. */
struct join {
	struct registrar *r;
	const struct caller *from;
	struct http_answer *answer;
	struct request request;
	struct hash token;
	struct terms terms;
	struct statement enrolment;
	struct buf note; /* the enrolment, signed */
	char who[WHO_BYTES];
};

static void join_done(struct join *j)
{
	request_done(&j->request);
	terms_done(&j->terms);
	buf_done(&j->note);
}

/* Each step is done (true), or has answered. */
static bool refuse(struct join *j, unsigned status, const char *word, const char *sentence)
{
	reply_error(j->answer, status, word, sentence, j->who);
	return false;
}

static bool trouble(struct join *j, const char *what, int e)
{
	log_error("%s: %s", what, strerror(-e));
	return refuse(j, 503, "unavailable", "The registrar can't do it now; try again later.");
}

static bool read_request(struct join *j, struct span body)
{
	int e = request_parse(body, &j->request);
	if (e < 0)
		return refuse(j, 400, "malformed",
		              e == -ENOKEY ? "The identity key has not signed."
		                           : "The body is no valid request to be enrolled.");
	snprintf(j->who, sizeof(j->who), "host %s at %s", j->request.host, j->from->text);
	if (!j->request.has_secret)
		return refuse(j, 400, "malformed", "The request has no token's secret.");
	if (strcmp(j->request.fleet, j->r->genesis.fleet) != 0)
		return refuse(j, 403, "token-unknown", "This registrar is another fleet's.");
	token_hash(&j->request.secret, &j->token);
	return true;
}

static bool read_terms(struct join *j)
{
	struct registrar *r = j->r;
	int e = terms_read(r->env, r->tokens_fd, &r->genesis, &j->token, &j->terms);
	if (e == -ENOENT)
		return refuse(j, 403, "token-unknown", "There is no such token here.");
	if (e == -EBADMSG || e == -ENOKEY || e == -EPERM || e == -EFBIG)
		return refuse(j, 403, "token-unknown", "The token's statement does not verify here.");
	return e == 0 || trouble(j, "a token's statement can't be read", e);
}

static bool check_terms(struct join *j, uint64_t used, uint64_t now_s)
{
	switch (terms_check(&j->terms, j->request.host, j->from, used, now_s)) {
	case TERMS_EXPIRED:
		return refuse(j, 403, "token-expired", "The token's time is over.");
	case TERMS_OTHER_HOST:
		return refuse(j, 403, "token-other-host", "The token is for hosts of other names.");
	case TERMS_OTHER_ADDRESS:
		return refuse(j, 403, "token-other-address", "The token is for hosts at other addresses.");
	case TERMS_SPENT:
		return refuse(j, 403, "token-spent", "The token was used as often as it may be.");
	case TERMS_GOOD:
		break;
	}
	return true;
}

static bool same_keys(const struct request *q, const struct key *identity, const struct hash *certificate)
{
	return key_equal(&q->identity, identity) && hash_equal(&q->certificate, certificate);
}

/* A use of the token is this host's from here on, and durable. */
static bool take_use(struct join *j, uint64_t now_s)
{
	const struct request *q = &j->request;
	struct registrar *r = j->r;
	struct statement *s = &j->enrolment;
	if (ledger_find(r->ledger, q->host, s)) {
		if (!same_keys(q, &s->identity, &s->certificate) || !hash_equal(&s->token, &j->token))
			return refuse(j, 409, "host-taken",
			              "The host has joined with other keys or another token.");
		/* This use is counted already. */
		if (!check_terms(j, 0, s->time_s))
			return false;
	} else {
		if (!check_terms(j, ledger_used(r->ledger, &j->token), now_s))
			return false;
		*s = (struct statement){ .kind = STATEMENT_ENROL,
			                 .time_s = now_s,
			                 .identity = q->identity,
			                 .certificate = q->certificate,
			                 .has_token = true,
			                 .token = j->token };
		memcpy(s->fleet, q->fleet, sizeof(s->fleet));
		memcpy(s->host, q->host, sizeof(s->host));
	}
	int e = ledger_add(r->ledger, s);
	return e == 0 || e == -EEXIST || trouble(j, "the use of a token can't be stored", e);
}

static bool sign_enrolment(struct join *j)
{
	cleanup_buf struct buf text = { 0 };
	statement_put_text(&text, &j->enrolment);
	int e = buf_err(&text);
	if (e == 0)
		e = note_put(&j->note, (struct span){ text.data, text.len }, &j->r->signer, 1);
	return e == 0 || trouble(j, "an enrolment can't be signed", e);
}

static bool submit_enrolment(struct join *j)
{
	const struct link *l = &j->r->link;
	char error[ERROR_BYTES] = "", other[ERROR_BYTES];
	struct span note = { j->note.data, j->note.len };
	int e = l->submit(l->ctx, note, error, sizeof(error));
	if (e == -EPERM && l->submit(l->ctx, (struct span){ j->terms.note.data, j->terms.note.len }, other,
	                             sizeof(other)) == 0)
		e = l->submit(l->ctx, note, error, sizeof(error));
	if (e == -EPERM) {
		char sentence[ERROR_BYTES + 32];
		snprintf(sentence, sizeof(sentence), "The sink refused it: %s", error);
		return refuse(j, 403, "refused", sentence);
	}
	return e == 0 || trouble(j, "the sink can't be asked", e);
}

/* What the fleet log has of the host already. *ret_there: this very enrolment. */
static bool ask_sink(struct join *j, bool *ret_there)
{
	const struct link *l = &j->r->link;
	struct known_host known;
	struct statement promised;
	int e = l->host(l->ctx, j->request.host, &known);
	if (e < 0)
		return trouble(j, "the sink can't be asked", e);
	*ret_there = known.enrolled;
	if (!known.enrolled)
		return true;
	if (!same_keys(&j->request, &known.identity, &known.certificate) ||
	    !ledger_find(j->r->ledger, j->request.host, &promised))
		return refuse(j, 409, "host-taken", "The host is enrolled already.");
	return true;
}

static bool hand_out(struct join *j)
{
	cleanup_buf struct buf pem = { 0 };
	struct registrar *r = j->r;
	char why[ERROR_BYTES];
	int e = issuer_issue(&r->issuer, &j->request, &pem, why, sizeof(why));
	if (e == -EINPROGRESS) {
		if (*why)
			log_warning("%s", why);
		return refuse(j, 202, "pending", "The fleet's authority has not signed the certificate yet.");
	}
	if (e < 0)
		return trouble(j, "a certificate can't be made", e);
	struct grant g = { .enrol = { j->note.data, j->note.len },
		           .certificate = { pem.data, pem.len },
		           .ca = r->ca_pem,
		           .genesis = r->genesis_note,
		           .policy = r->policy };
	reply_grant(j->answer, &g);
	log_info("%s has joined", j->who);
	return true;
}

void registrar_join(struct registrar *r, struct span body, const struct caller *from, struct http_answer *ret)
{
	cleanup(join_done) struct join j = { .r = r, .from = from, .answer = ret };
	uint64_t now_s = r->env->wall_us(r->env) / 1000000;
	bool there = false;
	snprintf(j.who, sizeof(j.who), "a host at %s", from->text);
	(void)(read_request(&j, body) && read_terms(&j) && ask_sink(&j, &there) && take_use(&j, now_s) &&
	       sign_enrolment(&j) && (there || submit_enrolment(&j)) && hand_out(&j));
}
