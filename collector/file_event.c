#include "collector/file_event.h"

#include <fcntl.h>
#include <linux/fs.h>

#include "collector/describe.h"

#define TMPFILE_FLAG 020000000 /* without O_DIRECTORY, which has another value on ARM */
#define CREAT_FLAGS  (O_CREAT | O_WRONLY | O_TRUNC)

void file_event_done(struct file_event *e)
{
	buf_done(&e->path);
	buf_done(&e->target);
	buf_done(&e->fields);
}

static bool is_compat(const struct bpf_file_record *r)
{
	return r->marks & BPF_MARK_COMPAT;
}

/* Arguments are numbered from 1. */
uint64_t file_event_argument(const struct bpf_file_record *r, unsigned number)
{
	return number >= 1 && number <= BPF_CALL_ARGS ? r->args[number - 1] : 0;
}

static bool from_descriptor(const struct bpf_file_record *r, uint8_t base)
{
	return base != BPF_ARG_NONE && base != BPF_ARG_CWD &&
	       (int32_t)file_event_argument(r, base) != AT_FDCWD;
}

/* A name that the caller gave, from a directory that the kernel knows: where it led to is not known. */
static uint32_t put_claim(struct buf *to, const struct bpf_view *view, size_t name, size_t base,
                          uint8_t base_argument)
{
	struct span text = view->text[name], start = view->text[base];
	uint16_t base_marks = view->strings[base].marks;
	bool absolute = text.len && text.data[0] == '/';
	bool rooted = view->strings[base].present && !(base_marks & BPF_MARK_MISSING);
	uint32_t marks = entry_marks_of(view->strings[name].marks | base_marks);

	if (rooted && (start.len || !absolute))
		bpf_path_put(to, start);
	if (text.len && !absolute && to->len && to->data[to->len - 1] != '/')
		buf_put_u8(to, '/');
	buf_put(to, text.data, text.len);
	if ((view->file->marks & BPF_MARK_SHARED) && !absolute && from_descriptor(view->file, base_argument))
		marks |= ENTRY_MARK_UNSURE;
	return marks | (rooted ? ENTRY_MARK_CLAIM : ENTRY_MARK_UNRESOLVED);
}

static bool has_object(const struct bpf_view *view)
{
	const struct bpf_string *object = &view->strings[BPF_FILE_OBJECT];
	return object->present && !(object->marks & BPF_MARK_MISSING);
}

static void read_path(struct file_event *e, const struct bpf_view *view)
{
	e->path_known = true;
	if (has_object(view)) {
		bpf_path_put(&e->path, view->text[BPF_FILE_OBJECT]);
		e->marks |= entry_marks_of(view->strings[BPF_FILE_OBJECT].marks);
		if (view->file->marks & BPF_MARK_SHARED)
			e->marks |= ENTRY_MARK_UNSURE;
		return;
	}
	if (view->strings[BPF_FILE_NAME].present) {
		e->marks |= put_claim(&e->path, view, BPF_FILE_NAME, BPF_FILE_BASE, e->shape->bpf.base);
		return;
	}
	e->path_known = false;
	if (e->shape->bpf.object || e->shape->bpf.name)
		e->marks |= ENTRY_MARK_UNRESOLVED;
}

static void read_target(struct file_event *e, const struct bpf_view *view)
{
	const struct bpf_string *target = &view->strings[BPF_FILE_TARGET];
	e->target_known = target->present;
	if (!target->present)
		return;
	if (e->shape->bpf.target_base != BPF_ARG_NONE) {
		e->target_marks = put_claim(&e->target, view, BPF_FILE_TARGET, BPF_FILE_TARGET_BASE,
		                            e->shape->bpf.target_base);
		return;
	}
	struct span text = view->text[BPF_FILE_TARGET];
	buf_put(&e->target, text.data, text.len);
	e->target_marks = entry_marks_of(target->marks);
}

/* Arguments have a mark of their own. */
static uint32_t data_marks(const struct call_shape *shape, uint16_t marks)
{
	bool cut = marks & BPF_MARK_STRING_TRUNCATED && shape->bpf.data_bytes == BPF_DATA_ARGUMENTS;
	return cut ? entry_marks_of(marks & (uint16_t)~BPF_MARK_STRING_TRUNCATED) | ENTRY_MARK_ARGV_TRUNCATED
	           : entry_marks_of(marks);
}

int file_event_read(struct file_event *e, const struct bpf_view *view)
{
	const struct bpf_file_record *r = view->file;
	const struct call_shape *shape = call_find(is_compat(r), r->call);
	if (!shape)
		return -EBADMSG;
	bool removes_dir = shape->may_remove_dir && (file_event_argument(r, shape->flags) & AT_REMOVEDIR);
	e->shape = shape;
	e->reads = shape->bpf.read && view->head->kind == shape->bpf.read;
	e->kind = e->reads ? shape->bpf.read : removes_dir ? KIND_RMDIR : shape->bpf.kind;
	e->labels = 0;
	e->marks = is_compat(r) ? ENTRY_MARK_COMPAT : 0;
	e->target_marks = 0;
	buf_reset(&e->path);
	buf_reset(&e->target);
	read_path(e, view);
	read_target(e, view);
	e->marks |= data_marks(shape, view->strings[BPF_FILE_DATA].marks);
	if (shape->pid && (r->marks & BPF_MARK_PIDS))
		e->marks |= ENTRY_MARK_PIDS;
	return 0;
}

/* A path that is cut, or not seen from the root, has another name than it seems. */
static int label_path(const struct buf *path, uint32_t marks, const struct watch *watch, uint32_t *labels)
{
	struct span p = { path->data, path->len };
	cleanup_buf struct buf tidy = { 0 };
	if (p.len == 0 || p.data[0] != '/' || (marks & (ENTRY_MARK_TRUNCATED | ENTRY_MARK_DETACHED)))
		return 0;
	if (marks & (ENTRY_MARK_CLAIM | ENTRY_MARK_UNRESOLVED)) {
		rule_path_tidy(&tidy, p);
		p = (struct span){ tidy.data, tidy.len };
	}
	*labels |= watch_match(watch, p);
	return buf_err(&tidy);
}

int file_event_label(struct file_event *e, const struct bpf_view *view, const struct watch *watch)
{
	uint32_t by_object = view->file->labels & watch->labels;
	uint32_t by_name = 0;
	int err = 0;
	if (watch->count == 0)
		return 0;
	if (e->path_known)
		err = label_path(&e->path, e->marks, watch, &by_name);
	if (!err && e->target_known && e->kind != KIND_SYMLINK)
		err = label_path(&e->target, e->target_marks, watch, &by_name);
	e->labels = by_name | by_object;
	if (by_object & ~by_name)
		e->marks |= ENTRY_MARK_BY_OBJECT;
	return err;
}

void file_event_put_labels(struct fields *f, uint32_t labels, const struct label_names *names)
{
	if (!labels)
		return;
	fields_key(f, FILE_LABELS);
	cbor_put_array(f->b, (size_t)__builtin_popcount(labels));
	for (unsigned i = 0; i < WATCH_LABELS_MAX; i++)
		if (labels >> i & 1)
			cbor_put_bytes(f->b, names->names[i], strlen(names->names[i]));
}

static uint64_t open_flags(const struct call_shape *shape, const struct bpf_file_record *r)
{
	if (shape->creates)
		return CREAT_FLAGS;
	return shape->how ? r->open_flags : (uint32_t)file_event_argument(r, shape->flags);
}

static void put_flags_and_mode(struct fields *f, const struct call_shape *shape,
                               const struct bpf_file_record *r)
{
	bool opens = shape->bpf.kind == KIND_OPEN;
	bool read = opens || shape->how;
	uint64_t flags = read ? open_flags(shape, r) : (uint32_t)file_event_argument(r, shape->flags);
	if (read || shape->flags)
		fields_uint(f, FILE_FLAGS, flags);
	if (shape->protection) {
		fields_uint(f, FILE_MODE, (uint32_t)file_event_argument(r, shape->protection));
		return;
	}
	/* Without these the argument is not looked at by the kernel and may be anything. */
	bool mode_counts = !opens || (flags & (O_CREAT | TMPFILE_FLAG));
	if (mode_counts && opens && shape->how)
		fields_uint(f, FILE_MODE, r->open_mode);
	else if (mode_counts && shape->mode)
		fields_uint(f, FILE_MODE, (uint32_t)file_event_argument(r, shape->mode) & 0177777);
}

/* All ones: stays as it is. */
static void put_owner(struct fields *f, const struct call_shape *shape, const struct bpf_file_record *r)
{
	if (!shape->owner)
		return;
	uint32_t none = shape->owner16 ? UINT16_MAX : UINT32_MAX;
	uint32_t uid = (uint32_t)file_event_argument(r, shape->owner) & none;
	uint32_t gid = (uint32_t)file_event_argument(r, shape->owner + 1u) & none;
	if (uid != none)
		fields_uint(f, FILE_UID, uid);
	if (gid != none)
		fields_uint(f, FILE_GID, gid);
}

static uint64_t new_size(const struct call_shape *shape, const struct bpf_file_record *r)
{
	uint64_t low = file_event_argument(r, shape->size);
	return shape->size_high ? (uint32_t)low | file_event_argument(r, shape->size_high) << 32 : low;
}

uint64_t file_event_kernel_device(uint64_t packed)
{
	uint64_t major = packed >> 8 & 0xfff;
	uint64_t minor = (packed & 0xff) | (packed >> 12 & 0xfff00);
	return major << 20 | minor;
}

/* Of a read the descriptor or the address does not matter: without it, repeated ones are alike. */
static int64_t result_of(const struct file_event *e, const struct bpf_file_record *r)
{
	bool failed = r->result < 0 && r->result >= -4095;
	return e->reads && !failed ? 0 : r->result;
}

/* FS_IOC_FSSETXATTR has other bits for what FS_IOC_SETFLAGS can set. */
static uint32_t plain_attributes(uint32_t extended)
{
	static const uint32_t bits[][2] = {
		{ FS_XFLAG_SYNC, FS_SYNC_FL },
		{ FS_XFLAG_IMMUTABLE, FS_IMMUTABLE_FL },
		{ FS_XFLAG_APPEND, FS_APPEND_FL },
		{ FS_XFLAG_NODUMP, FS_NODUMP_FL },
		{ FS_XFLAG_NOATIME, FS_NOATIME_FL },
		{ FS_XFLAG_DAX, FS_DAX_FL },
		{ FS_XFLAG_PROJINHERIT, FS_PROJINHERIT_FL },
	};
	uint32_t plain = 0;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		plain |= extended & bits[i][0] ? bits[i][1] : 0;
	return plain;
}

static void put_attributes(struct fields *f, const struct bpf_file_record *r, struct span data)
{
	uint32_t attributes;
	if (data.len != sizeof(attributes))
		return;
	memcpy(&attributes, data.data, sizeof(attributes));
	bool extended = (uint32_t)file_event_argument(r, 2) == FS_IOC_FSSETXATTR;
	fields_uint(f, FILE_ATTRIBUTES, extended ? plain_attributes(attributes) : attributes);
}

void file_event_put(const struct file_event *e, const struct bpf_view *view, struct fields *f)
{
	const struct bpf_file_record *r = view->file;
	const struct call_shape *shape = e->shape;

	if (e->path_known)
		fields_bytes(f, FILE_PATH, (struct span){ e->path.data, e->path.len });
	fields_int(f, FILE_RESULT, result_of(e, r));
	if (e->target_known)
		fields_bytes(f, FILE_TARGET, (struct span){ e->target.data, e->target.len });
	put_flags_and_mode(f, shape, r);
	/* Of a new root directory the path is all. */
	if (has_object(view) && r->inode) {
		fields_uint(f, FILE_DEVICE, r->device);
		fields_uint(f, FILE_INODE, r->inode);
	}
	put_owner(f, shape, r);
	if (view->strings[BPF_FILE_XATTR].present)
		fields_bytes(f, FILE_NAME, view->text[BPF_FILE_XATTR]);
	fields_uint_nonzero(f, FILE_MARKS, e->marks | entry_marks_of(view->strings[BPF_FILE_XATTR].marks));
	if (has_object(view) && view->strings[BPF_FILE_NAME].present)
		fields_bytes(f, FILE_CLAIM, view->text[BPF_FILE_NAME]);
	if (shape->size)
		fields_uint(f, FILE_SIZE, new_size(shape, r));
	if (view->head->tid != view->head->tgid)
		fields_uint(f, FILE_TID, view->head->tid);
	fields_uint(f, FILE_SYSCALL, r->call);
	fields_uint_nonzero(f, FILE_TARGET_MARKS, e->target_marks);
	if (shape->device)
		fields_uint(f, FILE_RDEV,
		            file_event_kernel_device((uint32_t)file_event_argument(r, shape->device)));
}

struct span file_event_encode(struct file_event *e, const struct bpf_view *view,
                              const struct label_names *names)
{
	struct fields f;
	buf_reset(&e->fields);
	fields_begin(&f, &e->fields);
	file_event_put(e, view, &f);
	file_event_put_labels(&f, e->labels, names);
	if (e->shape->attributes)
		put_attributes(&f, view->file, view->text[BPF_FILE_DATA]);
	int err = buf_err(&e->path) | buf_err(&e->target);
	return err ? (struct span){ 0 } : fields_end(&f);
}
