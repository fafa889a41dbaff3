#include "collector/object_event.h"

#include <dirent.h>
#include <unistd.h>

#include "bpf/object.h"
#include "collector/object_trial.h"
#include "tests/unit/collector/records.h"

static struct made m;
static struct file_event e;

static struct bpf_file_record *make(uint8_t kind, const char *path)
{
	struct bpf_file_record *r = made_file(&m, 10, 0, kind);
	r->head.program = BPF_PROGRAM_OBJECT;
	r->call = BPF_CALL_NONE;
	r->marks = BPF_MARK_LSM | BPF_MARK_FENTRY;
	r->device = 8 << 20;
	r->inode = 12;
	r->mode = 0100644;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], path, 0);
	return r;
}

static struct span encode(void)
{
	struct bpf_view view = made_view(&m);
	cr_assert_eq(object_event_read(&e, &view), 0);
	return object_event_encode(&e, &view, NULL);
}

static void teardown(void)
{
	file_event_done(&e);
}

TestSuite(object_event, .fini = teardown);

Test(object_event, a_rename_has_two_paths_that_the_kernel_knows)
{
	struct bpf_file_record *r = make(KIND_RENAME, "/d/a");
	made_path(&m, &r->strings[BPF_FILE_TARGET_BASE], "/d/b", BPF_MARK_DETACHED);
	r->open_flags = 2;
	struct span f = encode();
	cr_assert(field_is(f, FILE_PATH, "/d/a"));
	cr_assert(field_is(f, FILE_TARGET, "/d/b"));
	cr_assert(field_int(f, FILE_RESULT, 0));
	cr_assert(field_int(f, FILE_FLAGS, 2));
	cr_assert(field_int(f, FILE_DEVICE, 8 << 20));
	cr_assert(field_int(f, FILE_INODE, 12));
	cr_assert(field_absent(f, FILE_MARKS));
	cr_assert(field_int(f, FILE_TARGET_MARKS, ENTRY_MARK_DETACHED));
	cr_assert(field_absent(f, FILE_SYSCALL));
}

Test(object_event, a_symlink_has_its_content)
{
	struct bpf_file_record *r = make(KIND_SYMLINK, "/d/s");
	made_string(&m, &r->strings[BPF_FILE_TARGET], "../x", 4, 0);
	cr_assert(field_is(encode(), FILE_TARGET, "../x"));
}

Test(object_event, an_open_has_a_mode_only_where_it_created)
{
	struct bpf_file_record *r = make(KIND_OPEN, "/f");
	r->open_flags = 1;
	cr_assert(field_absent(encode(), FILE_MODE));
	r->open_mode = 1;
	cr_assert(field_int(encode(), FILE_MODE, 0644));
	cr_assert(field_int(encode(), FILE_FLAGS, 1));
}

Test(object_event, changes_have_what_was_asked_for)
{
	struct bpf_file_record *r = make(KIND_CHMOD, "/f");
	r->args[0] = 04755;
	cr_assert(field_int(encode(), FILE_MODE, 04755));
	r->head.kind = KIND_CHOWN;
	r->args[0] = 7;
	r->args[1] = UINT32_MAX;
	struct span f = encode();
	cr_assert(field_int(f, FILE_UID, 7));
	cr_assert(field_absent(f, FILE_GID));
	r->head.kind = KIND_TRUNCATE;
	cr_assert(field_int(encode(), FILE_SIZE, 7));
	r->head.kind = KIND_MKNOD;
	r->args[0] = 1 << 8 | 3;
	cr_assert(field_int(encode(), FILE_RDEV, 1 << 20 | 3));
}

Test(object_event, a_close_has_no_result)
{
	make(KIND_CLOSE, "/f");
	struct span f = encode();
	cr_assert(field_is(f, FILE_PATH, "/f"));
	cr_assert(field_absent(f, FILE_RESULT));
}

Test(object_event, other_kinds_and_records_without_an_object_are_refused)
{
	make(KIND_SETXATTR, "/f");
	struct bpf_view view = made_view(&m);
	cr_assert_eq(object_event_read(&e, &view), -EBADMSG);
	made_file(&m, 10, 0, KIND_OPEN);
	view = made_view(&m);
	cr_assert_eq(object_event_read(&e, &view), -EBADMSG);
}

Test(object_event, sensors_are_the_tiers_that_had_a_part)
{
	struct bpf_file_record *r = make(KIND_OPEN, "/f");
	struct bpf_view view = made_view(&m);
	cr_assert_eq(object_event_sensors(&view), SENSOR_BPF_LSM | SENSOR_BPF_FENTRY);
	r->marks = BPF_MARK_LSM;
	cr_assert_eq(object_event_sensors(&view), SENSOR_BPF_LSM);
}

static size_t entries(const char *path)
{
	DIR *dir = opendir(path);
	cr_assert_not_null(dir);
	size_t n = 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

Test(object_trial, leaves_nothing_behind)
{
	char path[] = "/tmp/trial-test-XXXXXX";
	cr_assert_not_null(mkdtemp(path));
	cr_assert_eq(object_trial(path), 0);
	cr_assert_eq(entries(path), 2);
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(object_trial(path), -ENOENT);
}
