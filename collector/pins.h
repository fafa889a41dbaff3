/* A folder in a BPF file system, in which maps, programs and links outlive the collector.
 *
 * <root>/<build>/<name>: <build> names what made them, so that another build never takes them for its own.
 * Whoever may write there may feed us anything: root and folder must be ours and writable for nobody else,
 * and one collector at a time holds the folder.
 */
#ifndef SWORNLOG_COLLECTOR_PINS_H
#define SWORNLOG_COLLECTOR_PINS_H

#include "lib/digest.h"

/* Names of links begin with it: they are removed before the rest. */
#define PINS_LINK "link_"

struct bpf_link;
struct pins;

/* Make the root for `uid`, which will be the collector's user. Only for root: where the BPF file system is
 * mounted, and its folders lead there for that user, is the administrator's. -errno. */
must_check int pins_prepare(const char *root, unsigned uid, unsigned gid);

/* -EMEDIUMTYPE: `root` is in no BPF file system; -EPERM: root or folder is not ours alone; -EBUSY: another
 * collector holds it; or another -errno. */
must_check int pins_open(const char *root, const struct hash *build, struct pins **ret);
/* Of the folder; the pins' own. */
int pins_fd(const struct pins *p);
/* What is pinned stays. Takes NULL. */
void pins_free(struct pins *p);

/* A descriptor of what is pinned under that name. -ENOENT, -EPERM for a thing that is not ours, ... */
must_check int pins_get(const struct pins *p, const char *name, int *ret_fd);
/* NULL if there is none that is ours. */
struct bpf_link *pins_link(const struct pins *p, const char *name);
must_check int pins_put(const struct pins *p, const char *name, int fd);
void pins_remove(const struct pins *p, const char *name);
/* Remove everything in the folder. */
void pins_clear(const struct pins *p);

/* Hand each map "critical" and "files" of folders of other builds to `each`, then remove these folders: their
 * programs end with them. */
void pins_remove_others(const struct pins *p, void (*each)(void *context, int map_fd), void *context);
/* Remove all folders under the root. 0, or -errno if anything is left. */
must_check int pins_remove_all(const char *root);

#endif
