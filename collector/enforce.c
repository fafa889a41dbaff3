#include "collector/enforce.h"

#include <stdio.h>

#include "collector/match_maps.h"
#include "lib/log.h"
#include "lib/text.h"

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
	int err = match_maps_load(m, &rules->watch, &rules->exclude, &rules->throttle);
	if (err)
		return err;
	match_maps_learn(m, &rules->watch);
	/* Only fails as a whole, where there is no such map. */
	return bpf_source_set_kinds(bpf, &rules->kinds);
}

uint64_t enforce_left_out(struct bpf_source *bpf, struct rules *rules)
{
	struct match_maps *m = bpf_source_match(bpf);
	return m ? match_maps_left_out(m, &rules->exclude) : 0;
}

void enforce_log_left_out(const struct rules *rules)
{
	for (size_t i = 0; i < rules->exclude.count; i++) {
		const struct exclusion *x = &rules->exclude.rules[i];
		cleanup_buf struct buf reason = { 0 };
		text_put_escaped(&reason, span_str(x->reason));
		buf_put_u8(&reason, 0);
		log_info("left out by exclusion %zu (%s): %llu events", i + 1,
		         buf_err(&reason) ? "" : (const char *)reason.data, (unsigned long long)x->left_out);
	}
}

void enforce_tell_throttles(struct bpf_source *bpf, struct throttle_watch *w, const struct rules *rules,
                            uint64_t now_us)
{
	struct match_maps *m = bpf_source_match(bpf);
	if (!m || !rules->throttle.rate)
		return;
	match_maps_throttles(m, w, now_us);
	throttle_watch_settle(w, &rules->throttle, now_us);
}
