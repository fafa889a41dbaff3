#include "cli/rule_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/auditctl.h"

#define RULES_FOLDER "/etc/audit/rules.d"
#define RULES_FILE   "/etc/audit/audit.rules"

struct reader {
	rule_line_fn fn;
	void *context;
	char *error;
	size_t error_size;
};

static int fail(const struct reader *r, const char *path, int err)
{
	snprintf(r->error, r->error_size, "%s: %s", path, strerror(-err));
	return err;
}

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* 1, or 0 at the end. Of a line that is too long the beginning is kept. */
static int next_line(FILE *f, char *buf, size_t room, size_t *ret_len)
{
	int c;
	size_t len = 0;
	while ((c = getc_unlocked(f)) != EOF && c != '\n') {
		if (len < room)
			buf[len] = (char)c;
		len++;
	}
	*ret_len = len;
	return c == EOF && len == 0 ? 0 : 1;
}

static int read_file(const struct reader *r, const char *path)
{
	FILE *f cleanup(close_file) = fopen(path, "re");
	char text[AUDITCTL_LINE_MAX];
	size_t len;
	if (!f)
		return fail(r, path, -errno);
	for (unsigned number = 1; next_line(f, text, sizeof(text), &len) == 1; number++) {
		struct rule_line line = { .file = path,
			                  .number = number,
			                  .text = { (const uint8_t *)text, MIN(len, sizeof(text)) },
			                  .why = len > sizeof(text) ? "the line is too long" : NULL };
		int err = r->fn(r->context, &line);
		if (err)
			return fail(r, path, err);
	}
	return ferror(f) ? fail(r, path, -EIO) : 0;
}

static int is_rules_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return d->d_name[0] != '.' && n > 6 && strcmp(d->d_name + n - 6, ".rules") == 0;
}

/* The number of files, or a negative errno. */
static int read_folder(const struct reader *r, const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, is_rules_file, versionsort), err = 0;
	if (count < 0)
		return fail(r, folder, -errno);
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		if (!err &&
		    snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name) >= (int)sizeof(path))
			err = fail(r, folder, -ENAMETOOLONG);
		if (!err)
			err = read_file(r, path);
		free(names[i]);
	}
	free(names);
	return err ? err : count;
}

static int read_path(const struct reader *r, const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return fail(r, path, -errno);
	int n = S_ISDIR(st.st_mode) ? read_folder(r, path) : read_file(r, path);
	return MIN(n, 0);
}

static int read_installed(const struct reader *r)
{
	struct stat st;
	int n = stat(RULES_FOLDER, &st) == 0 ? read_folder(r, RULES_FOLDER) : 0;
	if (n == 0)
		n = read_file(r, RULES_FILE);
	return MIN(n, 0);
}

int rule_files_read(const char *const *paths, size_t count, rule_line_fn fn, void *context, char *error,
                    size_t error_size)
{
	const struct reader r = { fn, context, error, error_size };
	int err = count == 0 ? read_installed(&r) : 0;
	for (size_t i = 0; i < count && !err; i++)
		err = read_path(&r, paths[i]);
	return err;
}
