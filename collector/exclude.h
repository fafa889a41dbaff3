/* Events that are left out on purpose, and counted: the section `exclude` of the rules. */
#ifndef SWORNLOG_COLLECTOR_EXCLUDE_H
#define SWORNLOG_COLLECTOR_EXCLUDE_H

#include "collector/kinds.h"
#include "collector/rule_path.h"

#define EXCLUSIONS_MAX      32
#define EXCLUSION_PATHS_MAX 64 /* of one exclusion */
/* In place of a cgroup that is not there. */
#define EXCLUSION_NO_CGROUP UINT64_MAX

enum exclusion_result { EXCLUSION_ANY = 0, EXCLUSION_SUCCEEDED = 1, EXCLUSION_FAILED = 2 };

struct exclusion_paths {
	struct rule_path *paths;
	size_t count;
};

/* All that is asked for must hold; of several paths one. */
struct exclusion {
	char *reason;
	bool kinds[KINDS_MAX];
	struct exclusion_paths paths; /* of the object; none: anything */
	struct exclusion_paths exes;  /* of the program that acts */
	bool has_uid, has_cgroup;
	uint32_t uid; /* the effective one */
	uint64_t cgroup;
	unsigned result;   /* enum exclusion_result */
	uint64_t left_out; /* the user's own count */
};

struct exclude {
	struct exclusion rules[EXCLUSIONS_MAX];
	size_t count;
};

/* `node` NULL: nothing. Otherwise a list. */
must_check int exclude_parse(const struct yaml_errors *e, const struct yaml_node *node, struct exclude *ret);
void exclude_done(struct exclude *x);

struct exclude_event {
	uint16_t kind;
	bool failed;
	uint32_t uid;
	uint64_t cgroup;      /* 0: not known */
	struct span exe;      /* empty: not known */
	struct span paths[2]; /* all that the event is about, where the kernel vouches for them */
	size_t path_count;    /* 0: not known */
};

/* The first exclusion that the event falls under, or NULL. */
struct exclusion *exclude_match(struct exclude *x, const struct exclude_event *e);

#endif
