#include "witness/store.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/file.h"

#define STATE         "state"
#define FILE_MODE     0640
#define FILE_NAME_MAX 40

static int open_folder(const struct env *env, const char *folder, char *error, size_t error_size)
{
	int fd = env->open(env, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		snprintf(error, error_size, "the folder %s can't be opened: %s", folder, strerror(-fd));
	return fd;
}

static int lock_folder(const struct env *env, int dir, const char *folder, int *ret, char *error,
                       size_t error_size)
{
	int fd = env->open(env, dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, FILE_MODE);
	int r = fd < 0 ? fd : env->lock(env, fd);
	if (r == 0) {
		*ret = fd;
		return 0;
	}
	if (fd >= 0)
		(void)env->close(env, fd);
	snprintf(error, error_size, "the folder %s can't be locked: %s", folder,
	         r == -EWOULDBLOCK ? "another witness works in it" : strerror(-r));
	return r;
}

static int write_state(const struct env *env, int dir, const struct key *witness, const struct seen_list *l,
                       const struct seen *newer)
{
	cleanup_buf struct buf b = { 0 };
	int r = seen_put(&b, witness, l, newer);
	return r < 0 ? r : file_replace(env, dir, STATE, (struct span){ b.data, b.len }, FILE_MODE);
}

static int create(const struct env *env, int dir, const char *folder, const struct key *witness, char *error,
                  size_t error_size)
{
	cleanup_buf struct buf there = { 0 };
	static const struct seen_list none;
	int r = file_read(env, dir, STATE, SEEN_MAX_BYTES, &there);
	if (r != -ENOENT) {
		snprintf(error, error_size, "there is a state in %s already: it belongs to a key of its own",
		         folder);
		return -EEXIST;
	}
	r = write_state(env, dir, witness, &none, NULL);
	if (r < 0)
		snprintf(error, error_size, "%s/" STATE " can't be written: %s", folder, strerror(-r));
	return r;
}

int store_create(const struct env *env, const char *folder, const struct key *witness, char *error,
                 size_t error_size)
{
	int dir = open_folder(env, folder, error, error_size);
	if (dir < 0)
		return dir;
	int r = create(env, dir, folder, witness, error, error_size);
	(void)env->close(env, dir);
	return r;
}

static int fail_state(int r, const char *folder, char *error, size_t error_size)
{
	static const char at[] = "what this witness has cosigned";
	if (r == -ENOENT)
		snprintf(error, error_size,
		         "%s is not in %s: a witness that has forgotten must not go on with its key; give it "
		         "back its newest state, or make a new key (swornlog-witness keygen)",
		         at, folder);
	else if (r == -EKEYREJECTED)
		snprintf(error, error_size, "%s/" STATE " belongs to another witness's key", folder);
	else
		snprintf(error, error_size, "%s can't be read from %s/" STATE ": %s", at, folder,
		         r == -EBADMSG ? "it is damaged" : strerror(-r));
	return r;
}

static int load(struct store *s, const char *folder, char *error, size_t error_size)
{
	cleanup_buf struct buf b = { 0 };
	int r = file_read(s->env, s->dir, STATE, SEEN_MAX_BYTES, &b);
	if (r == 0)
		r = seen_parse((struct span){ b.data, b.len }, &s->witness, &s->seen);
	return r < 0 ? fail_state(r, folder, error, error_size) : 0;
}

static void file_name(size_t k, const char *which, char ret[FILE_NAME_MAX])
{
	snprintf(ret, FILE_NAME_MAX, "inconsistent-%zu-%s", k, which);
}

static int read_shown(const struct store *s, size_t k, struct buf *ret)
{
	char name[FILE_NAME_MAX];
	file_name(k, "shown", name);
	return file_read(s->env, s->dir, name, NOTE_MAX_BYTES, ret);
}

static int count_kept(struct store *s)
{
	int r = 0;
	for (s->kept = 0; r == 0 && s->kept < STORE_MAX_KEPT; s->kept++) {
		cleanup_buf struct buf shown = { 0 };
		r = read_shown(s, s->kept, &shown);
		if (r < 0)
			break;
	}
	return r == -ENOENT ? 0 : r;
}

int store_open(const struct env *env, const char *folder, const struct key *witness, struct store *ret,
               char *error, size_t error_size)
{
	struct store s = { .env = env, .dir = -1, .lock = -1, .witness = *witness };
	s.dir = open_folder(env, folder, error, error_size);
	int r = s.dir < 0 ? s.dir : lock_folder(env, s.dir, folder, &s.lock, error, error_size);
	if (r == 0)
		r = load(&s, folder, error, error_size);
	if (r == 0) {
		r = count_kept(&s);
		if (r < 0)
			snprintf(error, error_size, "%s can't be read: %s", folder, strerror(-r));
	}
	if (r < 0) {
		store_close(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	seen_list_done(&s->seen);
	if (s->lock >= 0)
		(void)s->env->close(s->env, s->lock);
	if (s->dir >= 0)
		(void)s->env->close(s->env, s->dir);
	s->dir = s->lock = -1;
}

int store_replace(struct store *s, struct seen *newer)
{
	int r = write_state(s->env, s->dir, &s->witness, &s->seen, newer);
	if (r == 0)
		seen_take(&s->seen, newer);
	return r;
}

static bool is_kept(const struct store *s, struct span shown)
{
	for (size_t k = 0; k < s->kept; k++) {
		cleanup_buf struct buf b = { 0 };
		if (read_shown(s, k, &b) == 0 && span_equal((struct span){ b.data, b.len }, shown))
			return true;
	}
	return false;
}

int store_keep(struct store *s, struct span held, struct span shown, bool proof)
{
	char name[FILE_NAME_MAX];
	if (s->kept >= (proof ? STORE_MAX_KEPT : STORE_MAX_KEPT / 2) || is_kept(s, shown))
		return 0;
	file_name(s->kept, "held", name);
	int r = file_replace(s->env, s->dir, name, held, FILE_MODE);
	file_name(s->kept, "shown", name);
	if (r == 0)
		r = file_replace(s->env, s->dir, name, shown, FILE_MODE);
	if (r < 0)
		return r;
	s->kept++;
	return 1;
}
