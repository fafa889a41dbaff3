/* The administrators' side of an enrolment: who signs, and what is handed to the host. */
#ifndef SWORNLOG_CLI_APPROVAL_H
#define SWORNLOG_CLI_APPROVAL_H

#include "evidence/request.h"
#include "evidence/statement.h"
#include "lib/certify.h"

/* What a fleet's folder holds of use here. */
struct fleet_folder {
	struct buf genesis_bytes;
	struct genesis genesis;
	struct buf ca_bytes; /* PEM */
	X509 *ca;
	EVP_PKEY *ca_key;
	size_t signer_count; /* people of the genesis statement whose keys are in the folder */
	struct signer signers[STATEMENT_MAX_PEOPLE];
};

/* Messages go to standard error; 0 or a negative errno. */
must_check int fleet_folder_load(const char *path, bool with_ca_key, struct fleet_folder *ret);
void fleet_folder_done(struct fleet_folder *f);
#define cleanup_fleet_folder cleanup(fleet_folder_done)

/* Append the enrolment that the request asks for, signed by all signers at hand, and the host's certificate
 * in PEM. */
must_check int approval_make(const struct fleet_folder *f, const struct request *r, struct buf *ret_enrolment,
                             struct buf *ret_certificate);

#endif
