#include "collector/describe.h"

#include "collector/fields.h"

uint32_t entry_marks_of(uint16_t bpf_marks)
{
	static const struct {
		uint16_t bpf;
		uint32_t entry;
	} names[] = {
		{ BPF_MARK_TRUNCATED, ENTRY_MARK_TRUNCATED },
		{ BPF_MARK_STRING_TRUNCATED, ENTRY_MARK_STRING_TRUNCATED },
		{ BPF_MARK_FAULT, ENTRY_MARK_FAULT },
		{ BPF_MARK_DELETED, ENTRY_MARK_DELETED },
		{ BPF_MARK_DETACHED, ENTRY_MARK_DETACHED },
		{ BPF_MARK_MISSING, ENTRY_MARK_UNRESOLVED },
		{ BPF_MARK_COMPAT, ENTRY_MARK_COMPAT },
	};
	uint32_t marks = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (bpf_marks & names[i].bpf)
			marks |= names[i].entry;
	return marks;
}

static void put_ids(struct fields *f, const uint32_t *ids, uint32_t loginuid, uint32_t session)
{
	static const uint8_t uids[] = { BPF_UID, BPF_EUID, BPF_SUID, BPF_FSUID };
	static const uint8_t gids[] = { BPF_GID, BPF_EGID, BPF_SGID, BPF_FSGID };
	fields_key(f, PROCESS_UIDS);
	cbor_put_array(f->b, ARRAY_SIZE(uids));
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
		cbor_put_uint(f->b, ids[uids[i]]);
	fields_key(f, PROCESS_GIDS);
	cbor_put_array(f->b, ARRAY_SIZE(gids));
	for (size_t i = 0; i < ARRAY_SIZE(gids); i++)
		cbor_put_uint(f->b, ids[gids[i]]);
	if (loginuid != BPF_ID_UNSET)
		fields_uint(f, PROCESS_LOGINUID, loginuid);
	if (session != BPF_ID_UNSET)
		fields_uint(f, PROCESS_SESSION, session);
}

static void put_array(struct fields *f, uint64_t key, struct span encoded)
{
	fields_key(f, key);
	buf_put(f->b, encoded.data, encoded.len);
}

static void put_comm(struct fields *f, const char *comm)
{
	size_t len = strnlen(comm, BPF_COMM_MAX);
	if (len)
		fields_bytes(f, PROCESS_COMM, (struct span){ (const uint8_t *)comm, len });
}

void redact_comm(struct redact *redact, char comm[BPF_COMM_MAX])
{
	struct redact_hits hits = { 0 };
	size_t len = strnlen(comm, BPF_COMM_MAX);
	size_t cut = len == BPF_COMM_MAX - 1 ? REDACT_CUT_LAST : REDACT_WHOLE;
	if (redact)
		redact_find(redact, REDACT_TEXT, (struct span){ (const uint8_t *)comm, len }, cut, &hits);
	if (hits.count)
		memset(comm, 0, BPF_COMM_MAX);
}

static void put_key(struct fields *f, uint32_t tgid, uint64_t start_us, uint32_t parent)
{
	fields_uint(f, PROCESS_PID, tgid);
	fields_uint_nonzero(f, PROCESS_START, start_us);
	fields_uint_nonzero(f, PROCESS_PARENT_PID, parent);
}

static void put_namespaces(struct fields *f, const uint32_t *inums)
{
	fields_key(f, PROCESS_NAMESPACES);
	cbor_put_array(f->b, BPF_NAMESPACES);
	for (size_t i = 0; i < BPF_NAMESPACES; i++)
		cbor_put_uint(f->b, inums[i]);
}

static void put_cwd(struct fields *f, struct span components)
{
	cleanup_buf struct buf cwd = { 0 };
	bpf_path_put(&cwd, components);
	if (buf_err(&cwd) == 0)
		fields_bytes(f, PROCESS_CWD, (struct span){ cwd.data, cwd.len });
}

/* Being cut has a mark of its own where it is `cut`. */
static uint32_t marks_with(uint16_t marks, uint32_t cut)
{
	uint32_t others = entry_marks_of(marks & (uint16_t)~BPF_MARK_STRING_TRUNCATED);
	return marks & BPF_MARK_STRING_TRUNCATED ? others | cut : others;
}

/* An executable that nobody can find in a folder. */
static uint32_t nameless_marks(const struct bpf_view *exec, struct span exe_path)
{
	bool detached = exec->strings[BPF_EXEC_EXE].marks & BPF_MARK_DETACHED;
	bool memory = detached && span_starts(exe_path, "/memfd:");
	bool deleted = exec->exec->links == 0 && exe_path.len;
	return (memory ? ENTRY_MARK_MEMORY : 0) | (deleted ? ENTRY_MARK_DELETED : 0);
}

static uint32_t exec_marks(const struct bpf_view *exec, struct span exe_path)
{
	uint32_t marks = nameless_marks(exec, exe_path);
	for (size_t i = 0; i < BPF_EXEC_ENV; i++)
		marks |= entry_marks_of(exec->strings[i].marks);
	marks |= marks_with(exec->strings[BPF_EXEC_ENV].marks, ENTRY_MARK_ENV_TRUNCATED);
	return marks | marks_with(exec->strings[BPF_EXEC_ARGV].marks, ENTRY_MARK_ARGV_TRUNCATED);
}

static void put_file(struct fields *f, const struct bpf_exec_record *r)
{
	fields_key(f, PROCESS_FILE);
	cbor_put_array(f->b, 4);
	cbor_put_uint(f->b, r->owner);
	cbor_put_uint(f->b, r->owner_group);
	cbor_put_uint(f->b, r->mode);
	cbor_put_uint(f->b, r->links);
}

static struct span next_string(struct span *strings)
{
	const uint8_t *nul = memchr(strings->data, 0, strings->len);
	struct span first = { strings->data, nul ? (size_t)(nul - strings->data) : strings->len };
	size_t step = MIN(first.len + 1, strings->len);
	strings->data += step;
	strings->len -= step;
	return first;
}

/* What is before the '=': values are nobody's business. */
static void put_linker_names(struct fields *f, struct span strings)
{
	size_t count = 0;
	for (struct span left = strings; left.len; count++)
		next_string(&left);
	if (!count)
		return;
	fields_key(f, PROCESS_LINKER_NAMES);
	cbor_put_array(f->b, count);
	while (strings.len) {
		struct span name = next_string(&strings);
		const uint8_t *equals = memchr(name.data, '=', name.len);
		cbor_put_bytes(f->b, name.data, equals ? (size_t)(equals - name.data) : name.len);
	}
}

static void put_sha256(struct fields *f, const struct bpf_exec_record *r)
{
	if (r->hashed)
		fields_bytes(f, PROCESS_SHA256, (struct span){ r->sha256, sizeof(r->sha256) });
}

static void put_container(struct fields *f, const char *id)
{
	if (id[0])
		fields_bytes(f, PROCESS_CONTAINER, span_str(id));
}

struct span describe_exec(struct buf *b, const struct bpf_view *exec, struct span exe_path, struct span argv,
                          const char *container, uint32_t marks, const uint32_t *audit_serial)
{
	const struct bpf_exec_record *r = exec->exec;
	const struct bpf_record *head = exec->head;
	const struct span *text = exec->text;
	marks |= exec_marks(exec, exe_path);
	bool cut = marks & (ENTRY_MARK_ARGV_TRUNCATED | ENTRY_MARK_FAULT);
	struct fields f;

	fields_begin(&f, b);
	put_key(&f, head->tgid, head->start_boot_ns / 1000, r->parent_tgid);
	if (exe_path.len)
		fields_bytes(&f, PROCESS_EXE, exe_path);
	put_array(&f, PROCESS_ARGV, argv);
	put_cwd(&f, text[BPF_EXEC_CWD]);
	put_ids(&f, head->ids, head->loginuid, head->session);
	if (exec->strings[BPF_EXEC_TTY].present)
		fields_bytes(&f, PROCESS_TTY, text[BPF_EXEC_TTY]);
	fields_uint(&f, PROCESS_CGROUP, r->cgroup);
	put_namespaces(&f, r->namespaces);
	put_comm(&f, r->comm);
	fields_uint_nonzero(&f, PROCESS_MARKS, marks);
	fields_uint_nonzero(&f, PROCESS_ARGV_BYTES, cut ? r->argv_bytes : 0);
	fields_uint(&f, PROCESS_DEVICE, r->device);
	fields_uint(&f, PROCESS_INODE, r->inode);
	if (!span_equal(text[BPF_EXEC_FILENAME], exe_path))
		fields_bytes(&f, PROCESS_FILENAME, text[BPF_EXEC_FILENAME]);
	put_file(&f, r);
	if (exec->strings[BPF_EXEC_INTERPRETER].present)
		fields_bytes(&f, PROCESS_INTERPRETER, text[BPF_EXEC_INTERPRETER]);
	put_linker_names(&f, text[BPF_EXEC_ENV]);
	fields_uint(&f, PROCESS_CAPABILITIES, r->capabilities);
	put_container(&f, container);
	put_sha256(&f, r);
	if (audit_serial)
		fields_uint(&f, PROCESS_AUDIT_SERIAL, *audit_serial);
	return fields_end(&f);
}

static void put_image_device(struct fields *f, const struct process_image *image)
{
	fields_uint_nonzero(f, PROCESS_ARGV_BYTES, image->argv_bytes);
	if (!image->inode)
		return;
	fields_uint(f, PROCESS_DEVICE, image->device);
	fields_uint(f, PROCESS_INODE, image->inode);
}

struct span describe_process(struct buf *b, const struct process *p, uint32_t tid)
{
	const struct process_image *image = p->image;
	struct fields f;

	fields_begin(&f, b);
	put_key(&f, p->key.tgid, p->key.start_us, p->parent.tgid);
	if (image && image->exe_len)
		fields_bytes(&f, PROCESS_EXE, (struct span){ image->bytes, image->exe_len });
	if (image && image->argv_len)
		put_array(&f, PROCESS_ARGV, (struct span){ image->bytes + image->exe_len, image->argv_len });
	if (p->ids_known)
		put_ids(&f, p->ids.ids, p->ids.loginuid, p->ids.session);
	if (image && p->place_known) {
		fields_uint_nonzero(&f, PROCESS_CGROUP, image->cgroup);
		put_namespaces(&f, image->namespaces);
	}
	if (image) {
		put_comm(&f, image->comm);
		fields_uint_nonzero(&f, PROCESS_MARKS, image->marks);
		put_image_device(&f, image);
	}
	fields_uint(&f, PROCESS_CAUSE, p->cause);
	if (tid && tid != p->key.tgid)
		fields_uint(&f, PROCESS_TID, tid);
	if (image && p->place_known)
		put_container(&f, image->container);
	return fields_end(&f);
}
