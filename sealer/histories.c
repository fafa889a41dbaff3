#include "sealer/histories.h"

#include <stdio.h>

#include "lib/file.h"
#include "lib/text.h"

#define FILE_NAME_MAX 40

static void file_name(size_t k, const char *which, char ret[FILE_NAME_MAX])
{
	snprintf(ret, FILE_NAME_MAX, "inconsistent-%zu-%s", k, which);
}

bool histories_differ(enum receipt_verdict v)
{
	return v == RECEIPT_ROLLBACK || v == RECEIPT_INCONSISTENT || v == RECEIPT_TWO_HISTORIES;
}

static int read_shown(const struct sealer *s, size_t k, struct buf *ret)
{
	char name[FILE_NAME_MAX];
	file_name(k, "shown", name);
	return file_read(s->options.log.env, s->options.spool_fd, name, NOTE_MAX_BYTES, ret);
}

int histories_load(struct sealer *s)
{
	int r = 0;
	for (s->histories = 0; s->histories < HISTORIES_MAX; s->histories++) {
		cleanup_buf struct buf shown = { 0 };
		r = read_shown(s, s->histories, &shown);
		if (r < 0)
			break;
	}
	return r == -ENOENT ? 0 : r;
}

/* The note that this host holds is in its newest receipt, or came with its join token. */
static int held_note(const struct sealer *s, const struct receipt *r, enum receipt_verdict v, struct buf *ret)
{
	if (v == RECEIPT_TWO_HISTORIES) {
		buf_put(ret, r->witnessed.data, r->witnessed.len);
		return buf_err(ret);
	}
	cleanup_buf struct buf bytes = { 0 }, entry = { 0 };
	struct receipt mine;
	int e = file_read(s->options.log.env, s->options.spool_fd, "receipt", RECEIPT_MAX_BYTES, &bytes);
	if (e == -ENOENT && s->options.first_checkpoint.len > 0) {
		buf_put(ret, s->options.first_checkpoint.data, s->options.first_checkpoint.len);
		return buf_err(ret);
	}
	if (e == 0)
		e = receipt_parse((struct span){ bytes.data, bytes.len }, &entry, &mine);
	if (e < 0)
		return e;
	buf_put(ret, mine.note.data, mine.note.len);
	return buf_err(ret);
}

static bool told_before(const struct sealer *s, struct span shown)
{
	for (size_t k = 0; k < s->histories; k++) {
		cleanup_buf struct buf kept = { 0 };
		if (read_shown(s, k, &kept) == 0 && span_equal((struct span){ kept.data, kept.len }, shown))
			return true;
	}
	return false;
}

static int keep(struct sealer *s, struct span held, struct span shown)
{
	const struct env *env = s->options.log.env;
	char name[FILE_NAME_MAX];
	file_name(s->histories, "held", name);
	int r = file_replace(env, s->options.spool_fd, name, held, 0640);
	if (r < 0)
		return r;
	file_name(s->histories, "shown", name);
	return file_replace(env, s->options.spool_fd, name, shown, 0640);
}

static void put_head(struct buf *b, const char *word, struct span bytes)
{
	struct note n;
	struct checkpoint c;
	if (note_parse(bytes, &n) < 0 || checkpoint_parse(n.text, &c) < 0)
		return;
	buf_printf(b, "%s %llu ", word, (unsigned long long)c.size);
	text_put_base64(b, c.root.b, sizeof(c.root.b));
}

static int note_entry(struct sealer *s, struct span held, struct span shown)
{
	cleanup_buf struct buf detail = { 0 };
	put_head(&detail, "held", held);
	put_head(&detail, " shown", shown);
	buf_put_u8(&detail, 0);
	int r = buf_err(&detail);
	return r < 0 ? r : sealer_note(s, AGENT_INCONSISTENT, (const char *)detail.data);
}

int histories_tell(struct sealer *s, const struct receipt *r, enum receipt_verdict v, const char **ret)
{
	cleanup_buf struct buf held = { 0 };
	*ret = receipt_verdict_name(v);
	if (s->histories == HISTORIES_MAX || told_before(s, r->note))
		return 0;
	int e = held_note(s, r, v, &held);
	struct span mine = { held.data, held.len };
	if (e == 0)
		e = keep(s, mine, r->note);
	/* An entry even where the disk took no notes: it has both heads. */
	if (e == 0)
		s->histories++;
	e = note_entry(s, mine, r->note);
	return e == -ENOTRECOVERABLE ? e : 0;
}
