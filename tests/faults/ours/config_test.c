/* Configurations without memory. */
#include <criterion/criterion.h>

#include "lib/config.h"
#include "tests/faults/ours/ours.h"
#include "tests/support/bytes.h"

__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

struct sample {
	char *name, *folder, *spare;
	uint64_t count;
};

static const struct config_key sample_keys[] = {
	{ .name = "name", .type = CONFIG_STRING, .offset = offsetof(struct sample, name), .required = true },
	{ .name = "folder",
	  .type = CONFIG_PATH,
	  .offset = offsetof(struct sample, folder),
	  .fallback = "/var/lib/x" },
	{ .name = "spare", .type = CONFIG_STRING, .offset = offsetof(struct sample, spare) },
	{ .name = "count", .type = CONFIG_UINT, .offset = offsetof(struct sample, count), .max = 9 },
};

static int parse(void)
{
	struct sample s = { 0 };
	char error[200];
	int r = config_parse("a.yaml", TEXT("name: web-1\nspare: yes\ncount: 3\n"), sample_keys,
	                     ARRAY_SIZE(sample_keys), &s, error, sizeof(error));
	cr_assert(r == 0 ? s.name && s.folder && s.spare && s.count == 3 : !s.name && !s.folder && !s.spare,
	          "%s: %d", "a configuration is whole or empty", r);
	config_free(sample_keys, ARRAY_SIZE(sample_keys), &s);
	return r;
}

Test(ours, a_configuration_is_read_whole_or_not_at_all)
{
	uint64_t n = 0;
	bool failed;
	do {
		alloc_fail(++n, ALLOC_ONCE);
		int r = parse();
		failed = alloc_failed();
		cr_assert(r == 0 || (failed && r == -ENOMEM), "allocation %llu: %d", (unsigned long long)n,
		          r);
	} while (failed);
	cr_assert_gt(n, 3, "a configuration takes memory");
	if (__lsan_do_recoverable_leak_check)
		cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
}
