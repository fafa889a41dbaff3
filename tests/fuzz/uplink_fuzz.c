/* Any bytes as messages between sealer and shipper: what was parsed encodes back to the same bytes. */
#include "evidence/uplink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	struct uplink_message m;
	for (;;) {
		ssize_t n = uplink_parse(in, &m);
		if (n <= 0)
			return 0;
		cleanup_buf struct buf b = { 0 };
		uplink_put(&b, &m);
		if (b.err || b.len != (size_t)n || memcmp(b.data, in.data, b.len) != 0)
			abort();
		in.data += n;
		in.len -= (size_t)n;
	}
}
