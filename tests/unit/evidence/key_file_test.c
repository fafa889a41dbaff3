#include "evidence/key_file.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/support/host_log.h"

static char path[64];

static void put(const char *content, size_t n, mode_t mode)
{
	snprintf(path, sizeof(path), "/tmp/key_file_test.%d", (int)getpid());
	unlink(path);
	FILE *f = fopen(path, "w");
	cr_assert_not_null(f);
	cr_assert_eq(fwrite(content, 1, n, f), n);
	fclose(f);
	cr_assert_eq(chmod(path, mode), 0);
}

static int read_it(struct signer **ret)
{
	char error[256] = "";
	int r = key_file_read_signer("the key", path, ret, error, sizeof(error));
	unlink(path);
	cr_assert(r == 0 || error[0]);
	return r;
}

static void put_key(mode_t mode, const char *behind)
{
	struct signer s;
	cleanup_buf struct buf text = { 0 };
	test_signer("acme/log", &s);
	signer_put(&text, &s);
	buf_put_str(&text, behind);
	put((const char *)text.data, text.len, mode);
}

Test(key_file, a_key_that_only_its_owner_may_read_is_taken)
{
	struct signer *s = NULL, same;
	test_signer("acme/log", &same);
	put_key(0600, "\n");
	cr_assert_eq(read_it(&s), 0);
	cr_assert(key_equal(&s->key, &same.key));
	key_file_free(s);
	put_key(0400, "");
	cr_assert_eq(read_it(&s), 0);
	key_file_free(s);
}

Test(key_file, a_key_that_others_may_touch_is_refused)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0666 };
	struct signer *s = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		put_key(modes[i], "\n");
		cr_assert_eq(read_it(&s), -EPERM);
		cr_assert_null(s);
	}
}

Test(key_file, what_is_no_key_is_refused)
{
	struct signer *s = NULL;
	static const char nothing[600];
	put("", 0, 0600);
	cr_assert_eq(read_it(&s), -EBADMSG);
	put("PRIVATE+KEY+acme/log", 20, 0600);
	cr_assert_eq(read_it(&s), -EBADMSG);
	put(nothing, sizeof(nothing), 0600);
	cr_assert_eq(read_it(&s), -EBADMSG);
	put_key(0600, "\n\n");
	cr_assert_eq(read_it(&s), -EBADMSG);
	snprintf(path, sizeof(path), "/nonexistent/key");
	cr_assert_eq(read_it(&s), -ENOENT);
	snprintf(path, sizeof(path), "/tmp");
	char error[256];
	cr_assert_lt(key_file_read_signer("the key", path, &s, error, sizeof(error)), 0);
}

Test(key_file, a_key_of_the_other_type_is_refused)
{
	struct signer w, *s = NULL;
	cleanup_buf struct buf text = { 0 };
	char error[256] = "";
	test_cosigner("witness.example", &w);
	signer_put(&text, &w);
	put((const char *)text.data, text.len, 0600);
	cr_assert_eq(key_file_read_cosigner("the key", path, &s, error, sizeof(error)), 0, "%s", error);
	cr_assert(key_equal(&s->key, &w.key));
	key_file_free(s);
	s = NULL;
	cr_assert_eq(read_it(&s), -EBADMSG);
	put_key(0600, "");
	cr_assert_eq(key_file_read_cosigner("the key", path, &s, error, sizeof(error)), -EBADMSG);
	unlink(path);
	cr_assert_null(s);
}
