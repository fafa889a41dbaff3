#include "collector/rule_path.h"

#include <stdlib.h>

#include "collector/glob.h"

/* The component at the head of `path` (after its slashes); what follows stays in *path. */
static struct span next_part(struct span *path)
{
	while (path->len && path->data[0] == '/') {
		path->data++;
		path->len--;
	}
	const uint8_t *slash = path->len ? memchr(path->data, '/', path->len) : NULL;
	struct span part = { path->data, slash ? (size_t)(slash - path->data) : path->len };
	path->data += part.len;
	path->len -= part.len;
	return part;
}

static void drop_part(struct buf *b, size_t start)
{
	while (b->len > start && b->data[b->len - 1] != '/')
		b->len--;
	if (b->len > start)
		b->len--;
}

void rule_path_tidy(struct buf *b, struct span path)
{
	size_t start = b->len;
	for (struct span part = next_part(&path); part.len; part = next_part(&path)) {
		if (span_is(part, "."))
			continue;
		if (span_is(part, "..")) {
			drop_part(b, start);
			continue;
		}
		buf_put_u8(b, '/');
		buf_put(b, part.data, part.len);
	}
	if (b->len == start)
		buf_put_u8(b, '/');
}

static int fill(struct span s, struct rule_path *ret)
{
	if (s.len == 1)
		s.len = 0;
	char *text = malloc(s.len + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	bool pattern = glob_is_pattern(s);
	*ret = (struct rule_path){ text, s.len, pattern ? glob_fixed(s) : s.len, pattern };
	return 0;
}

int rule_path_parse(const struct yaml_errors *e, const struct yaml_node *node, const char *what,
                    struct rule_path *ret)
{
	struct span s;
	cleanup_buf struct buf tidy = { 0 };
	int err = yaml_path(e, node, what, &s);
	if (err)
		return err;
	if (s.len > RULE_PATH_MAX)
		return yaml_fail(e, node->line, "'%s': longer than %d bytes", what, RULE_PATH_MAX);
	rule_path_tidy(&tidy, s);
	if (buf_err(&tidy))
		return -ENOMEM;
	/* One slash at the end is how some say that it is a directory. */
	if (s.len > 1 && s.data[s.len - 1] == '/')
		s.len--;
	if (!span_equal(s, (struct span){ tidy.data, tidy.len }))
		return yaml_fail(e, node->line, "'%s': a path here has no '//', '.' or '..' in it", what);
	if (!glob_ok(s))
		return yaml_fail(e, node->line, "'%s': a '[' without its ']', or a '\\' at the end", what);
	return fill(s, ret);
}

void rule_path_done(struct rule_path *p)
{
	free(p->text);
	*p = (struct rule_path){ 0 };
}

int rule_path_resolve(const struct rule_path *p, struct rule_path *ret)
{
	char fixed[RULE_PATH_MAX + 1];
	cleanup_buf struct buf b = { 0 };
	memcpy(fixed, p->text, p->fixed);
	fixed[p->fixed] = '\0';
	cleanup_free char *real = realpath(p->fixed ? fixed : "/", NULL);
	if (!real || strcmp(real, fixed) == 0 || !p->fixed)
		return 0;
	/* What was a name must not become a pattern. */
	if (glob_is_pattern(span_str(real)))
		return 0;
	buf_put_str(&b, strcmp(real, "/") == 0 ? "" : real);
	buf_put_str(&b, p->text + p->fixed);
	if (b.len == 0)
		buf_put_u8(&b, '/');
	if (buf_err(&b))
		return -ENOMEM;
	int err = fill((struct span){ b.data, b.len }, ret);
	return err ? err : 1;
}

static bool is_below(struct span path, const char *dir, size_t len)
{
	return path.len >= len && memcmp(path.data, dir, len) == 0 &&
	       (path.len == len || path.data[len] == '/');
}

/* The pattern may fit the object or any directory above it. */
static bool pattern_covers(const struct rule_path *p, struct span path, bool in_doubt)
{
	struct span pattern = { (const uint8_t *)p->text, p->len };
	for (size_t end = p->fixed + 1; end <= path.len; end++) {
		if (end < path.len && path.data[end] != '/')
			continue;
		enum glob_verdict v = glob_match(pattern, (struct span){ path.data, end });
		if (v == GLOB_YES || (v == GLOB_TOO_LONG && in_doubt))
			return true;
	}
	return false;
}

bool rule_path_covers(const struct rule_path *p, struct span path, bool in_doubt)
{
	if (path.len == 0 || !is_below(path, p->text, p->fixed))
		return false;
	return !p->pattern || pattern_covers(p, path, in_doubt);
}
