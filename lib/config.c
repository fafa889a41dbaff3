#include "lib/config.h"

#include "lib/yaml_value.h"

struct loader {
	struct yaml_errors errors;
	const struct config_key *keys;
	size_t key_count;
	void *into;
};

static void *field_of(const struct loader *l, const struct config_key *key)
{
	return (char *)l->into + key->offset;
}

static int set_text(const struct loader *l, const struct config_key *key, const struct yaml_node *n)
{
	struct span s;
	int err = key->type == CONFIG_PATH ? yaml_path(&l->errors, n, key->name, &s)
	                                   : yaml_text(&l->errors, n, key->name, &s);
	if (err)
		return err;
	char **to = field_of(l, key);
	*to = strndup((const char *)s.data, s.len);
	return *to ? 0 : -ENOMEM;
}

static int set_value(const struct loader *l, const struct config_key *key, const struct yaml_node *n)
{
	switch (key->type) {
	case CONFIG_STRING:
	case CONFIG_PATH:
		return set_text(l, key, n);
	case CONFIG_UINT:
		return yaml_uint(&l->errors, n, key->name, key->min, key->max, field_of(l, key));
	case CONFIG_BOOL:
		return yaml_bool(&l->errors, n, key->name, field_of(l, key));
	case CONFIG_CHOICE:
		return yaml_choice(&l->errors, n, key->name, key->choices, field_of(l, key));
	}
	return -EINVAL;
}

static const struct config_key *find_key(const struct loader *l, struct span name)
{
	for (size_t i = 0; i < l->key_count; i++)
		if (span_is(name, l->keys[i].name))
			return &l->keys[i];
	return NULL;
}

static int fail_unknown(const struct loader *l, const struct yaml_node *n)
{
	const char *names[CONFIG_MAX_KEYS];
	for (size_t i = 0; i < l->key_count; i++)
		names[i] = l->keys[i].name;
	return yaml_fail_unknown(&l->errors, n->key_line, "key", n->key, names, l->key_count);
}

static const struct yaml_node *find_node(const struct yaml_node *root, const char *name)
{
	const struct yaml_node *n = root ? root->child : NULL;
	while (n && !span_is(n->key, name))
		n = n->next;
	return n;
}

static int fill_absent(const struct loader *l, const struct yaml_node *root)
{
	for (size_t i = 0; i < l->key_count; i++) {
		const struct config_key *key = &l->keys[i];
		if (find_node(root, key->name))
			continue;
		if (key->required)
			return yaml_fail(&l->errors, 0, "'%s' is missing: it must be given", key->name);
		if (!key->fallback)
			continue;
		struct yaml_node n = { .kind = YAML_NODE_SCALAR,
			               .plain = true,
			               .text = { (const uint8_t *)key->fallback, strlen(key->fallback) } };
		int err = set_value(l, key, &n);
		if (err)
			return err;
	}
	return 0;
}

static int fill(const struct loader *l, const struct yaml_node *root)
{
	if (root && root->kind != YAML_NODE_MAPPING)
		return yaml_fail(&l->errors, root->line, "expected 'key: value' lines");
	for (const struct yaml_node *n = root ? root->child : NULL; n; n = n->next) {
		const struct config_key *key = find_key(l, n->key);
		int err = key ? set_value(l, key, n) : fail_unknown(l, n);
		if (err)
			return err;
	}
	return fill_absent(l, root);
}

static int take_tree(const struct loader *l, struct yaml_tree *tree)
{
	int err = fill(l, yaml_tree_root(tree));
	yaml_tree_free(tree);
	if (err == -ENOMEM)
		yaml_fail(&l->errors, 0, "out of memory");
	if (err)
		config_free(l->keys, l->key_count, l->into);
	return err;
}

int config_parse(const char *name, struct span bytes, const struct config_key *keys, size_t key_count,
                 void *into, char *error, size_t error_size)
{
	struct loader l = {
		.errors = { name, error, error_size }, .keys = keys, .key_count = key_count, .into = into
	};
	assert(key_count <= CONFIG_MAX_KEYS);
	struct yaml_tree *tree;
	int err = yaml_tree_parse(bytes, &l.errors, &tree);
	return err ? err : take_tree(&l, tree);
}

int config_load(const char *path, const struct config_key *keys, size_t key_count, void *into,
                struct hash *ret_digest, char *error, size_t error_size)
{
	struct loader l = {
		.errors = { path, error, error_size }, .keys = keys, .key_count = key_count, .into = into
	};
	assert(key_count <= CONFIG_MAX_KEYS);
	struct yaml_tree *tree;
	struct hash digest;
	int err = yaml_tree_load(path, &l.errors, &digest, &tree);
	if (!err)
		err = take_tree(&l, tree);
	if (!err && ret_digest)
		*ret_digest = digest;
	return err;
}

static const size_t FIELD_BYTES[] = {
	[CONFIG_STRING] = sizeof(char *),   [CONFIG_PATH] = sizeof(char *),
	[CONFIG_UINT] = sizeof(uint64_t),   [CONFIG_BOOL] = sizeof(bool),
	[CONFIG_CHOICE] = sizeof(unsigned),
};

void config_free(const struct config_key *keys, size_t key_count, void *into)
{
	for (size_t i = 0; i < key_count; i++) {
		void *field = (char *)into + keys[i].offset;
		if (keys[i].type == CONFIG_STRING || keys[i].type == CONFIG_PATH)
			free(*(char **)field);
		memset(field, 0, FIELD_BYTES[keys[i].type]);
	}
}
