/* Kernel records made by hand, byte by byte as the BPF programs make them. */
#ifndef SWORNLOG_TESTS_COLLECTOR_RECORDS_H
#define SWORNLOG_TESTS_COLLECTOR_RECORDS_H

#include <criterion/criterion.h>

#include "collector/bpf_record.h"
#include "evidence/intake.h"
#include "lib/cbor.h"

#define START_NS 1000000000ull
#define BOOT_NS  5000000000ull

struct made {
	_Alignas(8) uint8_t bytes[BPF_RECORD_MAX_BYTES];
	size_t len;
};

static inline void made_begin(struct made *m, size_t size, uint8_t program, uint8_t kind, uint32_t tgid)
{
	memset(m, 0, sizeof(*m));
	struct bpf_record *head = (void *)m->bytes;
	*head = (struct bpf_record){ .size = (uint32_t)size,
		                     .program = program,
		                     .kind = kind,
		                     .sequence = 1,
		                     .boot_ns = BOOT_NS,
		                     .start_boot_ns = START_NS + tgid * 1000000000ull,
		                     .exec_id = 1,
		                     .tgid = tgid,
		                     .tid = tgid,
		                     .loginuid = BPF_ID_UNSET,
		                     .session = BPF_ID_UNSET };
	m->len = size;
}

/* The next string of the record, which must be called in the order of the table. */
static inline void made_string(struct made *m, struct bpf_string *string, const void *bytes, size_t len,
                               uint16_t marks)
{
	string->present = 1;
	string->marks = marks;
	string->len = (uint32_t)len;
	if (len)
		memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
	((struct bpf_record *)(void *)m->bytes)->size = (uint32_t)m->len;
}

/* A path's components, given as people write it: "/a/b". */
static inline void made_path(struct made *m, struct bpf_string *string, const char *path, uint16_t marks)
{
	uint8_t out[8192];
	size_t n = 0;
	const char *end = path + strlen(path);
	while (end > path) {
		const char *slash = end;
		while (slash > path && slash[-1] != '/')
			slash--;
		uint16_t len = (uint16_t)(end - slash);
		if (len) {
			memcpy(out + n, &len, 2);
			memcpy(out + n + 2, slash, len);
			n += 2u + len;
		}
		end = slash > path ? slash - 1 : path;
	}
	made_string(m, string, out, n, marks);
}

static inline struct bpf_file_record *made_file(struct made *m, uint32_t tgid, uint32_t call, uint8_t kind)
{
	made_begin(m, sizeof(struct bpf_file_record), BPF_PROGRAM_FILE, kind, tgid);
	struct bpf_file_record *r = (void *)m->bytes;
	r->call = call;
	return r;
}

static inline struct bpf_view made_view(const struct made *m)
{
	struct bpf_view view;
	cr_assert_eq(bpf_record_check(m->bytes, m->len, &view), 0);
	return view;
}

/* The value of a field as the cursor that stands before it; false if it is absent. */
static inline bool field(struct span map, uint64_t key, struct cursor *ret)
{
	cursor_init(ret, map.data, map.len);
	int64_t prev = -1;
	for (size_t n = cbor_map(ret); n > 0; n--) {
		if (cbor_key(ret, &prev) == key)
			return !ret->err;
		cbor_skip(ret);
	}
	return false;
}

static inline bool field_is(struct span map, uint64_t key, const char *text)
{
	struct cursor c;
	return field(map, key, &c) && span_is(cbor_bytes(&c), text);
}

static inline bool field_int(struct span map, uint64_t key, int64_t value)
{
	struct cursor c;
	return field(map, key, &c) && cbor_int(&c) == value && !c.err;
}

static inline bool field_absent(struct span map, uint64_t key)
{
	struct cursor c;
	return !field(map, key, &c);
}

#endif
