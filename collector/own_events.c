#include "collector/own_events.h"

#define TICK_US 10000

static bool has_dots(struct span path)
{
	while (path.len) {
		const uint8_t *slash = memchr(path.data, '/', path.len);
		struct span part = { path.data, slash ? (size_t)(slash - path.data) : path.len };
		if (span_is(part, ".") || span_is(part, ".."))
			return true;
		size_t step = MIN(part.len + 1, path.len);
		path.data += step;
		path.len -= step;
	}
	return false;
}

int own_events_add_dir(struct own_events *o, const char *dir)
{
	size_t len = strlen(dir);
	if (len < 2 || dir[0] != '/' || dir[len - 1] == '/' ||
	    has_dots((struct span){ (const uint8_t *)dir, len }))
		return -EINVAL;
	if (o->dir_count == OWN_DIRS_MAX)
		return -E2BIG;
	o->dirs[o->dir_count++] = dir;
	return 0;
}

void own_events_add_process(struct own_events *o, struct process_key key)
{
	if (o->process_count == OWN_PROCESSES_MAX) {
		memmove(o->processes, o->processes + 1, sizeof(o->processes) - sizeof(o->processes[0]));
		o->process_count--;
	}
	o->processes[o->process_count++] = key;
}

void own_events_forget_processes(struct own_events *o)
{
	o->process_count = 0;
}

/* The start in clock ticks, as /proc tells it. */
bool own_events_is_process(const struct own_events *o, struct process_key process)
{
	for (size_t i = 0; i < o->process_count; i++)
		if (o->processes[i].tgid == process.tgid &&
		    o->processes[i].start_us / TICK_US == process.start_us / TICK_US)
			return true;
	return false;
}

static bool inside(const struct own_events *o, const struct buf *path, uint32_t marks)
{
	struct span p = { path->data, path->len };
	if (marks & (ENTRY_MARK_UNRESOLVED | ENTRY_MARK_TRUNCATED | ENTRY_MARK_DETACHED) || has_dots(p))
		return false;
	for (size_t i = 0; i < o->dir_count; i++) {
		size_t len = strlen(o->dirs[i]);
		if (span_starts(p, o->dirs[i]) && (p.len == len || p.data[len] == '/'))
			return true;
	}
	return false;
}

bool own_events_match(const struct own_events *o, struct process_key actor, const struct file_event *e)
{
	if (!own_events_is_process(o, actor) || !e->path_known || !inside(o, &e->path, e->marks))
		return false;
	if (!e->target_known || e->kind == KIND_SYMLINK)
		return true;
	return inside(o, &e->target, e->target_marks);
}
