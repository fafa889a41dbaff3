#include "collector/bpf_record.h"

struct layout {
	size_t bytes;
	size_t strings_at; /* 0: none */
	size_t string_count;
};

static const struct layout layouts[BPF_PROGRAMS] = {
	[BPF_PROGRAM_EXEC] = { sizeof(struct bpf_exec_record), offsetof(struct bpf_exec_record, strings),
	                       BPF_EXEC_STRINGS },
	[BPF_PROGRAM_EXIT] = { .bytes = sizeof(struct bpf_exit_record) },
	[BPF_PROGRAM_FORK] = { .bytes = sizeof(struct bpf_fork_record) },
	[BPF_PROGRAM_FILE] = { sizeof(struct bpf_file_record), offsetof(struct bpf_file_record, strings),
	                       BPF_FILE_STRINGS },
	[BPF_PROGRAM_FOUND] = { sizeof(struct bpf_exec_record), offsetof(struct bpf_exec_record, strings),
	                        BPF_EXEC_STRINGS },
	[BPF_PROGRAM_IO_URING] = { .bytes = sizeof(struct bpf_io_uring_record) },
	[BPF_PROGRAM_OBJECT... BPF_PROGRAMS - 1] = { sizeof(struct bpf_file_record),
	                                             offsetof(struct bpf_file_record, strings),
	                                             BPF_FILE_STRINGS },
};

static_assert((int)BPF_EXEC_STRINGS <= (int)BPF_FILE_STRINGS, "a view holds the strings of every record");

static int check_strings(const struct layout *layout, const uint8_t *data, size_t size, struct bpf_view *view)
{
	size_t at = layout->bytes;
	/* The ring aligns records to 8 bytes, and each struct's offset of its table is a multiple of 4. */
	view->strings = (const void *)(data + layout->strings_at);
	for (size_t i = 0; i < layout->string_count; i++) {
		const struct bpf_string *string = &view->strings[i];
		if (string->len > size - at || (!string->present && string->len))
			return -EBADMSG;
		view->text[i] = (struct span){ data + at, string->len };
		at += string->len;
	}
	return at == size ? 0 : -EBADMSG;
}

int bpf_record_check(const void *data, size_t size, struct bpf_view *ret)
{
	if (size < sizeof(struct bpf_record) || size > BPF_RECORD_MAX_BYTES)
		return -EBADMSG;
	struct bpf_view view = { .head = data };
	if (view.head->size != size || view.head->program >= BPF_PROGRAMS)
		return -EBADMSG;
	const struct layout *layout = &layouts[view.head->program];
	if (size < layout->bytes)
		return -EBADMSG;
	int err = 0;
	if (layout->strings_at)
		err = check_strings(layout, data, size, &view);
	else if (size != layout->bytes)
		err = -EBADMSG;
	if (err)
		return err;
	*ret = view;
	return 0;
}

/* The component at the head of `c`; its first NUL ends it, for a name may shrink while the kernel reads. */
static struct span next_component(struct cursor *c)
{
	struct span bytes = cursor_bytes(c, 2);
	uint16_t len = 0;
	if (bytes.data)
		memcpy(&len, bytes.data, sizeof(len));
	struct span name = cursor_bytes(c, len);
	const uint8_t *nul = name.len ? memchr(name.data, 0, name.len) : NULL;
	if (nul)
		name.len = (size_t)(nul - name.data);
	return name;
}

static size_t path_length(struct span components)
{
	struct cursor c;
	size_t total = 0;
	cursor_init(&c, components.data, components.len);
	while (!c.err && cursor_left(&c)) {
		struct span name = next_component(&c);
		total += c.err ? 0 : name.len + 1;
	}
	return total;
}

void bpf_path_put(struct buf *b, struct span components)
{
	size_t left = path_length(components);
	if (left == 0) {
		buf_put_u8(b, '/');
		return;
	}
	uint8_t *to = buf_extend(b, left);
	if (!to)
		return;
	struct cursor c;
	cursor_init(&c, components.data, components.len);
	while (left) {
		struct span name = next_component(&c);
		if (c.err)
			return;
		left -= name.len + 1;
		to[left] = '/';
		memcpy(to + left + 1, name.data, name.len);
	}
}
