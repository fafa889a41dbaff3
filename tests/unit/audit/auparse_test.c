/* Our parser against Debian's libauparse, over generated and recorded records: the same fields, in the same
 * order, with the same text and, where libauparse knows that a field is an escaped string, the same bytes.
 *
 * AUPARSE_RECORDS (default 1000) records are generated from AUPARSE_SEED (default: the time; it is printed).
 * Where the two read a record differently on purpose stands in `differences`, with the reason.
 */
#include "audit/log.h"
#include "lib/text.h"
#include "tests/support/test_data.h"
#include "tests/unit/audit/made_records.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

/* Of auparse-defs.h, which is in no package that the build needs. */
#define SOURCE_BUFFER 3
#define TYPE_ESCAPED  6
#define TYPE_FILE     39
#define ESCAPE_RAW    0

struct auparse {
	void *(*init)(int source, const void *bytes);
	void (*destroy)(void *au);
	int (*next_event)(void *au);
	int (*first_record)(void *au);
	int (*next_record)(void *au);
	const char *(*record_text)(void *au);
	int (*first_field)(void *au);
	int (*next_field)(void *au);
	const char *(*name)(void *au);
	const char *(*text)(void *au);
	int (*type)(void *au);
	const char *(*interpret)(void *au);
	void (*set_escape_mode)(void *au, int mode);
};

static struct auparse lib;

static void *symbol(void *library, const char *name)
{
	void *at = dlsym(library, name);
	cr_assert_not_null(at, "%s", name);
	return at;
}

static void load_library(void)
{
	void *l = dlopen("libauparse.so.0", RTLD_NOW);
	if (!l) {
		fputs("  SKIP    there is no libauparse.so.0 (package libauparse0)\n", stderr);
		cr_skip_test("no libauparse");
	}
	lib.init = symbol(l, "auparse_init");
	lib.destroy = symbol(l, "auparse_destroy");
	lib.next_event = symbol(l, "auparse_next_event");
	lib.first_record = symbol(l, "auparse_first_record");
	lib.next_record = symbol(l, "auparse_next_record");
	lib.record_text = symbol(l, "auparse_get_record_text");
	lib.first_field = symbol(l, "auparse_first_field");
	lib.next_field = symbol(l, "auparse_next_field");
	lib.name = symbol(l, "auparse_get_field_name");
	lib.text = symbol(l, "auparse_get_field_str");
	lib.type = symbol(l, "auparse_get_field_type");
	lib.interpret = symbol(l, "auparse_interpret_field");
	lib.set_escape_mode = symbol(l, "auparse_set_escape_mode");
}

/* A value as it stands in the record. */
static void put_raw(struct buf *b, const struct audit_item *item)
{
	buf_reset(b);
	if (item->form == AUDIT_FORM_QUOTED)
		buf_put_u8(b, '"');
	buf_put(b, item->value.data, item->value.len);
	if (item->form == AUDIT_FORM_QUOTED)
		buf_put_u8(b, '"');
}

/* The first zero ends their string; in the title of a process each is a blank. */
static void put_decoded(struct buf *b, const struct audit_item *item)
{
	static uint8_t out[AUDIT_RECORD_MAX_BYTES];
	size_t n = audit_value_decode(item, sizeof(out), out);
	buf_reset(b);
	for (size_t i = 0; i < n; i++) {
		if (out[i] == 0 && !span_is(item->key, "proctitle"))
			return;
		buf_put_u8(b, out[i] ? out[i] : ' ');
	}
}

static bool is_field(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, list[i]) == 0)
			return true;
	}
	return false;
}

static size_t compared, decoded;

static void compare_field(void *au, const struct audit_item *ours, const char *record)
{
	cleanup_buf struct buf b = { 0 };
	const char *name = lib.name(au), *text = lib.text(au);
	cr_assert(span_is(ours->key, name), "their '%s', our '%.*s' in: %s", name, (int)ours->key.len,
	          (const char *)ours->key.data, record);
	put_raw(&b, ours);
	cr_assert(span_is(buf_span(&b), text), "%s: their '%s', our '%.*s' in: %s", name, text, (int)b.len,
	          (const char *)b.data, record);
	compared++;
	if ((lib.type(au) != TYPE_ESCAPED && lib.type(au) != TYPE_FILE && strcmp(name, "proctitle") != 0) ||
	    audit_value_absent(ours))
		return;
	put_decoded(&b, ours);
	cr_assert(span_is(buf_span(&b), lib.interpret(au)), "%s decoded: their '%s', our '%.*s' in: %s", name,
	          lib.interpret(au), (int)b.len, (const char *)b.data, record);
	decoded++;
}

/* Several keys in one value, a byte 1 between them, which the kernel writes in hex: they make a field of
 * each. */
static void compare_keys(void *au, const struct audit_item *ours, const char *record)
{
	uint8_t keys[AUDIT_RECORD_MAX_BYTES];
	size_t n = audit_value_decode(ours, sizeof(keys), keys);
	for (struct span rest = { keys, n }; rest.data;) {
		char want[512];
		struct span key = text_split(rest, 1, &rest);
		snprintf(want, sizeof(want), "\"%.*s\"", (int)key.len, (const char *)key.data);
		cr_assert_str_eq(lib.text(au), want, "in: %s", record);
		compared++;
		if (rest.data)
			cr_assert_gt(lib.next_field(au), 0);
	}
}

/* The next field with a value: without one they leave it out. */
static bool next_ours(struct audit_iterator *it, struct audit_item *ret)
{
	while (audit_iterator_next(it, ret)) {
		if (!ret->enriched && (ret->value.len > 0 || ret->form == AUDIT_FORM_QUOTED))
			return true;
	}
	return false;
}

/* The record that stands current in `au`. */
static void compare_record(void *au)
{
	static const char *const heads[] = { "node", "type" };
	const char *record = lib.record_text(au);
	struct span text, body;
	struct audit_stamp stamp;
	struct audit_iterator it;
	struct audit_item item;
	uint16_t type;
	cr_assert_eq(audit_log_split(span_str(record), &type, &text), 0, "%s", record);
	cr_assert_eq(audit_record_stamp(text, &stamp, &body), 0, "%s", record);
	audit_iterator_init(&it, body);
	for (int more = lib.first_field(au); more > 0; more = lib.next_field(au)) {
		if (is_field(lib.name(au), heads, ARRAY_SIZE(heads)))
			continue;
		cr_assert(next_ours(&it, &item), "only they have '%s' in: %s", lib.name(au), record);
		if (span_is(item.key, "key") && item.form == AUDIT_FORM_HEX)
			compare_keys(au, &item, record);
		else
			compare_field(au, &item, record);
	}
	cr_assert(!next_ours(&it, &item), "only we have '%.*s' in: %s", (int)item.key.len,
	          (const char *)item.key.data, record);
}

static void *open_library(const char *log)
{
	void *au = lib.init(SOURCE_BUFFER, log);
	cr_assert_not_null(au);
	lib.set_escape_mode(au, ESCAPE_RAW);
	return au;
}

/* The number of records. */
static size_t compare_log(const char *log)
{
	void *au = open_library(log);
	size_t records = 0;
	while (lib.next_event(au) > 0) {
		for (int more = lib.first_record(au); more > 0; more = lib.next_record(au), records++)
			compare_record(au);
	}
	lib.destroy(au);
	return records;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);
	return s ? strtoull(s, NULL, 10) : otherwise;
}

Test(auparse, generated_records_are_read_as_libauparse_reads_them, .timeout = 600)
{
	uint64_t seed = from_environment("AUPARSE_SEED", (uint64_t)time(NULL));
	uint64_t wanted = from_environment("AUPARSE_RECORDS", 1000), records = 0;
	load_library();
	fprintf(stderr, "  SEED    AUPARSE_SEED=%llu\n", (unsigned long long)seed);
	made_seed(seed);
	while (records < wanted) {
		cleanup_buf struct buf log = { 0 };
		uint64_t some = MIN(wanted - records, 500u);
		for (uint64_t i = 0; i < some; i++)
			made_record(&log, (uint32_t)(records + i));
		buf_put_u8(&log, 0);
		size_t read = compare_log((const char *)log.data);
		cr_assert_eq(read, some, "they read %zu records of %llu", read, (unsigned long long)some);
		records += some;
	}
	cr_assert_gt(compared, wanted * 4);
	cr_assert_gt(decoded, wanted / 2);
}

/* What they make of a record, what we make of it, and why. The field is the first of its name that each has.
 */
static const struct {
	const char *record, *name, *theirs, *ours, *why;
} differences[] = {
	{ "type=USER_CMD msg=audit(1700000001.000:2): pid=1 msg='cwd=\"/a b\" res=success'", "cwd", "\"/a",
	  "\"/a b\"", "a quoted value goes up to its quote: programs put blanks into theirs" },
	{ "type=USER_CMD msg=audit(1700000001.000:2): pid=1 msg='cwd=\"/a uid=0\" uid=5 res=success'", "uid",
	  "0\"", "5", "what stands within quotes is no field of its own" },
	{ "type=USER_AUTH msg=audit(1700000001.000:2): pid=1 msg='op=a:b: acct=\"x\" res=failed'", "op",
	  "a:b", "a:b:", "a colon at the end is part of the value" },
	{ "type=USER_AUTH msg=audit(1700000001.000:2): pid=1 msg='op=x; res=failed'", "op", "x;", "x",
	  "a semicolon at the end is prose, as a comma is" },
	{ "type=USER_AUTH msg=audit(1700000001.000:2): pid=1 msg='cmd= res=failed'", "cmd", NULL, "",
	  "a field without a value is there" },
	{ "type=SYSCALL msg=audit(1700000001.000:2): arch=c000003e syscall=1 key=610162", "key", "\"a\"",
	  "610162", "several keys in one value stay as the kernel wrote them" },
	{ "type=AVC msg=audit(1700000001.000:2): avc:  denied  { read } for  pid=5", "seresult", "denied",
	  NULL, "words without an equals sign get no name" },
};

/* True if it has the field; its text then. */
static bool find_ours(struct span text, const char *name, struct buf *ret)
{
	struct span body;
	struct audit_stamp stamp;
	struct audit_iterator it;
	struct audit_item item;
	cr_assert_eq(audit_record_stamp(text, &stamp, &body), 0);
	audit_iterator_init(&it, body);
	while (audit_iterator_next(&it, &item)) {
		if (!span_is(item.key, name))
			continue;
		put_raw(ret, &item);
		return true;
	}
	return false;
}

static const char *find_theirs(void *au, const char *name)
{
	cr_assert_gt(lib.next_event(au), 0);
	cr_assert_gt(lib.first_record(au), 0);
	for (int more = lib.first_field(au); more > 0; more = lib.next_field(au)) {
		if (strcmp(lib.name(au), name) == 0)
			return lib.text(au);
	}
	return NULL;
}

Test(auparse, where_we_read_otherwise_on_purpose)
{
	load_library();
	for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
		cleanup_buf struct buf b = { 0 };
		const char *record = differences[i].record, *why = differences[i].why;
		char log[256];
		snprintf(log, sizeof(log), "%s\n", record);
		void *au = open_library(log);
		const char *theirs = find_theirs(au, differences[i].name);
		struct span text = { (const uint8_t *)strstr(record, "audit("),
			             strlen(strstr(record, "audit(")) };
		bool ours = find_ours(text, differences[i].name, &b);
		if (differences[i].theirs)
			cr_expect(theirs && strcmp(theirs, differences[i].theirs) == 0, "theirs: %s", why);
		else
			cr_expect_null(theirs, "theirs: %s", why);
		if (differences[i].ours)
			cr_expect(ours && span_is(buf_span(&b), differences[i].ours), "ours: %s", why);
		else
			cr_expect_not(ours, "ours: %s", why);
		lib.destroy(au);
	}
}

/* Prose of old programs and of SELinux, read otherwise for the reasons above; and a line that no kernel
 * wrote, with a quote behind a key in hex. */
static bool is_prose(struct span line)
{
	static const char *const marks[] = { "avc:", "msg='PAM:", "msg='unit=", "msg=' ", "626974\"" };
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (memmem(line.data, line.len, marks[i], strlen(marks[i])))
			return true;
	}
	return false;
}

Test(auparse, recorded_records_are_read_as_libauparse_reads_them)
{
	static const char *const names[] = {
		"auparse/testdata/audit-rhel6.log",    "auparse/testdata/audit-rhel7.log",
		"auparse/testdata/audit-ubuntu14.log", "auparse/testdata/audit-ubuntu16.log",
		"auparse/testdata/audit-ubuntu17.log", "auparse/testdata/test2.log",
		"auparse/testdata/test3.log",          "testdata/normal.log",
		"testdata/out_of_order.log",           "testdata/lost_messages.log"
	};
	size_t records = 0;
	load_library();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[128];
		cleanup_buf struct buf log = { 0 }, plain = { 0 };
		snprintf(name, sizeof(name), "audit-go-libaudit/%s", names[i]);
		if (!test_data_read(name, &log))
			cr_skip_test("no test data beside the checkout");
		struct cursor c;
		buf_put_u8(&log, '\n');
		cursor_init(&c, log.data, log.len);
		while (cursor_left(&c) > 0) {
			struct span line = cursor_line(&c);
			if (is_prose(line))
				continue;
			buf_put(&plain, line.data, line.len);
			buf_put_u8(&plain, '\n');
		}
		buf_put_u8(&plain, 0);
		records += compare_log((const char *)plain.data);
	}
	cr_assert_gt(records, 80, "%zu records", records);
}
