#include "collector/rules.h"

#include <fcntl.h>

#include "lib/file.h"

struct section {
	const char *name;
	/* Into a zeroed part of the rules. node: NULL where the section is absent, which means its defaults.
	 * On error the part is as `done` may find it. */
	int (*parse)(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r);
	void (*done)(struct rules *r); /* NULL: nothing to free */
};

static int parse_kinds(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r)
{
	return kinds_parse(e, node, &r->kinds);
}

static int parse_redact(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r)
{
	return redact_config_parse(e, node, &r->redact);
}

static void done_redact(struct rules *r)
{
	redact_config_free(r->redact);
}

static int parse_watch(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r)
{
	return watch_parse(e, node, &r->watch);
}

static void done_watch(struct rules *r)
{
	watch_done(&r->watch);
}

static int parse_audit(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r)
{
	return audit_section_parse(e, node, &r->audit);
}

static void done_audit(struct rules *r)
{
	audit_section_done(&r->audit);
}

static int parse_exclude(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r)
{
	return exclude_parse(e, node, &r->exclude);
}

static void done_exclude(struct rules *r)
{
	exclude_done(&r->exclude);
}

static int parse_throttle(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r)
{
	return throttle_parse(e, node, &r->throttle);
}

static int parse_repeats(const struct yaml_errors *e, const struct yaml_node *node, struct rules *r)
{
	return repeat_rules_parse(e, node, &r->repeats);
}

static const struct section sections[] = {
	{ "kinds", parse_kinds, NULL },       { "redact", parse_redact, done_redact },
	{ "watch", parse_watch, done_watch }, { "exclude", parse_exclude, done_exclude },
	{ "audit", parse_audit, done_audit }, { "throttle", parse_throttle, NULL },
	{ "repeats", parse_repeats, NULL },
};

static const struct section *find_section(struct span name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (span_is(name, sections[i].name))
			return &sections[i];
	return NULL;
}

static int check_names(const struct yaml_errors *e, const struct yaml_node *root)
{
	const char *names[ARRAY_SIZE(sections)];
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		names[i] = sections[i].name;
	for (const struct yaml_node *n = root->child; n; n = n->next)
		if (!find_section(n->key))
			return yaml_fail_unknown(e, n->key_line, "section", n->key, names, ARRAY_SIZE(names));
	return 0;
}

static const struct yaml_node *section_node(const struct yaml_node *root, const char *name)
{
	const struct yaml_node *n = root ? root->child : NULL;
	while (n && !span_is(n->key, name))
		n = n->next;
	return n;
}

static int take_sections(const struct yaml_errors *e, const struct yaml_node *root, struct rules *r)
{
	if (root && root->kind != YAML_NODE_MAPPING)
		return yaml_fail(e, root->line, "expected sections ('watch:' and the like)");
	int err = root ? check_names(e, root) : 0;
	for (size_t i = 0; !err && i < ARRAY_SIZE(sections); i++)
		err = sections[i].parse(e, section_node(root, sections[i].name), r);
	return err;
}

static void free_rules(struct rules **r)
{
	rules_free(*r);
}

static int take_tree(const struct yaml_errors *e, const struct yaml_tree *tree, struct span bytes,
                     struct rules **ret)
{
	struct rules *r cleanup(free_rules) = calloc(1, sizeof(*r));
	int err = r ? take_sections(e, yaml_tree_root(tree), r) : -ENOMEM;
	if (!err) {
		buf_put(&r->text, bytes.data, bytes.len);
		err = buf_err(&r->text);
	}
	if (err == -ENOMEM)
		yaml_fail(e, 0, "out of memory");
	if (err)
		return err;
	sha256(bytes.data, bytes.len, &r->digest);
	*ret = TAKE_PTR(r);
	return 0;
}

int rules_parse(const char *name, struct span bytes, struct rules **ret, char *error, size_t error_size)
{
	struct yaml_errors e = { name, error, error_size };
	struct yaml_tree *tree;
	if (bytes.len > RULES_MAX_BYTES) {
		yaml_fail(&e, 0, "larger than %d bytes", RULES_MAX_BYTES);
		return -EFBIG;
	}
	int err = yaml_tree_parse(bytes, &e, &tree);
	if (err)
		return err;
	err = take_tree(&e, tree, bytes, ret);
	yaml_tree_free(tree);
	return err;
}

int rules_load(const char *path, struct rules **ret, char *error, size_t error_size)
{
	struct yaml_errors e = { path, error, error_size };
	cleanup_buf struct buf b = { 0 };
	int err = file_read(env_system(), AT_FDCWD, path, YAML_MAX_BYTES, &b);
	if (err && err != -ENOENT) {
		yaml_fail(&e, 0, "cannot be read: %s", strerror(-err));
		return err;
	}
	return rules_parse(path, (struct span){ b.data, b.len }, ret, error, error_size);
}

void rules_free(struct rules *r)
{
	for (size_t i = 0; r && i < ARRAY_SIZE(sections); i++)
		if (sections[i].done)
			sections[i].done(r);
	if (r)
		buf_done(&r->text);
	free(r);
}
