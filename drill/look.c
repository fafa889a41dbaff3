#include "drill/look.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "drill/scratch.h"
#include "evidence/batch.h"
#include "lib/env.h"
#include "lib/file.h"
#include "verify/listing.h"
#include "verify/spool.h"

static int verify_path(const struct look *l, struct report *ret)
{
	cleanup_close int fd = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct verify_options o = { .dirfd = fd, .anchor = l->anchor };
	return looks_like_store(fd) ? verify_store(&o, ret) : verify_spool(&o, ret);
}

int look_before(struct look *l)
{
	cleanup_report struct report r = { 0 };
	int e = verify_path(l, &r);
	if (e == 0)
		memcpy(l->before, r.findings.count, sizeof(l->before));
	return e;
}

static bool about_host(const struct finding *f, const char *host)
{
	char part[LABEL_MAX + 16];
	snprintf(part, sizeof(part), "/host/%s/", host);
	return strstr(f->origin, part) != NULL;
}

static bool fits(const struct look *l, const struct act *a, const struct report *r, const struct finding *f)
{
	return a->sin->check.verdicts >> f->verdict & 1 &&
	       r->findings.count[f->verdict] > l->before[f->verdict] &&
	       (!a->place[0] || strstr(f->file, a->place)) && (!a->host[0] || about_host(f, a->host));
}

static void say_finding(const struct finding *f, struct look_answer *ret)
{
	snprintf(ret->what, sizeof(ret->what), "%s%s%s%s%s: %s", verdict_name(f->verdict),
	         f->origin[0] ? " " : "", f->origin, f->file[0] ? " in " : "", f->file, f->reason);
}

/* What is said of a host as a whole, silence say, is in its row. */
static void look_at_rows(const struct act *a, const struct report *r, struct look_answer *ret)
{
	for (size_t i = 0; i < r->row_count && !ret->seen; i++) {
		const struct report_row *row = &r->row[i];
		uint32_t hit = row->verdicts & a->sin->check.verdicts;
		if (!hit || a->place[0] || (a->host[0] && strcmp(a->host, row->label) != 0))
			continue;
		ret->seen = true;
		for (unsigned v = 0; v < VERDICT_COUNT; v++)
			if (hit >> v & 1 && !ret->what[0])
				snprintf(ret->what, sizeof(ret->what), "%s: host %s",
				         verdict_name((enum verdict)v), row->label);
	}
}

static void look_at_findings(const struct look *l, const struct act *a, const struct report *r,
                             struct look_answer *ret)
{
	const struct finding *other = NULL;
	for (int v = 0; v < VERDICT_COUNT; v++)
		ret->faults |= verdict_is_fault((enum verdict)v) && r->findings.count[v] > l->before[v];
	for (size_t i = 0; i < r->findings.len && !ret->seen; i++) {
		const struct finding *f = &r->findings.list[i];
		ret->seen = fits(l, a, r, f);
		if (ret->seen)
			say_finding(f, ret);
		else if (!other && verdict_is_fault(f->verdict))
			other = f;
	}
	if (!ret->seen && other && ret->faults)
		say_finding(other, ret);
}

static int look_at_record(const struct look *l, const struct act *a, struct look_answer *ret)
{
	cleanup_report struct report r = { 0 };
	int e = verify_path(l, &r);
	if (e < 0)
		return e;
	look_at_findings(l, a, &r, ret);
	if (!ret->seen && a->fleet)
		look_at_rows(a, &r, ret);
	return 0;
}

static void look_at_answer(const struct act *a, struct look_answer *ret)
{
	const struct check *c = &a->sin->check;
	ret->seen = a->status == c->number && (!c->word || strcmp(a->word, c->word) == 0);
	if (a->status)
		snprintf(ret->what, sizeof(ret->what), "%u%s%s", a->status, a->word[0] ? " " : "", a->word);
}

static void look_at_sink(const struct act *a, struct look_answer *ret)
{
	uint64_t silent = 0;
	ret->seen = scratch_status_number(a->fleet, "silent_hosts", &silent) == 0 && silent > 0;
	if (ret->seen)
		snprintf(ret->what, sizeof(ret->what), "the sink has not heard %llu host for %d s",
		         (unsigned long long)silent, SCRATCH_SILENT_S);
}

static void look_at_alarm(const struct act *a, struct look_answer *ret)
{
	char alarm[LOOK_WHAT_MAX];
	if (host_alarm(&a->fleet->host[0], alarm, sizeof(alarm)) < 0 || !alarm[0])
		return;
	ret->seen = strstr(alarm, a->sin->check.word) != NULL;
	snprintf(ret->what, sizeof(ret->what), "%s", alarm);
}

static bool has_entry(struct span raw, const struct check *check)
{
	struct cursor c;
	struct span body;
	struct entry e;
	cursor_init(&c, raw.data, raw.len);
	while (batch_next_body(&c, &body)) {
		if (entry_parse_body(body, &e) == 0 && e.kind == check->number &&
		    (!check->word || memmem(body.data, body.len, check->word, strlen(check->word))))
			return true;
	}
	return false;
}

/* In the host's spool, which keeps what was shipped. */
static int look_for_entry(const struct act *a, struct look_answer *ret)
{
	char path[PATH_MAX], name[SPOOL_FILE_NAME_MAX];
	cleanup_spool_listing struct spool_listing l = { 0 };
	if (!host_path(&a->fleet->host[0], "spool", path))
		return -ENAMETOOLONG;
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int e = fd < 0 ? -errno : spool_listing_read(fd, NULL, &l);
	for (size_t i = 0; e == 0 && i < l.len && !ret->seen; i++) {
		cleanup_buf struct buf bytes = { 0 }, raw = { 0 };
		struct batch b;
		spool_file_name(&l.file[i], name);
		if (file_read(env_system(), fd, name, BATCH_MAX_BYTES, &bytes) < 0 ||
		    batch_parse((struct span){ bytes.data, bytes.len }, &b) < 0 || batch_unpack(&b, &raw) < 0)
			continue;
		ret->seen = has_entry((struct span){ raw.data, raw.len }, &a->sin->check);
		if (ret->seen)
			snprintf(ret->what, sizeof(ret->what), "an entry of kind %llu (%s) in batch %s",
			         (unsigned long long)a->sin->check.number,
			         entry_kind_name(a->sin->check.number), name);
	}
	return e;
}

int look_at(const struct look *l, const struct act *a, struct look_answer *ret)
{
	*ret = (struct look_answer){ 0 };
	switch (a->sin->check.kind) {
	case CHECK_STORE:
	case CHECK_SPOOL:
		return look_at_record(l, a, ret);
	case CHECK_ANSWER:
		look_at_answer(a, ret);
		return 0;
	case CHECK_SILENT:
		look_at_sink(a, ret);
		return 0;
	case CHECK_ALARM:
		look_at_alarm(a, ret);
		return 0;
	case CHECK_ENTRY:
		return look_for_entry(a, ret);
	}
	return -EINVAL;
}
