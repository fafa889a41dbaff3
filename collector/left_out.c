#include "collector/left_out.h"

#define NO_OBJECT                                                                                            \
	(ENTRY_MARK_UNRESOLVED | ENTRY_MARK_TRUNCATED | ENTRY_MARK_DETACHED | ENTRY_MARK_UNSURE |            \
	 ENTRY_MARK_STRING_TRUNCATED | ENTRY_MARK_FAULT | ENTRY_MARK_DELETED)

/* These act on the name itself, and follow no link at its end. */
static bool acts_on_name(uint16_t kind)
{
	return (kind >= KIND_RENAME && kind <= KIND_MKNOD) && kind != KIND_LINK;
}

/* One component and nothing else, from a directory that the kernel knows. */
static bool is_plain_name(struct span name)
{
	return name.len > 0 && !memchr(name.data, '/', name.len) && !span_is(name, ".") &&
	       !span_is(name, "..");
}

static bool vouched(const struct file_event *e, uint32_t marks, struct span name)
{
	if (marks & NO_OBJECT)
		return false;
	return !(marks & ENTRY_MARK_CLAIM) || (acts_on_name(e->kind) && is_plain_name(name));
}

static void add_paths(struct exclude_event *to, const struct file_event *e, const struct bpf_view *view)
{
	if (!e->path_known || !vouched(e, e->marks, view->text[BPF_FILE_NAME]))
		return;
	bool two = e->target_known && e->kind != KIND_SYMLINK;
	if (two && !vouched(e, e->target_marks, view->text[BPF_FILE_TARGET]))
		return;
	to->paths[to->path_count++] = (struct span){ e->path.data, e->path.len };
	if (two)
		to->paths[to->path_count++] = (struct span){ e->target.data, e->target.len };
}

struct exclusion *left_out(struct exclude *x, const struct file_event *e, const struct bpf_view *view,
                           const struct process *actor)
{
	if (x->count == 0 || e->labels)
		return NULL;
	int64_t result = view->file->result;
	struct exclude_event event = { .kind = e->kind,
		                       .failed = result < 0 && result >= -4095,
		                       .uid = view->head->ids[BPF_EUID] };
	/* After an exec that was not seen the image is the former one. */
	const struct process_image *image =
	        actor && actor->exec_id == view->head->exec_id ? actor->image : NULL;
	if (image)
		event.cgroup = image->cgroup;
	/* Where anybody may have mounted anything, names of programs and paths are not the host's. */
	bool foreign = view->file->marks & BPF_MARK_FOREIGN;
	if (image && !foreign)
		event.exe = (struct span){ image->bytes, image->exe_len };
	if (!foreign)
		add_paths(&event, e, view);
	return exclude_match(x, &event);
}
