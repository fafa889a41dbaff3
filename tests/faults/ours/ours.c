#include "tests/faults/ours/ours.h"

#include <stdlib.h>

static uint64_t countdown;
static enum alloc_mode fail_mode;
static bool failed;

void *failing_malloc(size_t n);
void *failing_calloc(size_t n, size_t size);
void *failing_realloc(void *p, size_t n);
void *failing_reallocarray(void *p, size_t n, size_t size);

void alloc_fail(uint64_t n, enum alloc_mode mode)
{
	countdown = n;
	fail_mode = mode;
	failed = false;
}

bool alloc_failed(void)
{
	return failed;
}

static bool fails_now(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	countdown = fail_mode == ALLOC_FROM_THEN_ON ? 1 : 0;
	failed = true;
	return true;
}

void *failing_malloc(size_t n)
{
	return fails_now() ? NULL : malloc(n);
}

void *failing_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : calloc(n, size);
}

void *failing_realloc(void *p, size_t n)
{
	return fails_now() ? NULL : realloc(p, n);
}

void *failing_reallocarray(void *p, size_t n, size_t size)
{
	return fails_now() ? NULL : reallocarray(p, n, size);
}
