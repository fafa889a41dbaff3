#include "collector/watch.h"

static const char label_form[] = "1 to 63 of a-z, 0-9, '.', '_' and '-'";

static bool label_ok(struct span s)
{
	if (s.len == 0 || s.len > WATCH_LABEL_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!(s.data[i] >= 'a' && s.data[i] <= 'z') && !(s.data[i] >= '0' && s.data[i] <= '9') &&
		    !memchr("._-", s.data[i], 3))
			return false;
	return true;
}

static struct watch_path *add_path(struct watch *w)
{
	if (w->count == w->room) {
		size_t room = w->room ? w->room * 2 : 16;
		struct watch_path *more = realloc(w->paths, room * sizeof(*more));
		if (!more)
			return NULL;
		w->paths = more;
		w->room = room;
	}
	struct watch_path *p = &w->paths[w->count];
	*p = (struct watch_path){ 0 };
	return p;
}

/* One item of the list while it is being read. */
struct item {
	struct watch *watch;
	struct span label;
	const struct yaml_node *paths;
};

static int take_label(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	struct item *item = into;
	struct span s;
	int err = yaml_text(e, n, "label", &s);
	if (err)
		return err;
	if (!label_ok(s))
		return yaml_fail(e, n->line, "'label': expected %s", label_form);
	item->label = s;
	return 0;
}

static int take_paths(const struct yaml_errors *e, const struct yaml_node *n, void *into)
{
	((struct item *)into)->paths = n;
	return yaml_expect(e, n, "paths", YAML_NODE_LIST);
}

static const struct yaml_key item_keys[] = {
	{ "label", take_label, .required = true },
	{ "paths", take_paths, .required = true },
};

static int take_item(const struct yaml_errors *e, const struct yaml_node *node, struct watch *w)
{
	struct item item = { .watch = w };
	int err = yaml_take(e, node, "watch", item_keys, ARRAY_SIZE(item_keys), &item);
	if (err)
		return err;
	for (const struct yaml_node *n = item.paths->child; n; n = n->next) {
		if (w->count == WATCH_PATHS_MAX)
			return yaml_fail(e, n->line, "more than %d paths are watched", WATCH_PATHS_MAX);
		struct watch_path *p = add_path(w);
		if (!p)
			return -ENOMEM;
		err = rule_path_parse(e, n, "paths", &p->path);
		if (err)
			return err;
		memcpy(p->label, item.label.data, item.label.len);
		w->count++;
	}
	return 0;
}

int watch_parse(const struct yaml_errors *e, const struct yaml_node *node, struct watch *ret)
{
	struct watch w = { 0 };
	int err = node ? yaml_expect(e, node, "watch", YAML_NODE_LIST) : 0;
	for (const struct yaml_node *n = node ? node->child : NULL; !err && n; n = n->next)
		err = take_item(e, n, &w);
	if (err) {
		watch_done(&w);
		return err;
	}
	*ret = w;
	return 0;
}

void watch_done(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++)
		rule_path_done(&w->paths[i].path);
	free(w->paths);
	*w = (struct watch){ 0 };
}

/* The label's bit; 0 if there is no room for one more. */
static uint32_t bit_of(struct label_names *names, const char *label)
{
	unsigned i = 0;
	while (i < names->count && strcmp(names->names[i], label) != 0)
		i++;
	if (i == WATCH_LABELS_MAX)
		return 0;
	if (i == names->count) {
		strcpy(names->names[i], label);
		names->count++;
	}
	return 1u << i;
}

int watch_bind(struct watch *w, struct label_names *names)
{
	struct label_names all = *names;
	for (size_t i = 0; i < w->count; i++) {
		w->paths[i].bit = bit_of(&all, w->paths[i].label);
		if (!w->paths[i].bit)
			return -E2BIG;
		w->labels |= w->paths[i].bit;
	}
	*names = all;
	return 0;
}

int watch_resolve(struct watch *w)
{
	for (size_t i = 0, given = w->count; i < given; i++) {
		struct rule_path real;
		int r = rule_path_resolve(&w->paths[i].path, &real);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		struct watch_path *p = add_path(w);
		if (!p) {
			rule_path_done(&real);
			return -ENOMEM;
		}
		*p = w->paths[i];
		p->path = real;
		w->count++;
	}
	return 0;
}

uint32_t watch_match(const struct watch *w, struct span path)
{
	uint32_t labels = 0;
	for (size_t i = 0; i < w->count; i++)
		if (!(labels & w->paths[i].bit) && rule_path_covers(&w->paths[i].path, path, true))
			labels |= w->paths[i].bit;
	return labels;
}
