#include "evidence/seal.h"

#include "evidence/own.h"
#include "lib/cbor.h"

const char *agent_what_name(uint64_t what)
{
	static const char *const names[] = {
		[AGENT_SEALER_STARTED] = "sealer started",
		[AGENT_COLLECTOR_CONNECTED] = "collector connected",
		[AGENT_COLLECTOR_GONE] = "collector gone",
		[AGENT_COLLECTOR_GOODBYE] = "collector said goodbye",
		[AGENT_CONFIG_CHANGED] = "configuration changed",
		[AGENT_CONFLICT] = "conflict with the sink",
		[AGENT_SPOOL_NEARLY_FULL] = "spool nearly full",
		[AGENT_SPOOL_USABLE] = "spool usable again",
		[AGENT_STALLED] = "sealer stalled",
		[AGENT_RULES_REFUSED] = "new rules refused",
		[AGENT_UNWITNESSED] = "receipts not witnessed in time",
		[AGENT_NEW_GENERATION] = "fleet log restored",
		[AGENT_WITNESSED_AGAIN] = "receipts witnessed again",
		[AGENT_INCONSISTENT] = "fleet log shows two histories",
	};
	return what < ARRAY_SIZE(names) ? names[what] : NULL;
}

void agent_put_body(struct buf *b, enum agent_what what, struct span detail, int64_t time_us)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, detail.len ? 2 : 1);
	cbor_put_uint(&f, 0);
	cbor_put_uint(&f, what);
	if (detail.len) {
		cbor_put_uint(&f, 1);
		cbor_put_bytes(&f, detail.data, detail.len);
	}
	own_put(b, KIND_AGENT, time_us, &f);
}
