#include "collector/system_event.h"

#include "collector/proc_reader.h"

bool system_event_is(uint16_t kind)
{
	return kind == KIND_CREDENTIALS || kind == KIND_EXEC_FAILED;
}

struct source {
	const struct file_event *event;
	const struct bpf_file_record *record;
	const struct process_ids *before;
	struct span data;
};

static void put_four(struct fields *f, uint64_t key, const uint32_t *ids, const uint8_t order[4])
{
	fields_key(f, key);
	cbor_put_array(f->b, 4);
	for (size_t i = 0; i < 4; i++)
		cbor_put_uint(f->b, ids[order[i]]);
}

static void put_ids(struct fields *f, const struct source *s, bool groups)
{
	static const uint8_t uids[4] = { BPF_UID, BPF_EUID, BPF_SUID, BPF_FSUID };
	static const uint8_t gids[4] = { BPF_GID, BPF_EGID, BPF_SGID, BPF_FSGID };
	const uint8_t *order = groups ? gids : uids;
	if (s->before)
		put_four(f, groups ? SYSTEM_OLD_GIDS : SYSTEM_OLD_UIDS, s->before->ids, order);
	put_four(f, groups ? SYSTEM_NEW_GIDS : SYSTEM_NEW_UIDS, s->record->head.ids, order);
}

/* All ones means: leave it as it is. */
static void put_id(struct buf *b, uint64_t id, bool has16bits)
{
	uint32_t none = has16bits ? UINT16_MAX : UINT32_MAX;
	uint32_t value = (uint32_t)id & none;
	cbor_put_int(b, value == none ? -1 : (int64_t)value);
}

static void put_asked(struct fields *f, const struct source *s)
{
	const struct call_shape *shape = s->event->shape;
	fields_key(f, SYSTEM_ASKED);
	cbor_put_array(f->b, shape->asked);
	for (unsigned i = 1; i <= shape->asked; i++)
		put_id(f->b, file_event_argument(s->record, i), shape->owner16);
}

static void put_groups(struct fields *f, const struct source *s)
{
	bool has16bits = s->event->shape->owner16;
	size_t width = has16bits ? 2 : 4;
	fields_key(f, SYSTEM_ASKED);
	cbor_put_array(f->b, s->data.len / width);
	for (size_t at = 0; at + width <= s->data.len; at += width) {
		uint32_t id = 0;
		memcpy(&id, s->data.data + at, width);
		put_id(f->b, id, has16bits);
	}
	fields_uint(f, SYSTEM_COUNT, (uint32_t)file_event_argument(s->record, 1));
}

/* Effective, permitted and inheritable; the upper halves stand after all lower ones. */
static void put_capabilities(struct fields *f, const struct source *s)
{
	uint32_t words[6];
	if (s->data.len != sizeof(words))
		return;
	memcpy(words, s->data.data, sizeof(words));
	fields_key(f, SYSTEM_CAPABILITIES);
	cbor_put_array(f->b, 3);
	for (size_t i = 0; i < 3; i++)
		cbor_put_uint(f->b, words[i] | (uint64_t)words[i + 3] << 32);
}

static void put_prctl(struct fields *f, const struct source *s)
{
	fields_uint(f, SYSTEM_OPTION, (uint32_t)file_event_argument(s->record, 1));
	fields_key(f, SYSTEM_ARGUMENTS);
	cbor_put_array(f->b, 2);
	cbor_put_uint(f->b, file_event_argument(s->record, 2));
	cbor_put_uint(f->b, file_event_argument(s->record, 3));
}

static void put_credentials(struct fields *f, const struct source *s)
{
	enum credentials_operation operation = (enum credentials_operation)s->event->shape->operation;
	fields_uint(f, SYSTEM_OPERATION, operation);
	switch (operation) {
	case CREDENTIALS_UID:
	case CREDENTIALS_GID:
		put_ids(f, s, operation == CREDENTIALS_GID);
		put_asked(f, s);
		return;
	case CREDENTIALS_GROUPS:
		put_groups(f, s);
		return;
	case CREDENTIALS_CAPABILITIES:
		put_capabilities(f, s);
		return;
	case CREDENTIALS_PRCTL:
		put_prctl(f, s);
		return;
	case CREDENTIALS_UNSHARE:
	case CREDENTIALS_SETNS:
		return;
	}
}

static void put_arguments(struct fields *f, const struct source *s)
{
	fields_key(f, SYSTEM_ARGV);
	argv_put(f->b, s->data);
}

static void put_own(struct fields *f, const struct source *s)
{
	if (s->event->kind == KIND_CREDENTIALS)
		put_credentials(f, s);
	else if (s->event->kind == KIND_EXEC_FAILED)
		put_arguments(f, s);
}

struct span system_event_encode(struct file_event *e, const struct bpf_view *view,
                                const struct process_ids *before)
{
	struct source source = {
		.event = e, .record = view->file, .before = before, .data = view->text[BPF_FILE_DATA]
	};
	struct fields f;
	buf_reset(&e->fields);
	fields_begin(&f, &e->fields);
	file_event_put(e, view, &f);
	put_own(&f, &source);
	int err = buf_err(&e->path) | buf_err(&e->target);
	return err ? (struct span){ 0 } : fields_end(&f);
}
