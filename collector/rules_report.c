#include "collector/rules_report.h"

#include <stdio.h>
#include <sys/stat.h>

#include "evidence/entry.h"
#include "lib/text.h"

#define NAME_BYTES_MAX 255 /* of a component, in every file system that we know */

static struct span text_of(const struct rule_path *p)
{
	return p->len ? (struct span){ (const uint8_t *)p->text, p->len }
	              : (struct span){ (const uint8_t *)"/", 1 };
}

static void put_paths(struct buf *to, const char *what, const struct exclusion_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++) {
		buf_printf(to, "%s", i ? ", " : what);
		text_put_escaped(to, text_of(&paths->paths[i]));
	}
}

static unsigned put_kinds(struct buf *to, const bool kinds[KINDS_MAX])
{
	unsigned count = 0;
	for (uint64_t kind = 0; kind < KINDS_MAX; kind++) {
		if (!kinds[kind] || !entry_kind_name(kind))
			continue;
		buf_printf(to, "%s%s", count++ ? ", " : "", entry_kind_name(kind));
	}
	if (!count)
		buf_put_str(to, "none");
	return count;
}

static void report_watch(const struct watch *w, struct buf *to)
{
	if (!w->count)
		buf_put_str(to, "watch: nothing; reads are not seen\n");
	for (size_t i = 0; i < w->count; i++) {
		buf_printf(to, "watch: %s: %s ", w->paths[i].label,
		           w->paths[i].path.pattern ? "what fits" : "all of");
		text_put_escaped(to, text_of(&w->paths[i].path));
		buf_put_u8(to, '\n');
	}
}

static void report_exclusion(const struct exclusion *x, size_t number, struct buf *to)
{
	static const char *const results[] = { "", "; succeeded", "; failed" };
	buf_printf(to, "exclude %zu (", number);
	text_put_escaped(to, span_str(x->reason));
	buf_put_str(to, "): ");
	put_kinds(to, x->kinds);
	put_paths(to, "; of ", &x->paths);
	put_paths(to, "; by ", &x->exes);
	if (x->has_uid)
		buf_printf(to, "; uid %u", x->uid);
	if (x->has_cgroup && x->cgroup != EXCLUSION_NO_CGROUP)
		buf_printf(to, "; cgroup %llu", (unsigned long long)x->cgroup);
	buf_printf(to, "%s\n", results[x->result]);
}

static void report_limits(const struct rules *r, struct buf *to)
{
	if (r->throttle.rate)
		buf_printf(to, "throttle: %u file events a second of each cgroup, %u at once\n",
		           r->throttle.rate, r->throttle.burst);
	else
		buf_put_str(to, "throttle: none\n");
	buf_put_str(to, "repeats: ");
	if (put_kinds(to, r->repeats.kinds))
		buf_printf(to, ", told every %llu s", (unsigned long long)(r->repeats.interval_us / 1000000));
	buf_put_u8(to, '\n');
}

void rules_report(const struct rules *r, struct buf *to)
{
	buf_put_str(to, "hash: ");
	text_put_hex(to, r->digest.b, sizeof(r->digest.b));
	buf_put_str(to, "\nkinds switched off: ");
	put_kinds(to, r->kinds.off);
	buf_put_u8(to, '\n');
	report_watch(&r->watch, to);
	if (!r->exclude.count)
		buf_put_str(to, "exclude: nothing\n");
	for (size_t i = 0; i < r->exclude.count; i++)
		report_exclusion(&r->exclude.rules[i], i + 1, to);
	report_limits(r, to);
	buf_printf(to, "redact: %s\n",
	           redact_config_engine(r->redact) ? "on" : "OFF, secrets in arguments are recorded");
	buf_printf(to, "audit: %zu rules to load, %s\n", r->audit.rules.count,
	           r->audit.exec ? "those of execs among them" : "none of execs");
}

static bool has_long_name(const struct rule_path *p)
{
	size_t length = 0;
	for (size_t i = 0; i < p->fixed; i++) {
		length = p->text[i] == '/' ? 0 : length + 1;
		if (length > NAME_BYTES_MAX)
			return true;
	}
	return false;
}

/* NULL: nothing to say. */
static const char *path_fault(const struct rule_path *p)
{
	char fixed[RULE_PATH_MAX + 1];
	struct stat st;
	if (has_long_name(p))
		return "can't be: no name has more than 255 bytes";
	memcpy(fixed, p->text, p->fixed);
	fixed[p->fixed] = '\0';
	if (stat(p->fixed ? fixed : "/", &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? "is not there now" : NULL;
	return p->pattern && !S_ISDIR(st.st_mode) ? "can't match: what it begins with is no directory" : NULL;
}

static unsigned warn_path(const struct rule_path *p, const char *where, struct buf *to)
{
	const char *fault = path_fault(p);
	if (!fault)
		return 0;
	buf_printf(to, "warning: %s: ", where);
	text_put_escaped(to, text_of(p));
	buf_printf(to, " %s\n", fault);
	return 1;
}

static bool is_labelled(const struct watch *w, const struct rule_path *p)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->paths[i].path.pattern &&
		    rule_path_covers(&w->paths[i].path, (struct span){ (const uint8_t *)p->text, p->fixed },
		                     false))
			return true;
	return false;
}

static bool wants_one(const struct kinds *wanted, const bool kinds[KINDS_MAX])
{
	for (uint64_t kind = 0; kind < KINDS_MAX; kind++)
		if (kinds[kind] && entry_kind_name(kind) && kinds_wanted(wanted, kind))
			return true;
	return false;
}

static unsigned warn(struct buf *to, const char *where, const char *what)
{
	buf_printf(to, "warning: %s: %s\n", where, what);
	return 1;
}

static unsigned warn_exclusion(const struct rules *r, const struct exclusion *x, size_t number,
                               struct buf *to)
{
	char where[32];
	unsigned count = 0;
	size_t labelled = 0;
	snprintf(where, sizeof(where), "exclude %zu", number);
	for (size_t i = 0; i < x->paths.count; i++) {
		count += warn_path(&x->paths.paths[i], where, to);
		labelled += is_labelled(&r->watch, &x->paths.paths[i]);
	}
	for (size_t i = 0; i < x->exes.count; i++)
		count += warn_path(&x->exes.paths[i], where, to);
	if (labelled && labelled == x->paths.count)
		count += warn(to, where, "never applies: all its paths are labelled data");
	if (!wants_one(&r->kinds, x->kinds))
		count += warn(to, where, "never applies: its kinds are switched off");
	if (x->has_cgroup && x->cgroup == EXCLUSION_NO_CGROUP)
		count += warn(to, where, "applies to nothing: its cgroup is not there now");
	return count;
}

unsigned rules_warn(const struct rules *r, struct buf *to)
{
	bool repeats = false;
	unsigned count = 0;
	for (size_t i = 0; i < r->watch.count; i++)
		count += warn_path(&r->watch.paths[i].path, "watch", to);
	for (size_t i = 0; i < r->exclude.count; i++)
		count += warn_exclusion(r, &r->exclude.rules[i], i + 1, to);
	for (size_t kind = 0; kind < KINDS_MAX; kind++)
		repeats = repeats || r->repeats.kinds[kind];
	if (repeats && !wants_one(&r->kinds, r->repeats.kinds))
		count += warn(to, "repeats", "no effect: its kinds are switched off");
	return count;
}
