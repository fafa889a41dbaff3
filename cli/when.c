#include "cli/when.h"

#include <time.h>

#include "lib/text.h"

static int relative_time(const char *text, uint64_t now_us, uint64_t *ret)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t n = strlen(text);
	uint64_t count;
	if (n < 2 || text_decimal((struct span){ (const uint8_t *)text, n - 1 }, &count) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t us;
		if (units[i].unit != text[n - 1])
			continue;
		if (__builtin_mul_overflow(count, units[i].seconds * 1000000, &us))
			return -EINVAL;
		*ret = us > now_us ? 0 : now_us - us;
		return 0;
	}
	return -EINVAL;
}

int when_parse(const char *text, uint64_t now_us, uint64_t *ret_wall_us)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
		                             "%Y-%m-%d %H:%M",     "%Y-%m-%dT%H:%M",    "%Y-%m-%d" };
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		time_t t = timegm(&tm);
		if (t < 0)
			return -EINVAL;
		*ret_wall_us = (uint64_t)t * 1000000;
		return 0;
	}
	return relative_time(text, now_us, ret_wall_us);
}
