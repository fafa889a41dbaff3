#include <stdio.h>

#include "lib/log.h"
#include "registrar/registrar.h"
#include "registrar/reply.h"

#define WHO_BYTES   (LABEL_MAX + 16)
#define ERROR_BYTES 256

/* What is wrong with it, or NULL. */
struct fault {
	const char *word, *sentence;
};

static struct fault check(const struct request *q, const struct holder *who, const struct known_host *known)
{
	if (!known->enrolled || !known->good)
		return (struct fault){ "not-enrolled", "The host is not enrolled, or no longer." };
	if (!who->has_certificate || !hash_equal(&who->spki, &known->certificate) ||
	    !hash_equal(&q->certificate, &known->certificate))
		return (struct fault){ "other-key", "The TLS key is not the one that is enrolled." };
	if (renewal_verify(q, &known->identity) < 0)
		return (struct fault){ "other-key",
			               "The checkpoint is not signed by the identity key that is enrolled." };
	/* What was sent once is known to others: of an expired certificate's holder more is asked. */
	bool newer = q->epoch > known->epoch || (q->epoch == known->epoch && q->size > known->size);
	if (who->expired && !newer)
		return (struct fault){ "stale", "The checkpoint is not newer than what the sink has." };
	return (struct fault){ 0 };
}

static void issue(struct registrar *r, const struct request *q, const char *name, struct http_answer *ret)
{
	cleanup_buf struct buf pem = { 0 };
	char why[ERROR_BYTES];
	int e = issuer_issue(&r->issuer, q, &pem, why, sizeof(why));
	if (e == 0) {
		reply_grant(ret, &(struct grant){ .certificate = { pem.data, pem.len } });
		log_info("%s has a new certificate", name);
		return;
	}
	if (*why)
		log_warning("%s", why);
	if (e == -EINPROGRESS) {
		reply_error(ret, 202, "pending", "The fleet's authority has not signed the certificate yet.",
		            name);
		return;
	}
	log_error("a certificate can't be made: %s", strerror(-e));
	reply_error(ret, 503, "unavailable", "The registrar can't do it now; try again later.", name);
}

void registrar_renew(struct registrar *r, struct span body, const struct holder *who, struct http_answer *ret)
{
	cleanup_request struct request q = { 0 };
	struct known_host known;
	char name[WHO_BYTES] = "a host";
	if (renewal_parse(body, &q) < 0) {
		reply_error(ret, 400, "malformed", "The body is no valid renewal.", name);
		return;
	}
	snprintf(name, sizeof(name), "host %s", q.host);
	if (strcmp(q.fleet, r->genesis.fleet) != 0) {
		reply_error(ret, 403, "not-enrolled", "This registrar is another fleet's.", name);
		return;
	}
	int e = r->link.host(r->link.ctx, q.host, &known);
	if (e < 0) {
		log_error("the sink can't be asked: %s", strerror(-e));
		reply_error(ret, 503, "unavailable", "The sink can't be asked now; try again later.", name);
		return;
	}
	struct fault f = check(&q, who, &known);
	if (f.word)
		reply_error(ret, 403, f.word, f.sentence, name);
	else
		issue(r, &q, name, ret);
}
