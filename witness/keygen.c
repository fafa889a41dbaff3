#include "witness/keygen.h"

#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "witness/store.h"

#define SERVICE_USER "swornlog-witness"

enum { EXIT_USAGE = 2 };

struct wishes {
	const char *name, *key, *store, *owner;
};

static void usage(FILE *to)
{
	fprintf(to, "usage: swornlog-witness keygen --name NAME --key FILE --store DIR [--owner USER]\n"
	            "Makes a new witness: its private key in FILE, an empty state in DIR. Prints the public "
	            "key, for policies.\n"
	            "  --name NAME    of the key: a host name and a path, say audit.example.org/witness\n"
	            "  --key FILE     must not exist\n"
	            "  --store DIR    made if it is not there; must hold no state\n"
	            "  --owner USER   whose both become; default " SERVICE_USER ", if root runs this and "
	            "there is one\n");
}

static int fail(const char *what, int r)
{
	fprintf(stderr, "swornlog-witness: %s: %s\n", what, strerror(-r));
	return r;
}

/* False if there is nobody to give it to. */
static bool find_owner(const struct wishes *w, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *p =
	        w->owner || geteuid() == 0 ? getpwnam(w->owner ? w->owner : SERVICE_USER) : NULL;
	if (!p)
		return false;
	*ret_uid = p->pw_uid;
	*ret_gid = p->pw_gid;
	return true;
}

static int write_key(const char *path, const struct signer *s)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(path, -errno);
	signer_put(&text, s);
	buf_put_u8(&text, '\n');
	int r = buf_err(&text);
	if (r == 0)
		r = file_write_all(env_system(), fd, (struct span){ text.data, text.len }, 0);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	buf_wipe(&text);
	if (r < 0)
		unlink(path);
	return r < 0 ? fail(path, r) : 0;
}

/* The folder's own name, too, must outlive a power cut: the state that is written into it later counts on it.
 */
static int make_folder(const char *path)
{
	if (mkdir(path, 0750) < 0)
		return errno == EEXIST ? 0 : -errno;
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int parent = fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return parent < 0 || fsync(parent) < 0 ? -errno : 0;
}

static int make_store(const struct wishes *w, const struct key *k)
{
	char error[512];
	int made = make_folder(w->store);
	if (made < 0)
		return fail(w->store, made);
	int r = store_create(env_system(), w->store, k, error, sizeof(error));
	if (r < 0)
		fprintf(stderr, "swornlog-witness: %s\n", error);
	return r;
}

static int hand_over(const struct wishes *w)
{
	char state[4096];
	uid_t uid;
	gid_t gid;
	if (!find_owner(w, &uid, &gid))
		return 0;
	snprintf(state, sizeof(state), "%s/state", w->store);
	const char *const paths[] = { w->key, w->store, state };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (lchown(paths[i], uid, gid) < 0)
			return fail(paths[i], -errno);
	}
	return 0;
}

static int make(const struct wishes *w, const struct signer *s)
{
	int r = write_key(w->key, s);
	if (r < 0)
		return r;
	r = make_store(w, &s->key);
	if (r == 0)
		r = hand_over(w);
	if (r < 0)
		unlink(w->key);
	return r;
}

static int generate(const struct wishes *w)
{
	struct signer s;
	cleanup_buf struct buf vkey = { 0 };
	int r = cosigner_generate(env_system(), w->name, &s);
	if (r < 0) {
		fprintf(stderr,
		        "swornlog-witness: '%s' can't be a key's name: 1 to %d visible characters, no '+'\n",
		        w->name, KEY_NAME_MAX);
		return EXIT_USAGE;
	}
	r = make(w, &s);
	key_put(&vkey, &s.key);
	signer_wipe(&s);
	if (r < 0 || buf_err(&vkey) < 0)
		return EXIT_FAILURE;
	printf("%.*s\n", (int)vkey.len, (const char *)vkey.data);
	return EXIT_SUCCESS;
}

int keygen_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "name", required_argument, NULL, 'n' },  { "key", required_argument, NULL, 'k' },
		{ "store", required_argument, NULL, 's' }, { "owner", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },        { 0 },
	};
	struct wishes w = { 0 };
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EXIT_SUCCESS;
		}
		const char **into = c == 'n'   ? &w.name
		                    : c == 'k' ? &w.key
		                    : c == 's' ? &w.store
		                    : c == 'o' ? &w.owner
		                               : NULL;
		if (!into) {
			usage(stderr);
			return EXIT_USAGE;
		}
		*into = optarg;
	}
	uid_t uid;
	gid_t gid;
	if (optind < argc || !w.name || !w.key || !w.store) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (w.owner && !find_owner(&w, &uid, &gid)) {
		fprintf(stderr, "swornlog-witness: there is no user '%s'\n", w.owner);
		return EXIT_USAGE;
	}
	return generate(&w);
}
