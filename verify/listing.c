#include "verify/listing.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/env.h"

void listing_done(struct listing *l)
{
	free(l->file);
	*l = (struct listing){ 0 };
}

void store_path(bool segment, uint64_t number, char ret[STORE_PATH_MAX])
{
	const char *kind = segment ? "segment" : "journal";
	snprintf(ret, STORE_PATH_MAX, "%s/%020llu.%s", kind, (unsigned long long)number, kind);
}

/* One of its folders is enough: what else should be there is for the verdict to say. */
bool looks_like_store(int dirfd)
{
	static const char *const folders[] = { "journal", "segment", "fleet" };
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (faccessat(dirfd, folders[i], F_OK, 0) == 0)
			return true;
	}
	return false;
}

static void report(struct findings *f, const char *folder, const char *name)
{
	char file[FINDING_FILE_MAX];
	if (!f)
		return;
	snprintf(file, sizeof(file), "%.40s%s%.100s", folder, *folder ? "/" : "", name);
	find(f, VERDICT_ALTERED, &(struct place){ .file = file }, "not a file of a store");
}

static int append(struct listing *l, uint64_t number, bool segment)
{
	if (l->len == l->cap) {
		size_t cap = MAX(l->cap * 2, (size_t)64);
		struct store_file *grown = reallocarray(l->file, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->file = grown;
		l->cap = cap;
	}
	l->file[l->len++] = (struct store_file){ .number = number, .journal = !segment, .segment = segment };
	return 0;
}

/* "00000000000000000007.journal" -> 7; 0 if it is no such name. */
static uint64_t file_number(const char *name, bool segment)
{
	uint64_t number = strtoull(name, NULL, 10);
	char path[STORE_PATH_MAX];
	if (number == 0 || number > INT64_MAX)
		return 0;
	store_path(segment, number, path);
	return strcmp(strchr(path, '/') + 1, name) == 0 ? number : 0;
}

bool listing_is_unfinished(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && strcmp(name + n - 4, ".tmp") == 0;
}

static int list_names(int store_fd, const char *folder, char **ret, size_t *ret_len)
{
	cleanup_close int fd = openat(store_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return env_system()->list(env_system(), fd, ret, ret_len);
}

static int list_folder(int store_fd, bool segment, struct findings *f, struct listing *l)
{
	const char *folder = segment ? "segment" : "journal";
	cleanup_free char *names = NULL;
	size_t len = 0;
	int r = list_names(store_fd, folder, &names, &len);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (const char *name = names; name && name < names + len; name += strlen(name) + 1) {
		uint64_t number = file_number(name, segment);
		if (!number) {
			if (!listing_is_unfinished(name))
				report(f, folder, name);
			continue;
		}
		r = append(l, number, segment);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_top(int store_fd, struct findings *f)
{
	static const char *const known[] = { "genesis", "journal", "segment", "fleet", "forks", "lock" };
	cleanup_free char *names = NULL;
	size_t len = 0;
	struct stat st;
	int r = list_names(store_fd, ".", &names, &len);
	if (r < 0)
		return r;
	for (const char *name = names; name && name < names + len; name += strlen(name) + 1) {
		bool found = false;
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found = found || strcmp(known[i], name) == 0;
		if (!found && !listing_is_unfinished(name))
			report(f, "", name);
	}
	if (fstatat(store_fd, "lock", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size != 0)
		find(f, VERDICT_ALTERED, &(struct place){ .file = "lock" }, "the lock file is not empty");
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct store_file *x = a, *y = b;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* A number may have been seen as both. */
static void sort_and_join(struct listing *l)
{
	size_t n = 0;
	if (l->len)
		qsort(l->file, l->len, sizeof(*l->file), by_number);
	for (size_t i = 0; i < l->len; i++) {
		if (n == 0 || l->file[n - 1].number != l->file[i].number) {
			l->file[n++] = l->file[i];
			continue;
		}
		l->file[n - 1].journal |= l->file[i].journal;
		l->file[n - 1].segment |= l->file[i].segment;
	}
	l->len = n;
}

int listing_read(int store_fd, struct findings *f, struct listing *ret)
{
	cleanup_listing struct listing l = { 0 };
	int r = f ? check_top(store_fd, f) : 0;
	/* Journals first: one that becomes a segment meanwhile is then seen twice rather than never. */
	if (r == 0)
		r = list_folder(store_fd, false, f, &l);
	if (r == 0)
		r = list_folder(store_fd, true, f, &l);
	if (r < 0)
		return r;
	sort_and_join(&l);
	*ret = l;
	l = (struct listing){ 0 };
	return 0;
}
