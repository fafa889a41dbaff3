#include "collector/audit_replay.h"

#include "evidence/audit_type.h"

#include <stdio.h>

/* Longer than any record with its type and node in front, and a log daemon's interpretation behind. */
#define LINE_MAX_BYTES (2 * AUDIT_RECORD_MAX_BYTES)

struct audit_replay {
	struct audit_feed *feed;
	FILE *file;
	bool ended;
	char line[LINE_MAX_BYTES];
};

/* The word after `prefix` at the head of `s`, which is moved behind it and its space. */
static bool take_word(struct span *s, const char *prefix, struct span *ret)
{
	if (!span_starts(*s, prefix))
		return false;
	size_t at = strlen(prefix), end = at;
	while (end < s->len && s->data[end] != ' ')
		end++;
	if (end == s->len)
		return false;
	*ret = (struct span){ s->data + at, end - at };
	*s = (struct span){ s->data + end + 1, s->len - end - 1 };
	return true;
}

int audit_replay_split(struct span line, uint16_t *ret_type, struct span *ret_text)
{
	static const char msg[] = "msg=";
	struct span node, type;
	uint16_t number;
	if (span_starts(line, "node=") && !take_word(&line, "node=", &node))
		return -EBADMSG;
	if (!take_word(&line, "type=", &type) || !span_starts(line, "msg=audit("))
		return -EBADMSG;
	if (audit_type_number(type, &number) < 0)
		return -EBADMSG;
	*ret_type = number;
	*ret_text = (struct span){ line.data + sizeof(msg) - 1, line.len - (sizeof(msg) - 1) };
	return 0;
}

int audit_replay_open(const char *path, struct audit_feed *feed, struct audit_replay **ret)
{
	cleanup_free struct audit_replay *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->feed = feed;
	r->file = fopen(path, "re");
	if (!r->file)
		return -errno;
	*ret = TAKE_PTR(r);
	return 0;
}

void audit_replay_free(struct audit_replay *r)
{
	if (!r)
		return;
	fclose(r->file);
	free(r);
}

/* 1 and the line without its newline, 0 at the end, -EMSGSIZE for a line that is too long (it is read over),
 * or a negative errno of reading. */
static int next_line(struct audit_replay *r, size_t *ret_len)
{
	size_t len = 0;
	int c;
	while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
		if (len < sizeof(r->line))
			r->line[len] = (char)c;
		len++;
	}
	if (c == EOF && ferror(r->file))
		return -EIO;
	if (c == EOF && len == 0)
		return 0;
	if (len > sizeof(r->line))
		return -EMSGSIZE;
	*ret_len = len;
	return 1;
}

static void feed_line(struct audit_replay *r, size_t len, uint64_t now_us)
{
	uint16_t type;
	struct span text;
	if (audit_replay_split((struct span){ (const uint8_t *)r->line, len }, &type, &text) < 0) {
		audit_feed_lose(r->feed, LOSS_MALFORMED, UPPER_BOUND, 1, now_us,
		                "a line of the replayed audit log that is no record");
		return;
	}
	audit_feed_push(r->feed, type, text, now_us);
}

ssize_t audit_replay_read(struct audit_replay *r, size_t max_lines, uint64_t now_us)
{
	size_t lines = 0, len = 0;
	while (lines < max_lines && !r->ended) {
		int n = next_line(r, &len);
		if (n == -EIO)
			return n;
		if (n == 0) {
			r->ended = true;
			audit_feed_flush(r->feed, now_us);
			break;
		}
		if (n == -EMSGSIZE)
			audit_feed_lose(r->feed, LOSS_TOO_LARGE, UPPER_BOUND, 1, now_us,
			                "a line of the replayed audit log that is too long");
		else
			feed_line(r, len, now_us);
		lines++;
	}
	return (ssize_t)lines;
}
