/* Small files that `swornlog verify` takes: receipts, checkpoints, evidence of a split view. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/verify_inputs.h"
#include "evidence/split_view.h"
#include "lib/text.h"

bool verify_takes_file(struct span bytes)
{
	struct note n;
	struct checkpoint c;
	return span_starts(bytes, "swornlog-receipt/v1\n") ||
	       (note_parse(bytes, &n) == 0 && checkpoint_parse(n.text, &c) == 0);
}

static void put_view(struct buf *b, const struct view_note *v)
{
	struct note n;
	struct checkpoint c;
	if (note_parse(v->note, &n) < 0 || checkpoint_parse(n.text, &c) < 0)
		return;
	buf_printf(b, "  %llu entries, root ", (unsigned long long)c.size);
	text_put_base64(b, c.root.b, sizeof(c.root.b));
	buf_put_str(b, ", said to be from: ");
	buf_put(b, v->from.data, v->from.len);
	buf_put_u8(b, '\n');
}

static void put_text(struct buf *b, const struct split_view *v)
{
	buf_printf(b, "split-view: %s signed two checkpoints that can't both be true\n", v->view[0].log.name);
	put_view(b, &v->view[0]);
	put_view(b, &v->view[1]);
	if (!v->has_root)
		return;
	buf_put_str(b, "The proof shows that the first entries of the second one have root ");
	text_put_base64(b, v->root.b, sizeof(v->root.b));
	buf_put_str(b, ".\n");
}

static void put_json(struct buf *b, const struct split_view *v, const char *fault)
{
	buf_printf(b, "{\"kind\":\"split-view\",\"proven\":%s,", fault ? "false" : "true");
	if (fault)
		buf_printf(b, "\"verdict\":\"%s\"}\n", fault);
	else
		buf_printf(b, "\"log\":\"%s\"}\n", v->view[0].log.name);
}

static const char *find_fault(const struct verify_request *q, const struct split_view *v)
{
	enum split_view_verdict verdict = split_view_check(v);
	if (verdict != SPLIT_VIEW_PROVEN)
		return split_view_verdict_name(verdict);
	if (!key_equal(&v->view[0].log, &q->genesis->log) || !key_equal(&v->view[1].log, &q->genesis->log))
		return "a key in the file is not the one that the genesis statement names for the fleet log";
	return NULL;
}

int verify_split_view(const struct verify_request *q, const char *path, struct span bytes)
{
	struct split_view v;
	cleanup_buf struct buf out = { 0 };
	if (split_view_parse(bytes, &v) < 0)
		return command_fail("%s: malformed evidence of a split view", path);
	const char *fault = find_fault(q, &v);
	if (q->json)
		put_json(&out, &v, fault);
	else if (fault)
		buf_printf(&out, "proves nothing: %s\n", fault);
	else
		put_text(&out, &v);
	if (buf_err(&out))
		return command_fail("%s", strerror(-buf_err(&out)));
	fwrite(out.data, 1, out.len, stdout);
	return fault ? COMMAND_FINDINGS : COMMAND_OK;
}
