#include "collector/exclude.h"

#include <stdio.h>
#include <sys/stat.h>

#include "evidence/entry.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static const char *const results[] = { "any", "succeeded", "failed", NULL };

static bool may_be_left_out(uint64_t kind)
{
	return kinds_optional(kind) && kind != KIND_READ && kind != KIND_MMAP && kind != KIND_IO_URING;
}

static int take_kinds(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct exclusion *x = into;
	return kinds_take_list(e, n, may_be_left_out, "or always told kind", x->kinds);
}

static int take_reason(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct exclusion *x = into;
	struct span s;
	int err = yaml_text(e, n, "reason", &s);
	if (err)
		return err;
	x->reason = strndup((const char *)s.data, s.len);
	return x->reason ? 0 : -ENOMEM;
}

static int take_path_list(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                          struct exclusion_paths *into)
{
	int err = yaml_expect(e, n, what, YAML_NODE_LIST);
	if (err)
		return err;
	if (n->count == 0 || n->count > EXCLUSION_PATHS_MAX)
		return yaml_fail(e, n->line, "'%s': expected 1 to %d paths", what, EXCLUSION_PATHS_MAX);
	into->paths = calloc(n->count, sizeof(*into->paths));
	if (!into->paths)
		return -ENOMEM;
	for (const struct yaml_node *p = n->child; !err && p; p = p->next) {
		err = rule_path_parse(e, p, what, &into->paths[into->count]);
		into->count += !err;
	}
	return err;
}

static int take_paths(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	return take_path_list(e, n, "paths", &((struct exclusion *)into)->paths);
}

static int take_exe(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	return take_path_list(e, n, "exe", &((struct exclusion *)into)->exes);
}

static int take_uid(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct exclusion *x = into;
	uint64_t uid;
	int err = yaml_uint(e, n, "uid", 0, UINT32_MAX - 1, &uid);
	if (err)
		return err;
	x->has_uid = true;
	x->uid = (uint32_t)uid;
	return 0;
}

/* By number, or by its path below the root of the hierarchy as it is now. */
static int take_cgroup(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct exclusion *x = into;
	char path[sizeof(CGROUP_ROOT) + RULE_PATH_MAX];
	struct stat st;
	x->has_cgroup = true;
	if (n->kind == YAML_NODE_SCALAR && n->text.len > 0 && n->text.len <= RULE_PATH_MAX &&
	    n->text.data[0] == '/') {
		snprintf(path, sizeof(path), CGROUP_ROOT "%.*s", (int)n->text.len,
		         (const char *)n->text.data);
		/* At boot a service that is named here may not have been started. */
		int missing = stat(path, &st) < 0 ? errno : 0;
		if (missing && missing != ENOENT)
			return yaml_fail(e, n->line, "'cgroup': %s: %s", path, strerror(missing));
		x->cgroup = missing ? EXCLUSION_NO_CGROUP : st.st_ino;
		return 0;
	}
	return yaml_uint(e, n, "cgroup", 1, INT64_MAX, &x->cgroup);
}

static int take_result(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	return yaml_choice(e, n, "result", results, &((struct exclusion *)into)->result);
}

static const struct yaml_key keys[] = {
	{ "reason", take_reason, .required = true }, { .name = "kinds", .take = take_kinds },
	{ .name = "paths", .take = take_paths },     { .name = "exe", .take = take_exe },
	{ .name = "uid", .take = take_uid },         { .name = "cgroup", .take = take_cgroup },
	{ .name = "result", .take = take_result },
};

static bool has_kinds(const struct exclusion *x)
{
	for (size_t kind = 0; kind < KINDS_MAX; kind++)
		if (x->kinds[kind])
			return true;
	return false;
}

static int take_exclusion(const struct yaml_errors *e, const struct yaml_node *n, struct exclusion *x)
{
	int err = yaml_take(e, n, "exclude", keys, ARRAY_SIZE(keys), x);
	if (err)
		return err;
	if (!has_kinds(x) && !x->paths.count && !x->exes.count && !x->has_uid && !x->has_cgroup && !x->result)
		return yaml_fail(e, n->line, "this would leave out everything: say what");
	bool any = !has_kinds(x);
	for (size_t kind = 0; any && kind < KINDS_MAX; kind++)
		x->kinds[kind] = may_be_left_out(kind);
	return 0;
}

int exclude_parse(const struct yaml_errors *e, const struct yaml_node *node, struct exclude *ret)
{
	int err = node ? yaml_expect(e, node, "exclude", YAML_NODE_LIST) : 0;
	for (const struct yaml_node *n = node ? node->child : NULL; !err && n; n = n->next) {
		if (ret->count == EXCLUSIONS_MAX)
			return yaml_fail(e, n->line, "more than %d exclusions", EXCLUSIONS_MAX);
		err = take_exclusion(e, n, &ret->rules[ret->count++]);
	}
	return err;
}

static void paths_done(struct exclusion_paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		rule_path_done(&p->paths[i]);
	free(p->paths);
}

void exclude_done(struct exclude *x)
{
	for (size_t i = 0; i < x->count; i++) {
		free(x->rules[i].reason);
		paths_done(&x->rules[i].paths);
		paths_done(&x->rules[i].exes);
	}
	*x = (struct exclude){ 0 };
}

static bool covered(const struct exclusion_paths *p, struct span path)
{
	for (size_t i = 0; i < p->count; i++)
		if (rule_path_covers(&p->paths[i], path, false))
			return true;
	return false;
}

static bool paths_covered(const struct exclusion *x, const struct exclude_event *e)
{
	for (size_t i = 0; i < e->path_count; i++)
		if (!covered(&x->paths, e->paths[i]))
			return false;
	return e->path_count > 0;
}

static bool falls_under(const struct exclusion *x, const struct exclude_event *e)
{
	if (!x->kinds[e->kind] || (x->has_uid && x->uid != e->uid) ||
	    (x->has_cgroup && x->cgroup != e->cgroup))
		return false;
	if (x->result && (x->result == EXCLUSION_FAILED) != e->failed)
		return false;
	if (x->exes.count && !covered(&x->exes, e->exe))
		return false;
	return !x->paths.count || paths_covered(x, e);
}

struct exclusion *exclude_match(struct exclude *x, const struct exclude_event *e)
{
	if (!may_be_left_out(e->kind))
		return NULL;
	for (size_t i = 0; i < x->count; i++)
		if (falls_under(&x->rules[i], e))
			return &x->rules[i];
	return NULL;
}
