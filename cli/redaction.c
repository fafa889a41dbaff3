#include "cli/redaction.h"

#include "cli/command.h"

#define HOST_RULES "/etc/swornlog/collect.yaml"

static void free_tree(struct yaml_tree **t)
{
	yaml_tree_free(*t);
}

static int take_section(const struct yaml_errors *e, const struct yaml_node *root, struct redact_config **ret)
{
	if (root && root->kind != YAML_NODE_MAPPING)
		return yaml_fail(e, root->line, "expected sections ('redact:' and the like)");
	const struct yaml_node *section = root ? root->child : NULL;
	while (section && !span_is(section->key, "redact"))
		section = section->next;
	return redact_config_parse(e, section, ret);
}

bool redaction_load(const char *path, struct redact_config **ret)
{
	char error[512] = "";
	struct yaml_errors e = { path ? path : HOST_RULES, error, sizeof(error) };
	struct yaml_tree *tree cleanup(free_tree) = NULL;
	int err = yaml_tree_load(e.file, &e, NULL, &tree);
	if (err == -ENOENT && !path)
		err = 0;
	if (!err)
		err = take_section(&e, tree ? yaml_tree_root(tree) : NULL, ret);
	if (err)
		command_fail("%s", err == -ENOMEM || !error[0] ? strerror(-err) : error);
	return !err;
}
