#include "lib/yaml.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include <yaml.h>

#include "lib/file.h"
#include "lib/text.h"

#define SHOWN_MAX 48 /* bytes of the file's own text in a message */

static_assert(SHOWN_MAX * 4 + 4 == YAML_SHOWN_BYTES, "an escaped byte takes up to four");

/* Nodes come one after the other and go together. */
struct tree_node {
	struct yaml_node node;
	struct tree_node *before;
	uint8_t bytes[]; /* key, text */
};

struct yaml_tree {
	struct yaml_node *root;
	struct tree_node *newest;
	size_t count;
};

struct reader {
	yaml_parser_t parser;
	struct yaml_tree *tree;
	const struct yaml_errors *errors;
	unsigned depth;
};

int yaml_fail(const struct yaml_errors *e, unsigned line, const char *fmt, ...)
{
	char what[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (line > 0)
		snprintf(e->text, e->size, "%s:%u: %s", e->file, line, what);
	else
		snprintf(e->text, e->size, "%s: %s", e->file, what);
	return -EINVAL;
}

void yaml_show(struct span s, char ret[YAML_SHOWN_BYTES])
{
	cleanup_buf struct buf b = { 0 };
	text_put_escaped(&b, (struct span){ s.data, MIN(s.len, (size_t)SHOWN_MAX) });
	buf_put_str(&b, s.len > SHOWN_MAX ? "..." : "");
	size_t n = MIN(b.len, (size_t)YAML_SHOWN_BYTES - 1);
	if (n > 0)
		memcpy(ret, b.data, n);
	ret[n] = '\0';
}

static unsigned line_of(const yaml_event_t *ev)
{
	return (unsigned)ev->start_mark.line + 1;
}

static void event_done(yaml_event_t *ev)
{
	yaml_event_delete(ev);
}

static int fail_syntax(const struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	return yaml_fail(r->errors, (unsigned)p->problem_mark.line + 1, "not YAML: %s",
	                 p->problem ? p->problem : "unreadable");
}

static bool has_anchor(const yaml_event_t *ev)
{
	return (ev->type == YAML_SCALAR_EVENT && ev->data.scalar.anchor) ||
	       (ev->type == YAML_MAPPING_START_EVENT && ev->data.mapping_start.anchor) ||
	       (ev->type == YAML_SEQUENCE_START_EVENT && ev->data.sequence_start.anchor);
}

static bool has_tag(const yaml_event_t *ev)
{
	return (ev->type == YAML_SCALAR_EVENT && ev->data.scalar.tag) ||
	       (ev->type == YAML_MAPPING_START_EVENT && ev->data.mapping_start.tag) ||
	       (ev->type == YAML_SEQUENCE_START_EVENT && ev->data.sequence_start.tag);
}

/* Anchors, aliases and tags are refused wherever they stand. */
static int next_event(struct reader *r, yaml_event_t *ev)
{
	if (!yaml_parser_parse(&r->parser, ev))
		return fail_syntax(r);
	if (ev->type == YAML_ALIAS_EVENT)
		return yaml_fail(r->errors, line_of(ev), "aliases (*name) are not allowed here");
	if (has_anchor(ev))
		return yaml_fail(r->errors, line_of(ev), "anchors (&name) are not allowed here");
	if (has_tag(ev))
		return yaml_fail(r->errors, line_of(ev), "tags (!name) are not allowed here");
	return 0;
}

/* Key and text are copied behind the node. */
static int add_node(struct reader *r, const struct yaml_node *as, struct yaml_node **ret)
{
	struct yaml_tree *t = r->tree;
	if (t->count == YAML_MAX_NODES) {
		yaml_fail(r->errors, as->line, "more than %d values", YAML_MAX_NODES);
		return -EINVAL;
	}
	struct tree_node *n = malloc(sizeof(*n) + as->key.len + as->text.len + 1);
	if (!n)
		return -ENOMEM;
	n->node = *as;
	n->before = t->newest;
	t->newest = n;
	t->count++;
	if (as->key.data)
		n->node.key.data = memcpy(n->bytes, as->key.data, as->key.len);
	if (as->text.data)
		n->node.text.data = memcpy(n->bytes + as->key.len, as->text.data, as->text.len);
	*ret = &n->node;
	return 0;
}

/* Where the next child goes. */
struct children {
	struct yaml_node *of;
	struct yaml_node *last;
};

static void append(struct children *c, struct yaml_node *child)
{
	if (c->last)
		c->last->next = child;
	else
		c->of->child = child;
	c->last = child;
	c->of->count++;
}

static int take_node(struct reader *r, const yaml_event_t *ev, const struct yaml_node *key,
                     struct yaml_node **ret);

static int take_list(struct reader *r, struct yaml_node *list)
{
	static const struct yaml_node no_key;
	struct children c = { .of = list };
	for (;;) {
		cleanup(event_done) yaml_event_t ev = { 0 };
		struct yaml_node *child;
		int err = next_event(r, &ev);
		if (err || ev.type == YAML_SEQUENCE_END_EVENT)
			return err;
		err = take_node(r, &ev, &no_key, &child);
		if (err)
			return err;
		append(&c, child);
	}
}

static int check_key(const struct reader *r, const struct yaml_node *mapping, const yaml_event_t *ev)
{
	if (ev->type != YAML_SCALAR_EVENT)
		return yaml_fail(r->errors, line_of(ev), "expected a key, not a list or a mapping");
	struct span name = { ev->data.scalar.value, ev->data.scalar.length };
	for (const struct yaml_node *n = mapping->child; n; n = n->next) {
		char shown[YAML_SHOWN_BYTES];
		if (!span_equal(n->key, name))
			continue;
		yaml_show(name, shown);
		return yaml_fail(r->errors, line_of(ev), "'%s' stands here a second time (first on line %u)",
		                 shown, n->key_line);
	}
	return 0;
}

static int take_pair(struct reader *r, struct children *c, const yaml_event_t *ev)
{
	int err = check_key(r, c->of, ev);
	if (err)
		return err;
	struct yaml_node key = { .key = { ev->data.scalar.value, ev->data.scalar.length },
		                 .key_line = line_of(ev) };
	cleanup(event_done) yaml_event_t value = { 0 };
	struct yaml_node *child;
	err = next_event(r, &value);
	if (!err)
		err = take_node(r, &value, &key, &child);
	if (err)
		return err;
	append(c, child);
	return 0;
}

static int take_mapping(struct reader *r, struct yaml_node *mapping)
{
	struct children c = { .of = mapping };
	for (;;) {
		cleanup(event_done) yaml_event_t ev = { 0 };
		int err = next_event(r, &ev);
		if (err || ev.type == YAML_MAPPING_END_EVENT)
			return err;
		err = take_pair(r, &c, &ev);
		if (err)
			return err;
	}
}

/* `key` holds nothing but the key. */
static int take_node(struct reader *r, const yaml_event_t *ev, const struct yaml_node *key,
                     struct yaml_node **ret)
{
	struct yaml_node as = *key;
	as.line = line_of(ev);
	if (r->depth == YAML_MAX_DEPTH)
		return yaml_fail(r->errors, as.line, "nested more than %d deep", YAML_MAX_DEPTH);
	as.kind = ev->type == YAML_SCALAR_EVENT           ? YAML_NODE_SCALAR
	          : ev->type == YAML_SEQUENCE_START_EVENT ? YAML_NODE_LIST
	                                                  : YAML_NODE_MAPPING;
	if (as.kind == YAML_NODE_SCALAR) {
		as.text = (struct span){ ev->data.scalar.value, ev->data.scalar.length };
		as.plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	}
	struct yaml_node *node;
	int err = add_node(r, &as, &node);
	if (err)
		return err;
	r->depth++;
	if (as.kind != YAML_NODE_SCALAR)
		err = as.kind == YAML_NODE_LIST ? take_list(r, node) : take_mapping(r, node);
	r->depth--;
	if (!err)
		*ret = node;
	return err;
}

static int take_stream(struct reader *r)
{
	static const struct yaml_node no_key;
	for (;;) {
		cleanup(event_done) yaml_event_t ev = { 0 };
		int err = next_event(r, &ev);
		if (err || ev.type == YAML_STREAM_END_EVENT)
			return err;
		if (ev.type == YAML_STREAM_START_EVENT || ev.type == YAML_DOCUMENT_END_EVENT)
			continue;
		if (r->tree->root)
			return yaml_fail(r->errors, line_of(&ev), "expected one document only");
		if (ev.type == YAML_DOCUMENT_START_EVENT)
			continue;
		err = take_node(r, &ev, &no_key, &r->tree->root);
		if (err)
			return err;
	}
}

static int read_tree(struct reader *r, struct span bytes)
{
	if (!yaml_parser_initialize(&r->parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	/* libyaml takes no NULL, not even for nothing. */
	yaml_parser_set_input_string(&r->parser, bytes.len ? bytes.data : (const uint8_t *)"", bytes.len);
	int err = take_stream(r);
	yaml_parser_delete(&r->parser);
	return err;
}

int yaml_tree_parse(struct span bytes, const struct yaml_errors *e, struct yaml_tree **ret)
{
	if (bytes.len > YAML_MAX_BYTES) {
		yaml_fail(e, 0, "larger than %u bytes", YAML_MAX_BYTES);
		return -EFBIG;
	}
	struct reader r = { .errors = e, .tree = calloc(1, sizeof(*r.tree)) };
	int err = r.tree ? read_tree(&r, bytes) : -ENOMEM;
	if (err == -ENOMEM)
		yaml_fail(e, 0, "out of memory");
	if (err) {
		yaml_tree_free(r.tree);
		return err;
	}
	*ret = r.tree;
	return 0;
}

int yaml_tree_load(const char *path, const struct yaml_errors *e, struct hash *ret_digest,
                   struct yaml_tree **ret)
{
	cleanup_buf struct buf b = { 0 };
	int err = file_read(env_system(), AT_FDCWD, path, YAML_MAX_BYTES, &b);
	if (err == -EFBIG)
		yaml_fail(e, 0, "larger than %u bytes", YAML_MAX_BYTES);
	else if (err)
		yaml_fail(e, 0, "cannot be read: %s", strerror(-err));
	if (err)
		return err;
	err = yaml_tree_parse((struct span){ b.data, b.len }, e, ret);
	if (!err && ret_digest)
		sha256(b.data, b.len, ret_digest);
	return err;
}

const struct yaml_node *yaml_tree_root(const struct yaml_tree *t)
{
	return t->root;
}

void yaml_tree_free(struct yaml_tree *t)
{
	if (!t)
		return;
	while (t->newest) {
		struct tree_node *before = t->newest->before;
		free(t->newest);
		t->newest = before;
	}
	free(t);
}
