#include "drill/act.h"

#include <stdarg.h>
#include <stdio.h>

int act_impossible(struct act *a, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, args);
	va_end(args);
	return -ENOTSUP;
}

int act_failed(struct act *a, int error, const char *fmt, ...)
{
	va_list args;
	if (a->why[0]) /* what was said first is nearer to the cause */
		return error;
	va_start(args, fmt);
	int n = vsnprintf(a->why, sizeof(a->why), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(a->why))
		snprintf(a->why + n, sizeof(a->why) - (size_t)n, ": %s", strerror(-error));
	return error;
}

int act_step(struct act *a, int r, const char *what)
{
	return r < 0 ? act_failed(a, r, "%s", what) : 0;
}
