/* Any bytes as the sealer's key slots: a slot that is not exactly right is empty. */
#include <fcntl.h>

#include "sealer/slots.h"
#include "tests/support/fault_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[SLOTS_BYTES] = { 0 };
	struct slots slots;
	struct slot slot[2];
	memcpy(bytes, data, MIN(size, sizeof(bytes)));
	cleanup_fault_env struct env *env = fault_env_new();
	fault_env_put(env, "keys", bytes, sizeof(bytes));
	int root = env->open(env, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	if (root < 0 || slots_open(env, root, &slots) < 0 || slots_read(&slots, slot) < 0)
		abort();
	/* No checksum is right by chance. */
	if (slot[0].generation || slot[1].generation)
		abort();
	slots_close(&slots);
	env->close(env, root);
	return 0;
}
