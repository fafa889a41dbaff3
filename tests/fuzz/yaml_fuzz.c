/* Any bytes as YAML: a tree within its bounds, or a sentence. */
#include "lib/yaml_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const struct yaml_node *n, unsigned depth)
{
	if (!n)
		return 0;
	if (depth > YAML_MAX_DEPTH || n->line == 0 || (n->kind == YAML_NODE_SCALAR && n->child))
		abort();
	size_t nodes = 1, count = 0;
	for (const struct yaml_node *c = n->child; c; c = c->next, count++) {
		if ((n->kind == YAML_NODE_MAPPING) != (c->key.data != NULL))
			abort();
		nodes += walk(c, depth + 1);
	}
	if (count != n->count)
		abort();
	return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[160] = "";
	struct yaml_errors errors = { "fuzz", text, sizeof(text) };
	struct yaml_tree *tree = NULL;
	int r = yaml_tree_parse((struct span){ data, size }, &errors, &tree);
	if (r < 0 ? !text[0] || tree : walk(yaml_tree_root(tree), 1) > YAML_MAX_NODES)
		abort();
	yaml_tree_free(tree);
	return 0;
}
