#include "evidence/key_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define KEY_FILE_MAX 512

/* Whole pages of its own: what is said about them is said about nothing else. */
struct locked {
	struct signer signer;
	char text[KEY_FILE_MAX];
};

static int lock_pages(struct locked **ret)
{
	void *p =
	        mmap(NULL, sizeof(struct locked), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	if (mlock(p, sizeof(struct locked)) < 0 || madvise(p, sizeof(struct locked), MADV_DONTDUMP) < 0 ||
	    madvise(p, sizeof(struct locked), MADV_DONTFORK) < 0) {
		int r = -errno;
		munmap(p, sizeof(struct locked));
		return r;
	}
	*ret = p;
	return 0;
}

static int check_file(int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	bool ours = st.st_uid == geteuid() || st.st_uid == 0;
	return S_ISREG(st.st_mode) && ours && (st.st_mode & 077) == 0 ? 0 : -EPERM;
}

typedef int parse_fn(struct span text, struct signer *ret);

static int read_signer(int fd, parse_fn *parse, struct locked *l)
{
	int r = check_file(fd);
	if (r < 0)
		return r;
	ssize_t n = read(fd, l->text, sizeof(l->text));
	if (n < 0)
		return -errno;
	struct span text = { (const uint8_t *)l->text, (size_t)n };
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	r = parse(text, &l->signer);
	OPENSSL_cleanse(l->text, sizeof(l->text));
	return r;
}

static int read_file(const char *what, const char *path, parse_fn *parse, struct signer **ret, char *error,
                     size_t error_size)
{
	struct locked *l = NULL;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? -errno : lock_pages(&l);
	if (r == 0)
		r = read_signer(fd, parse, l);
	if (r == 0) {
		*ret = &l->signer;
		return 0;
	}
	if (l)
		key_file_free(&l->signer);
	snprintf(error, error_size, "%s %s can't be used: %s", what, path,
	         r == -EPERM
	                 ? "it must be a file of mode 0600 or stricter, owned by root or this process's user"
	         : r == -EBADMSG ? "it is no private key for this purpose"
	                         : strerror(-r));
	return r;
}

int key_file_read_signer(const char *what, const char *path, struct signer **ret, char *error,
                         size_t error_size)
{
	return read_file(what, path, signer_parse, ret, error, error_size);
}

int key_file_read_cosigner(const char *what, const char *path, struct signer **ret, char *error,
                           size_t error_size)
{
	return read_file(what, path, cosigner_parse, ret, error, error_size);
}

void key_file_free(struct signer *s)
{
	if (!s)
		return;
	signer_wipe(s);
	munmap(s, sizeof(struct locked));
}
