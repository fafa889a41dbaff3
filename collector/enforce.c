#include "collector/enforce.h"

#include <stdio.h>

#include "collector/match_maps.h"

static int make_ready(struct rules *rules, struct label_names *labels)
{
	int err = watch_bind(&rules->watch, labels);
	return err ? err : watch_resolve(&rules->watch);
}

int enforce_read(const char *path, struct label_names *labels, struct rules **ret, char *error,
                 size_t error_size)
{
	struct rules *rules;
	struct label_names bound = *labels;
	int err = path ? rules_load(path, &rules, error, error_size)
	               : rules_parse("", (struct span){ 0 }, &rules, error, error_size);
	if (err)
		return err;
	err = make_ready(rules, &bound);
	if (err) {
		snprintf(error, error_size, "%s: %s", path ? path : "the rules",
		         err == -E2BIG ? "more labels than there may be while the collector runs"
		                       : strerror(-err));
		rules_free(rules);
		return err;
	}
	*labels = bound;
	*ret = rules;
	return 0;
}

int enforce_apply(struct bpf_source *bpf, const struct rules *rules)
{
	struct match_maps *m = bpf_source_match(bpf);
	if (!m)
		return 0;
	int err = match_maps_load(m, &rules->watch);
	if (err)
		return err;
	match_maps_learn(m, &rules->watch);
	/* Only fails as a whole, where there is no such map. */
	return bpf_source_set_kinds(bpf, &rules->kinds);
}
