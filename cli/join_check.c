#include "cli/join_check.h"

#include <stdio.h>

#include "evidence/statement.h"
#include "lib/certificate_check.h"
#include "lib/certify.h"

static bool hashes_to(struct span bytes, const struct hash *want)
{
	struct hash h;
	sha256(bytes.data, bytes.len, &h);
	return hash_equal(&h, want);
}

static const char *check_genesis(const struct token *t, struct span note, struct genesis *ret)
{
	if (!hashes_to(note, &t->genesis))
		return "the genesis statement is not the one that the token pins";
	if (genesis_parse(note, ret) < 0)
		return "the genesis statement does not verify";
	if (strcmp(ret->fleet, t->fleet) != 0 || !key_equal(&ret->log, &t->log))
		return "the genesis statement names another fleet, or another key of its log, than the token";
	return NULL;
}

static const char *check_enrolment(const struct join_asked *asked, const struct genesis *g, struct span note)
{
	struct statement s;
	struct hash token;
	if (enrolment_parse(note, g, &s) < 0)
		return "the enrolment statement does not verify";
	token_hash(&asked->token->secret, &token);
	if (s.kind != STATEMENT_ENROL || strcmp(s.host, asked->host) != 0 ||
	    !key_equal(&s.identity, asked->identity) || !hash_equal(&s.certificate, &asked->certificate) ||
	    !s.has_token || !hash_equal(&s.token, &token))
		return "the enrolment is not for this host, its keys and this token";
	return NULL;
}

static const char *check_certificate(const struct join_asked *asked, const struct grant *g)
{
	cleanup_certificate X509 *ca = NULL;
	char uri[CERTIFICATE_URI_MAX + 1];
	struct hash h;
	if (certificate_parse(g->ca, &ca) < 0 || certificate_hash(ca, &h) < 0 ||
	    !hash_equal(&h, &asked->token->ca))
		return "the authority's certificate is not the one that the token pins";
	snprintf(uri, sizeof(uri), "swornlog://%s/host/%s", asked->token->fleet, asked->host);
	struct certificate_wanted want = { .ca = ca, .uri = uri, .spki = asked->certificate };
	return certificate_check(g->certificate, &want) == CERTIFICATE_GOOD
	               ? NULL
	               : "the host's certificate is not what was asked for";
}

const char *join_check(const struct join_asked *asked, const struct grant *g)
{
	struct genesis genesis;
	const struct token *t = asked->token;
	const char *fault = check_genesis(t, g->genesis, &genesis);
	if (!fault && t->has_policy && !hashes_to(g->policy, &t->policy))
		fault = "the witness policy is not the one that the token pins";
	if (!fault)
		fault = check_enrolment(asked, &genesis, g->enrol);
	return fault ? fault : check_certificate(asked, g);
}
