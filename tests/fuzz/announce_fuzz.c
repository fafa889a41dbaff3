/* Any bytes as an announcement: what parses is within its limits, and names one host; who has signed is told
 * the same way each time. */
#include "evidence/announcement.h"
#include "tests/support/host_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span note = { data, size };
	struct announcement a;
	struct host_log h;
	if (announcement_parse(note, &a) < 0)
		return 0;
	char origin[ORIGIN_MAX + 1];
	origin_format(&a.origin, origin);
	if (size > ANNOUNCEMENT_MAX_BYTES || a.size == 0 || memcmp(data, origin, strlen(origin)) != 0)
		abort();
	host_log_init(&h, "acme", "web1", 1);
	if (announcement_signed_by(note, &h.identity.key) && strcmp(a.origin.host, "web1") != 0)
		abort();
	return 0;
}
