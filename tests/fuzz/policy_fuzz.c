/* Any bytes as a policy; and behind a length, a policy and a checkpoint to hold under it. */
#include "evidence/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void look(const struct policy *p)
{
	size_t logs = 0, witnesses = 0;
	while (policy_log(p, logs))
		must(policy_log(p, logs++)->key.type == KEY_TYPE_ED25519);
	for (; policy_witness(p, witnesses); witnesses++) {
		must(policy_witness(p, witnesses)->key.type == KEY_TYPE_COSIGNATURE);
		must(strlen(policy_witness(p, witnesses)->name) <= POLICY_NAME_MAX);
	}
	must(logs <= POLICY_MAX_LOGS && witnesses <= POLICY_MAX_WITNESSES);
}

static void try_note(const struct policy *p, struct span note)
{
	struct policy_verdict v;
	if (policy_check(p, note, NULL, &v) < 0)
		return;
	for (size_t i = 0; i < POLICY_MAX_WITNESSES; i++)
		must(!(v.cosigned & (uint32_t)1 << i) || policy_witness(p, i));
	must(v.quorum || !policy_is_open(p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_policy struct policy *p = NULL;
	char error[64] = "";
	struct cursor c;
	cursor_init(&c, data, size);
	uint16_t n = cursor_u16be(&c);
	struct span text = cursor_bytes(&c, MIN(n, cursor_left(&c)));
	if (c.err)
		return 0;
	int r = policy_parse(text, &p, error, sizeof(error));
	must((r < 0) == (p == NULL) && (r < 0) == (error[0] != '\0'));
	if (p) {
		look(p);
		try_note(p, cursor_bytes(&c, cursor_left(&c)));
	}
	return 0;
}
