/* Any bytes as a configuration file: a value or a sentence, and nothing left behind after a refusal. */
#include "lib/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
	char *name;
	char *folder;
	uint64_t count;
	bool on;
	unsigned mode;
};

static const char *const MODES[] = { "multicast", "unicast", "off", NULL };

static const struct config_key KEYS[] = {
	{ "name", CONFIG_STRING, offsetof(struct sample, name), .required = true },
	{ "folder", CONFIG_PATH, offsetof(struct sample, folder), .fallback = "/var/lib/x" },
	{ "count", CONFIG_UINT, offsetof(struct sample, count), .min = 1, .max = 100, .fallback = "7" },
	{ "on", CONFIG_BOOL, offsetof(struct sample, on), .fallback = "true" },
	{ "mode", CONFIG_CHOICE, offsetof(struct sample, mode), .choices = MODES, .fallback = "unicast" },
};

static void check(const struct sample *s, int r, const char *error)
{
	static const struct sample EMPTY;
	if (r < 0 && (error[0] == '\0' || memcmp(s, &EMPTY, sizeof(*s)) != 0))
		abort();
	if (r == 0 && (!s->name || s->folder[0] != '/' || s->count < 1 || s->count > 100 || s->mode > 2))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sample s = { 0 };
	char error[160] = "";
	int r = config_parse("fuzz", (struct span){ data, size }, KEYS, ARRAY_SIZE(KEYS), &s, error,
	                     sizeof(error));
	check(&s, r, error);
	config_free(KEYS, ARRAY_SIZE(KEYS), &s);
	return 0;
}
