#include "collector/object_event.h"

#include "bpf/object.h"
#include "collector/describe.h"
#include "evidence/entry.h"

#define PERMISSIONS          07777
#define TYPE_AND_PERMISSIONS 0177777
/* The kernel adds it to every open of a 64-bit program; to C libraries it is 0. */
#if defined(__x86_64__)
#define KERNEL_LARGEFILE 0100000
#else
#define KERNEL_LARGEFILE 0400000
#endif

static void put_path(const struct bpf_view *view, size_t string, struct buf *path, uint32_t *marks)
{
	bpf_path_put(path, view->text[string]);
	*marks |= entry_marks_of(view->strings[string].marks);
}

static bool tells_of(uint8_t kind)
{
	return (kind >= KIND_OPEN && kind <= KIND_TRUNCATE) || kind == KIND_CLOSE;
}

int object_event_read(struct file_event *e, const struct bpf_view *view)
{
	if (!tells_of(view->head->kind) || !view->strings[BPF_FILE_OBJECT].present)
		return -EBADMSG;
	e->kind = view->head->kind;
	e->labels = 0;
	e->reads = false;
	e->marks = 0;
	e->target_marks = 0;
	e->path_known = true;
	e->target_known = true;
	buf_reset(&e->path);
	buf_reset(&e->target);
	put_path(view, BPF_FILE_OBJECT, &e->path, &e->marks);
	if (view->strings[BPF_FILE_TARGET_BASE].present) {
		put_path(view, BPF_FILE_TARGET_BASE, &e->target, &e->target_marks);
	} else if (view->strings[BPF_FILE_TARGET].present) {
		buf_put(&e->target, view->text[BPF_FILE_TARGET].data, view->text[BPF_FILE_TARGET].len);
		e->target_marks = entry_marks_of(view->strings[BPF_FILE_TARGET].marks);
	} else {
		e->target_known = false;
	}
	return 0;
}

/* What was asked for (chmod), or what a new object has. */
static void put_mode(struct fields *f, const struct bpf_file_record *r)
{
	switch (r->head.kind) {
	case KIND_CHMOD:
		fields_uint(f, FILE_MODE, r->args[0] & PERMISSIONS);
		break;
	case KIND_OPEN:
		if (r->open_mode)
			fields_uint(f, FILE_MODE, r->mode & PERMISSIONS);
		break;
	case KIND_MKDIR:
		fields_uint(f, FILE_MODE, r->mode & PERMISSIONS);
		break;
	case KIND_MKNOD:
		fields_uint(f, FILE_MODE, r->mode & TYPE_AND_PERMISSIONS);
		break;
	default:
		break;
	}
}

/* All ones: stays as it is. */
static void put_owner(struct fields *f, const struct bpf_file_record *r)
{
	if (r->head.kind != KIND_CHOWN)
		return;
	if ((uint32_t)r->args[0] != UINT32_MAX)
		fields_uint(f, FILE_UID, (uint32_t)r->args[0]);
	if ((uint32_t)r->args[1] != UINT32_MAX)
		fields_uint(f, FILE_GID, (uint32_t)r->args[1]);
}

struct span object_event_encode(struct file_event *e, const struct bpf_view *view,
                                const struct label_names *names)
{
	const struct bpf_file_record *r = view->file;
	struct fields f;

	buf_reset(&e->fields);
	fields_begin(&f, &e->fields);
	fields_bytes(&f, FILE_PATH, (struct span){ e->path.data, e->path.len });
	if (e->kind != KIND_CLOSE)
		fields_int(&f, FILE_RESULT, 0);
	if (e->target_known)
		fields_bytes(&f, FILE_TARGET, (struct span){ e->target.data, e->target.len });
	if (e->kind == KIND_OPEN)
		fields_uint(&f, FILE_FLAGS, r->open_flags & ~(uint64_t)KERNEL_LARGEFILE);
	if (e->kind == KIND_RENAME)
		fields_uint(&f, FILE_FLAGS, r->open_flags);
	put_mode(&f, r);
	if (r->inode) {
		fields_uint(&f, FILE_DEVICE, r->device);
		fields_uint(&f, FILE_INODE, r->inode);
	}
	put_owner(&f, r);
	fields_uint_nonzero(&f, FILE_MARKS, e->marks);
	if (e->kind == KIND_TRUNCATE)
		fields_uint(&f, FILE_SIZE, r->args[0]);
	if (view->head->tid != view->head->tgid)
		fields_uint(&f, FILE_TID, view->head->tid);
	fields_uint_nonzero(&f, FILE_TARGET_MARKS, e->target_marks);
	if (e->kind == KIND_MKNOD)
		fields_uint(&f, FILE_RDEV, file_event_kernel_device((uint32_t)r->args[0]));
	file_event_put_labels(&f, e->labels, names);
	int err = buf_err(&e->path) | buf_err(&e->target);
	return err ? (struct span){ 0 } : fields_end(&f);
}

uint8_t object_event_sensors(const struct bpf_view *view)
{
	uint8_t sensors = 0;
	if (view->file->marks & BPF_MARK_LSM)
		sensors |= SENSOR_BPF_LSM;
	if (view->file->marks & BPF_MARK_FENTRY)
		sensors |= SENSOR_BPF_FENTRY;
	return sensors;
}
