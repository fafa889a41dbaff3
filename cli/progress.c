#include "cli/progress.h"

#include <stdio.h>

#include "lib/env.h"

#define TERMINAL_STEP_US (200u * 1000)
#define LINE_STEP_US     (5u * 1000 * 1000)

void progress_init(struct progress *p, uint64_t total, bool terminal)
{
	uint64_t now = env_now_us();
	*p = (struct progress){ .total = total, .terminal = terminal, .begun_us = now, .shown_us = now };
}

void progress_words(const struct progress *p, uint64_t bytes, uint64_t now_us, char *ret, size_t size)
{
	if (bytes == 0 || bytes > p->total) {
		snprintf(ret, size, "%llu MiB", (unsigned long long)(bytes >> 20));
		return;
	}
	double took_s = now_us > p->begun_us ? (double)(now_us - p->begun_us) / 1e6 : 0;
	double left_s = took_s * (double)(p->total - bytes) / (double)bytes;
	snprintf(ret, size, "%u%% of %llu MiB, %.0f s left",
	         (unsigned)(100.0 * (double)bytes / (double)p->total), (unsigned long long)(p->total >> 20),
	         left_s);
}

void progress_show(void *ctx, uint64_t bytes)
{
	struct progress *p = ctx;
	uint64_t now = env_now_us();
	char words[80];
	if (now - p->shown_us < (p->terminal ? TERMINAL_STEP_US : LINE_STEP_US))
		return;
	p->shown_us = now;
	p->shown = true;
	progress_words(p, bytes, now, words, sizeof(words));
	fprintf(stderr, p->terminal ? "\r%s\033[K" : "%s\n", words);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown && p->terminal)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
