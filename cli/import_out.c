#include "cli/import_out.h"

#include <stdio.h>

#include "evidence/entry.h"

void import_out_done(struct import_out *o)
{
	for (size_t i = 0; i < o->watches; i++)
		free(o->watch[i].path);
	for (size_t i = 0; i < o->rules; i++)
		free(o->rule[i]);
}

void import_label(const struct auditctl_rule *r, char ret[IMPORT_LABEL_MAX + 1])
{
	struct span key = r->keys > 0 ? r->key[0] : (struct span){ 0 };
	size_t n = 0;
	for (; n < key.len && n < IMPORT_LABEL_MAX; n++) {
		uint8_t c = key.data[n];
		bool kept =
		        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
		ret[n] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : kept ? (char)c : '-';
	}
	ret[n] = 0;
	if (n == 0)
		strcpy(ret, "imported");
}

/* The agent splits its rules at blanks and knows no quotes. */
static bool is_plain(struct span word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] <= ' ' || word.data[i] > '~')
			return false;
	}
	return true;
}

static bool put_word(struct buf *b, const char *option, struct span word)
{
	if (!is_plain(word))
		return false;
	buf_printf(b, " %s%s", option, option[strlen(option) - 1] == '=' ? "" : " ");
	buf_put(b, word.data, word.len);
	return true;
}

static bool put_field(struct buf *b, const struct auditctl_field *f)
{
	struct span whole = { f->name.data, f->name.len + f->op.len + f->value.len };
	return put_word(b, f->compare ? "-C" : "-F", whole);
}

static bool put_calls(struct buf *b, const struct auditctl_rule *r, const struct coverage *c)
{
	const char *comma = " -S ";
	if (r->arch.len == 0 && r->calls > 0 && r->list == AUDITCTL_EXIT)
		buf_put_str(b, " -F arch=b64");
	if (r->all_calls) {
		buf_put_str(b, " -S all");
		return true;
	}
	for (size_t i = 0; i < r->calls; i++) {
		if (!c->kept[i])
			continue;
		if (!is_plain(r->call[i]))
			return false;
		buf_put_str(b, comma);
		buf_put(b, r->call[i].data, r->call[i].len);
		comma = ",";
	}
	return true;
}

static bool put_watch_rule(struct buf *b, const struct auditctl_rule *r)
{
	static const char letters[] = "rwxa";
	bool good = put_word(b, "-w", r->path);
	buf_put_str(b, " -p ");
	for (size_t i = 0; i < 4; i++) {
		if (r->access == 0 || r->access & 1u << i)
			buf_put_u8(b, (uint8_t)letters[i]);
	}
	return good;
}

static bool put_rule(struct buf *b, const struct auditctl_rule *r, const struct coverage *c)
{
	static const char *const lists[] = { "task", "exit", "user", "exclude", "filesystem", "io_uring" };
	buf_printf(b, " %s %s,%s", r->first ? "-A" : "-a", r->never ? "never" : "always", lists[r->list]);
	if (r->arch.len > 0 && !put_word(b, r->arch_excludes ? "-F arch!=" : "-F arch=", r->arch))
		return false;
	if (!put_calls(b, r, c))
		return false;
	for (size_t i = 0; i < r->fields; i++) {
		if (!put_field(b, &r->field[i]))
			return false;
	}
	return true;
}

int import_put_rule(struct buf *ret, const struct auditctl_rule *r, const struct coverage *c)
{
	cleanup_buf struct buf b = { 0 };
	bool good = r->form == AUDITCTL_WATCH ? put_watch_rule(&b, r) : put_rule(&b, r, c);
	if (!good || (r->keys > 0 && !put_word(&b, "-k", r->key[0])))
		return -EINVAL;
	if (buf_err(&b))
		return buf_err(&b);
	buf_put(ret, b.data + 1, b.len - 1);
	return buf_err(ret);
}

static char *copy_text(struct span s)
{
	return strndup((const char *)s.data, s.len);
}

static bool has_label(const struct import_out *o, const char *label)
{
	for (size_t i = 0; i < o->watches; i++) {
		if (strcmp(o->watch[i].label, label) == 0)
			return true;
	}
	return false;
}

static bool label_is_new(const struct import_out *o, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(o->watch[i].label, o->watch[at].label) == 0)
			return false;
	}
	return true;
}

static size_t count_labels(const struct import_out *o)
{
	size_t count = 0;
	for (size_t i = 0; i < o->watches; i++)
		count += label_is_new(o, i);
	return count;
}

static int take_watch(struct import_out *o, const struct auditctl_rule *r)
{
	struct span path = r->path;
	char label[IMPORT_LABEL_MAX + 1];
	import_label(r, label);
	while (path.len > 1 && path.data[path.len - 1] == '/')
		path.len--;
	for (size_t i = 0; i < o->watches; i++) {
		if (strcmp(o->watch[i].label, label) == 0 && span_is(path, o->watch[i].path))
			return 0;
	}
	if (o->watches == IMPORT_WATCHES_MAX ||
	    (!has_label(o, label) && count_labels(o) == IMPORT_LABELS_MAX))
		return -E2BIG;
	struct import_watch *w = &o->watch[o->watches];
	w->path = copy_text(path);
	if (!w->path)
		return -ENOMEM;
	strcpy(w->label, label);
	o->watches++;
	return 0;
}

static int take_rule(struct import_out *o, const struct auditctl_rule *r, const struct coverage *c)
{
	cleanup_buf struct buf b = { 0 };
	int err = import_put_rule(&b, r, c);
	if (err)
		return err;
	struct span text = { b.data, b.len };
	for (size_t i = 0; i < o->rules; i++) {
		if (span_is(text, o->rule[i]))
			return 0;
	}
	if (o->rules == IMPORT_RULES_MAX)
		return -E2BIG;
	o->rule[o->rules] = copy_text(text);
	if (!o->rule[o->rules])
		return -ENOMEM;
	o->rules++;
	return 0;
}

int import_out_take(struct import_out *o, const struct auditctl_rule *r, const struct coverage *c)
{
	int err = c->verdict == COVERAGE_RULE ? take_rule(o, r, c) : 0;
	if (!err && c->watch)
		err = take_watch(o, r);
	for (size_t kind = 0; !err && kind < COVERAGE_KINDS_MAX; kind++)
		o->kind[kind] = o->kind[kind] || (c->kind[kind] && coverage_kind_is_optional(kind));
	return err;
}

/* As a YAML scalar in double quotes. */
static void put_scalar(struct buf *b, const char *text)
{
	buf_put_u8(b, '"');
	for (const char *p = text; *p; p++) {
		uint8_t c = (uint8_t)*p;
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_put_u8(b, c);
	}
	buf_put_u8(b, '"');
}

static void put_kinds(const struct import_out *o, struct buf *b)
{
	bool begun = false;
	for (size_t kind = 0; kind < COVERAGE_KINDS_MAX; kind++) {
		if (!o->kind[kind])
			continue;
		if (!begun)
			buf_put_str(b, "kinds:\n");
		begun = true;
		buf_printf(b, "  %s: true\n", entry_kind_name(kind));
	}
}

/* Each label once, with all its paths. */
static void put_watches(const struct import_out *o, struct buf *b)
{
	if (o->watches > 0)
		buf_put_str(b, "watch:\n");
	for (size_t i = 0; i < o->watches; i++) {
		if (!label_is_new(o, i))
			continue;
		buf_put_str(b, "  - label: ");
		put_scalar(b, o->watch[i].label);
		buf_put_str(b, "\n    paths:\n");
		for (size_t k = i; k < o->watches; k++) {
			if (strcmp(o->watch[k].label, o->watch[i].label) != 0)
				continue;
			buf_put_str(b, "      - ");
			put_scalar(b, o->watch[k].path);
			buf_put_u8(b, '\n');
		}
	}
}

void import_out_put(const struct import_out *o, struct buf *b)
{
	buf_put_str(b, "# Made by swornlog import-rules.\n");
	put_kinds(o, b);
	put_watches(o, b);
	if (o->rules > 0)
		buf_put_str(b, "audit:\n  rules:\n");
	for (size_t i = 0; i < o->rules; i++) {
		buf_put_str(b, "    - ");
		put_scalar(b, o->rule[i]);
		buf_put_u8(b, '\n');
	}
}
