/* Any bytes as the collector's stream: nothing but frames or a refusal, and what was parsed encodes back. */
#include "evidence/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_frame(struct buf *b, const struct intake_frame *f)
{
	switch (f->type) {
	case INTAKE_EVENT:
		intake_put_event(b, &f->event);
		break;
	case INTAKE_LOSS:
		intake_put_loss(b, &f->loss);
		break;
	case INTAKE_COUNTS:
		intake_put_counts(b, &f->counts);
		break;
	case INTAKE_POSTURE:
		intake_put_posture(b, f->posture);
		break;
	case INTAKE_GOODBYE:
		intake_put_goodbye(b);
		break;
	case INTAKE_RULES:
		intake_put_rules(b, &f->rules);
		break;
	case INTAKE_RESUMED:
		intake_put_resumed(b);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	struct intake_frame frame;
	for (;;) {
		ssize_t n = intake_parse(in, &frame);
		if (n <= 0)
			return 0;
		cleanup_buf struct buf b = { 0 };
		put_frame(&b, &frame);
		if (b.err || b.len != (size_t)n || memcmp(b.data, in.data, b.len) != 0)
			abort();
		in.data += n;
		in.len -= (size_t)n;
	}
}
