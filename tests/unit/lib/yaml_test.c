#include "lib/yaml_value.h"

#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lib/buf.h"

static char error[512];
static const struct yaml_errors errors = { "a.yaml", error, sizeof(error) };
static struct yaml_tree *tree;

static int parse(const char *text)
{
	error[0] = '\0';
	tree = NULL;
	return yaml_tree_parse(span_str(text), &errors, &tree);
}

static void done(void)
{
	yaml_tree_free(tree);
	tree = NULL;
}

static void refused(const char *text, const char *message)
{
	cr_expect_eq(parse(text), -EINVAL, "%s", text);
	cr_expect_str_eq(error, message);
	cr_expect_null(tree);
}

static const struct yaml_node *first(const char *text)
{
	cr_assert_eq(parse(text), 0, "%s", error);
	return yaml_tree_root(tree)->child;
}

Test(yaml, a_tree_keeps_order_lines_and_quotes)
{
	cr_assert_eq(parse("watch:\n  - label: phi\n    paths:\n      - /srv/phi\n      - \"/x\"\nlast: 7\n"),
	             0, "%s", error);
	const struct yaml_node *root = yaml_tree_root(tree);
	cr_assert_eq(root->kind, YAML_NODE_MAPPING);
	cr_expect_eq(root->count, 2);
	const struct yaml_node *watch = root->child, *rule = watch->child, *paths = rule->child->next;
	cr_assert_eq(watch->kind, YAML_NODE_LIST);
	cr_expect(span_is(watch->key, "watch"));
	cr_assert_eq(rule->kind, YAML_NODE_MAPPING);
	cr_expect(span_is(rule->child->key, "label") && span_is(rule->child->text, "phi"));
	cr_expect_eq(rule->line, 2);
	cr_expect_eq(paths->count, 2);
	cr_expect_eq(paths->child->line, 4);
	cr_expect(paths->child->plain);
	cr_expect_not(paths->child->next->plain);
	cr_expect_null(paths->child->next->next);
	cr_expect(span_is(watch->next->key, "last"));
	cr_expect_eq(watch->next->key_line, 6);
	done();
}

Test(yaml, nothing_has_no_root)
{
	cr_assert_eq(parse("# only words\n"), 0);
	cr_expect_null(yaml_tree_root(tree));
	done();
}

Test(yaml, what_is_not_one_plain_tree_is_refused)
{
	refused("a: &x [1]\n", "a.yaml:1: anchors (&name) are not allowed here");
	refused("a: &x 1\n", "a.yaml:1: anchors (&name) are not allowed here");
	refused("a: 1\nb: *x\n", "a.yaml:2: aliases (*name) are not allowed here");
	refused("a: !!set {b}\n", "a.yaml:1: tags (!name) are not allowed here");
	refused("a: !x [1]\n", "a.yaml:1: tags (!name) are not allowed here");
	refused("a: 1\n---\nb: 2\n", "a.yaml:2: expected one document only");
	refused("b:\n  a: 1\n  c: 2\n  a: 3\n", "a.yaml:4: 'a' stands here a second time (first on line 2)");
	refused("? [a]\n: 1\n", "a.yaml:1: expected a key, not a list or a mapping");
}

Test(yaml, depth_is_bounded)
{
	cr_expect_eq(parse("[[[[[[[1]]]]]]]"), 0);
	done();
	refused("\n[[[[[[[[1]]]]]]]]", "a.yaml:2: nested more than 8 deep");
}

Test(yaml, the_number_of_values_is_bounded)
{
	cleanup_buf struct buf b = { 0 };
	for (int i = 0; i < YAML_MAX_NODES - 1; i++)
		buf_put_str(&b, "- x\n");
	buf_put_u8(&b, 0);
	cr_expect_eq(parse((const char *)b.data), 0, "%s", error);
	done();
	b.len--;
	buf_put_str(&b, "- x\n");
	buf_put_u8(&b, 0);
	refused((const char *)b.data, "a.yaml:16384: more than 16384 values");
}

Test(yaml, bytes_are_bounded)
{
	cleanup_free char *text = malloc(YAML_MAX_BYTES + 2);
	memset(text, '#', YAML_MAX_BYTES + 1);
	text[YAML_MAX_BYTES + 1] = '\0';
	cr_expect_eq(parse(text), -EFBIG);
	cr_expect_str_eq(error, "a.yaml: larger than 262144 bytes");
}

Test(yaml, a_file_that_is_not_there_is_named)
{
	static const struct yaml_errors at = { "/nowhere/a.yaml", error, sizeof(error) };
	cr_expect_eq(yaml_tree_load("/nowhere/a.yaml", &at, NULL, &tree), -ENOENT);
	cr_expect_str_eq(error, "/nowhere/a.yaml: cannot be read: No such file or directory");
}

Test(yaml, a_value_of_another_type_is_refused)
{
	struct span s;
	uint64_t n = 5;
	bool yes;
	const struct yaml_node *list = first("x: [a]\n");
	cr_expect_eq(yaml_text(&errors, list, "x", &s), -EINVAL);
	cr_expect_str_eq(error, "a.yaml:1: 'x': expected a single value, not a list or a mapping");
	done();
	const struct yaml_node *text = first("x: many\n");
	cr_expect_eq(yaml_uint(&errors, text, "x", 1, 9, &n), -EINVAL);
	cr_expect_str_eq(error, "a.yaml:1: 'x': expected a whole number from 1 to 9, not 'many'");
	cr_expect_eq(n, 5);
	cr_expect_eq(yaml_bool(&errors, text, "x", &yes), -EINVAL);
	cr_expect_eq(yaml_path(&errors, text, "x", &s), -EINVAL);
	cr_expect_str_eq(error, "a.yaml:1: 'x': expected an absolute path (beginning with /)");
	cr_expect_eq(yaml_expect(&errors, text, "x", YAML_NODE_LIST), -EINVAL);
	cr_expect_str_eq(error, "a.yaml:1: 'x': expected a list, not a single value");
	done();
}

struct taken {
	uint64_t a;
	bool b;
};

static int take_a(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	return yaml_uint(e, n, "alpha", 0, 9, &((struct taken *)into)->a);
}

static int take_b(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	return yaml_bool(e, n, "beta", &((struct taken *)into)->b);
}

static const struct yaml_key keys[] = {
	{ "alpha", take_a, .required = true },
	{ "beta", take_b },
};

static int take(const char *text, struct taken *t)
{
	cr_assert_eq(parse(text), 0, "%s", error);
	int r = yaml_take(&errors, yaml_tree_root(tree), "it", keys, ARRAY_SIZE(keys), t);
	done();
	return r;
}

Test(yaml, a_mapping_is_read_by_a_table)
{
	struct taken t = { 0 };
	cr_expect_eq(take("beta: true\nalpha: 4\n", &t), 0, "%s", error);
	cr_expect(t.a == 4 && t.b);
	cr_expect_eq(take("alpah: 4\n", &t), -EINVAL);
	cr_expect_str_eq(error, "a.yaml:1: unknown key 'alpah' (did you mean 'alpha'?)");
	cr_expect_eq(take("beta: false\n", &t), -EINVAL);
	cr_expect_str_eq(error, "a.yaml:1: 'alpha' is missing here: it must be given");
	cr_expect_eq(take("[alpha]\n", &t), -EINVAL);
	cr_expect_str_eq(error, "a.yaml:1: 'it': expected 'key: value' lines, not a list");
}
