#include "collector/refusal.h"

#include <poll.h>

#include "collector/outlet.h"
#include "lib/env.h"
#include "lib/log.h"
#include "lib/text.h"

#define WAIT_US UINT64_C(2000000)
#define STEP_MS 20

static void free_outlet(struct outlet **o)
{
	outlet_free(*o);
}

static bool put(struct outlet *o, const char *why)
{
	cleanup_buf struct buf text = { 0 };
	struct intake_rules told = { .refused = true };
	text_put_escaped(&text, span_str(why));
	buf_put_str(&text, "; the collector does not start");
	told.text = (struct span){ text.data, text.len };
	if (buf_err(&text) || !outlet_refuse_rules(o, &told))
		return false;
	outlet_goodbye(o);
	return true;
}

/* False if the sealer has not taken it in time. */
static bool push_out(struct outlet *o)
{
	const struct env *env = env_system();
	uint64_t begun = env->boot_us(env), now = begun;
	for (; now - begun < WAIT_US; now = env->boot_us(env)) {
		outlet_tick(o, now);
		outlet_ready(o);
		if (outlet_fd(o) >= 0 && !outlet_wants_write(o))
			return true;
		struct pollfd fd = { .fd = outlet_fd(o), .events = POLLOUT };
		if (poll(&fd, 1, STEP_MS) < 0 && errno != EINTR)
			return false;
	}
	return false;
}

void refusal_tell(const char *socket, const char *why)
{
	struct outlet *o cleanup(free_outlet) = NULL;
	struct outlet_config config = { .path = socket };
	if (outlet_new(&config, &o) || !put(o, why) || !push_out(o))
		log_warning("the host log does not hear of it");
}
