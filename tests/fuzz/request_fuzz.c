/* Any bytes as what hosts ask the registrar for, and as what it grants. */
#include "evidence/grant.h"
#include "evidence/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	struct request r = { 0 };
	struct grant g;
	if (request_parse(in, &r) == 0 && (r.size != 0 || !r.certificate_key))
		abort();
	request_done(&r);
	r = (struct request){ 0 };
	if (renewal_parse(in, &r) == 0)
		(void)!renewal_verify(&r, &(struct key){ .name = "a/host/b", .type = KEY_TYPE_ED25519 });
	request_done(&r);
	(void)!grant_parse(in, &g);
	return 0;
}
