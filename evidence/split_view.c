#include "evidence/split_view.h"

#include "evidence/line.h"
#include "evidence/part.h"
#include "lib/text.h"

#define FIRST_LINE "swornlog-split-view/v1\n"

static void put_view(struct buf *b, const struct view_note *v)
{
	buf_put_str(b, "from ");
	buf_put(b, v->from.data, v->from.len);
	buf_put_str(b, "\nlog ");
	key_put(b, &v->log);
	buf_put_u8(b, '\n');
	part_put(b, "note", v->note);
}

void split_view_put(struct buf *b, const struct split_view *v)
{
	buf_put_str(b, FIRST_LINE);
	put_view(b, &v->view[0]);
	put_view(b, &v->view[1]);
	if (!v->has_root)
		return;
	buf_put_str(b, "root ");
	text_put_base64(b, v->root.b, sizeof(v->root.b));
	buf_put_u8(b, '\n');
	for (size_t i = 0; i < v->proof_len; i++) {
		text_put_base64(b, v->proof[i].b, sizeof(v->proof[i].b));
		buf_put_u8(b, '\n');
	}
}

bool split_view_is(struct span bytes)
{
	size_t n = strlen(FIRST_LINE);
	return bytes.len >= n && memcmp(bytes.data, FIRST_LINE, n) == 0;
}

static bool printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < 0x20 || s.data[i] > 0x7e)
			return false;
	}
	return s.len > 0 && s.len <= SPLIT_VIEW_FROM_MAX;
}

static void get_view(struct cursor *c, struct view_note *ret)
{
	ret->from = line_get(c, "from");
	struct span vkey = line_get(c, "log");
	if (c->err || !printable(ret->from) || key_parse(vkey, &ret->log) < 0 ||
	    ret->log.type != KEY_TYPE_ED25519)
		cursor_fail(c);
	ret->note = part_get(c, "note", NOTE_MAX_BYTES);
}

static void get_proof(struct cursor *c, struct split_view *v)
{
	v->has_root = true;
	if (text_base64_exact(line_get(c, "root"), v->root.b, sizeof(v->root.b)) < 0)
		cursor_fail(c);
	while (!c->err && cursor_left(c)) {
		struct span line = cursor_line(c);
		if (v->proof_len == ARRAY_SIZE(v->proof) ||
		    text_base64_exact(line, v->proof[v->proof_len].b, sizeof(v->proof[0].b)) < 0)
			cursor_fail(c);
		else
			v->proof_len++;
	}
}

int split_view_parse(struct span bytes, struct split_view *ret)
{
	struct cursor c;
	struct split_view v = { 0 };
	if (bytes.len > SPLIT_VIEW_MAX_BYTES || !split_view_is(bytes))
		return -EBADMSG;
	cursor_init(&c, bytes.data + strlen(FIRST_LINE), bytes.len - strlen(FIRST_LINE));
	get_view(&c, &v.view[0]);
	get_view(&c, &v.view[1]);
	if (!c.err && cursor_left(&c))
		get_proof(&c, &v);
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	*ret = v;
	return 0;
}

const char *split_view_verdict_name(enum split_view_verdict v)
{
	static const char *const names[] = {
		[SPLIT_VIEW_PROVEN] = "the log signed two checkpoints that can't both be true",
		[SPLIT_VIEW_BAD_NOTE] = "a note is no checkpoint that its key has signed",
		[SPLIT_VIEW_TWO_LOGS] = "the checkpoints are of different logs",
		[SPLIT_VIEW_CONSISTENT] = "the checkpoints do not contradict each other",
		[SPLIT_VIEW_BAD_PROOF] = "the proof does not lead to the second checkpoint",
	};
	return (size_t)v < ARRAY_SIZE(names) ? names[v] : "unknown verdict";
}

enum split_view_verdict split_view_check(const struct split_view *v)
{
	struct checkpoint c[2];
	for (int i = 0; i < 2; i++) {
		if (checkpoint_verify_fleet(v->view[i].note, &v->view[i].log, false, &c[i]) < 0)
			return SPLIT_VIEW_BAD_NOTE;
	}
	if (!span_equal(c[0].origin, c[1].origin))
		return SPLIT_VIEW_TWO_LOGS;
	if (c[0].size == c[1].size)
		return !v->has_root && !hash_equal(&c[0].root, &c[1].root) ? SPLIT_VIEW_PROVEN
		                                                           : SPLIT_VIEW_CONSISTENT;
	if (!v->has_root || c[0].size == 0 || c[0].size > c[1].size ||
	    !merkle_check_consistency(c[0].size, &v->root, c[1].size, &c[1].root, v->proof, v->proof_len))
		return SPLIT_VIEW_BAD_PROOF;
	return hash_equal(&v->root, &c[0].root) ? SPLIT_VIEW_CONSISTENT : SPLIT_VIEW_PROVEN;
}
