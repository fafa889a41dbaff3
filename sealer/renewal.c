#include "sealer/renewal.h"

#include <stdio.h>

#include "lib/file.h"
#include "lib/text.h"

#define FILE_NAME_MAX 48

static int keep(struct sealer *s, uint64_t generation, const char *which, struct span note)
{
	char name[FILE_NAME_MAX];
	snprintf(name, sizeof(name), "generation-%llu-%s", (unsigned long long)generation, which);
	return file_replace(s->options.log.env, s->options.spool_fd, name, note, 0640);
}

/* The newest note of the former generation is in the newest receipt. */
static int keep_former(struct sealer *s, uint64_t generation)
{
	cleanup_buf struct buf bytes = { 0 }, entry = { 0 };
	struct receipt mine;
	int r = file_read(s->options.log.env, s->options.spool_fd, "receipt", RECEIPT_MAX_BYTES, &bytes);
	if (r == 0)
		r = receipt_parse((struct span){ bytes.data, bytes.len }, &entry, &mine);
	return r < 0 ? r : keep(s, generation, "held", mine.note);
}

static void put_head(struct buf *b, const char *word, const struct fleet_head *head)
{
	buf_printf(b, "%s %llu %llu ", word, (unsigned long long)MAX(head->generation, (uint64_t)1),
	           (unsigned long long)head->size);
	text_put_base64(b, head->root.b, sizeof(head->root.b));
}

int renewal_tell(struct sealer *s, const struct receipt *r, const struct fleet_head *head)
{
	cleanup_buf struct buf detail = { 0 };
	/* An entry even where the disk takes no notes: it has both heads. */
	(void)!keep_former(s, head->generation);
	(void)!keep(s, head->generation, "shown", r->note);
	put_head(&detail, "held", &s->held);
	put_head(&detail, " shown", head);
	buf_put_u8(&detail, 0);
	int e = buf_err(&detail);
	return e < 0 ? e : sealer_note(s, AGENT_NEW_GENERATION, (const char *)detail.data);
}
