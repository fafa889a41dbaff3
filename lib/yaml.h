/* A YAML file as a tree, with the line of every node (libyaml underneath).
 *
 * One document. Anchors, aliases and tags are refused, and so is a key that stands twice in one mapping.
 * Bytes, nodes and depth are bounded.
 */
#ifndef SWORNLOG_LIB_YAML_H
#define SWORNLOG_LIB_YAML_H

#include "lib/digest.h"

#define YAML_MAX_BYTES (256u << 10)
#define YAML_MAX_NODES 16384
#define YAML_MAX_DEPTH 8 /* the outermost node counted */

enum yaml_node_kind { YAML_NODE_SCALAR, YAML_NODE_LIST, YAML_NODE_MAPPING };

struct yaml_node {
	enum yaml_node_kind kind;
	unsigned line;                 /* from 1 */
	unsigned key_line;             /* in a mapping */
	bool plain;                    /* scalar: not quoted */
	struct span key;               /* in a mapping; elsewhere data is NULL */
	struct span text;              /* scalar */
	size_t count;                  /* of children */
	const struct yaml_node *child; /* the first, in the file's order */
	const struct yaml_node *next;  /* sibling */
};

/* Where a message goes: "<file>:<line>: <words>". */
struct yaml_errors {
	const char *file;
	char *text;
	size_t size;
};

/* Write the message, without a line if that is 0. Always -EINVAL. */
int yaml_fail(const struct yaml_errors *e, unsigned line, const char *fmt, ...) printf_like(3, 4);

#define YAML_SHOWN_BYTES 196 /* holds the shown form of any text */

/* Text of the file made fit for a message: escaped and short. */
void yaml_show(struct span s, char ret[YAML_SHOWN_BYTES]);

struct yaml_tree;

/* -EINVAL for content, -EFBIG, -ENOMEM: each with a message. */
must_check int yaml_tree_parse(struct span bytes, const struct yaml_errors *e, struct yaml_tree **ret);
/* The file as it is on disk; ret_digest (may be NULL) is the SHA-256 of its bytes. Also what reading gave. */
must_check int yaml_tree_load(const char *path, const struct yaml_errors *e, struct hash *ret_digest,
                              struct yaml_tree **ret);
/* NULL for a file that holds nothing. Lives as long as the tree. */
const struct yaml_node *yaml_tree_root(const struct yaml_tree *t);
/* Takes NULL. */
void yaml_tree_free(struct yaml_tree *t);

#endif
