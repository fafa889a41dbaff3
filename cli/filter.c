#include "cli/filter_options.h"

#include "cli/command.h"
#include "cli/when.h"
#include "lib/cbor.h"
#include "lib/env.h"
#include "lib/text.h"

#define KINDS_KNOWN 256

static bool kind_by_name(struct span word, uint64_t *ret)
{
	for (uint64_t kind = 0; kind < KINDS_KNOWN; kind++) {
		const char *name = entry_kind_name(kind);
		if (name && span_is(word, name)) {
			*ret = kind;
			return true;
		}
	}
	return text_decimal(word, ret) == 0;
}

static bool take_kinds(struct filter *f, const char *list)
{
	struct span rest = { (const uint8_t *)list, strlen(list) };
	while (rest.data) {
		struct span word = text_split(rest, ',', &rest);
		if (f->kind_count == ARRAY_SIZE(f->kind) || !kind_by_name(word, &f->kind[f->kind_count]))
			return false;
		f->kind_count++;
	}
	return true;
}

const char *filter_prepare(struct filter *f, uint64_t now_us)
{
	f->until_us = UINT64_MAX;
	for (size_t i = 0; i < f->kinds.count; i++) {
		if (!take_kinds(f, f->kinds.item[i]))
			return f->kinds.item[i];
	}
	if (f->since && when_parse(f->since, now_us, &f->since_us) < 0)
		return f->since;
	if (f->until && when_parse(f->until, now_us, &f->until_us) < 0)
		return f->until;
	return NULL;
}

bool filter_wants_host(const struct filter *f, const char *host)
{
	return !f->host || strcmp(f->host, host) == 0;
}

static bool kind_wanted(const struct filter *f, uint64_t kind)
{
	for (size_t i = 0; i < f->kind_count; i++) {
		if (f->kind[i] == kind)
			return true;
	}
	if (f->kind_count)
		return false;
	/* Without being asked for, of the log's own entries only those that tell of something. */
	return f->own || (kind != KIND_SEAL && kind != KIND_HEARTBEAT);
}

/* The fields of an event that are about one thing: numbers to compare, paths to begin with. */
enum about { ABOUT_PID, ABOUT_SESSION, ABOUT_PATH };

static bool field_is_about(uint64_t kind, uint64_t key, enum about about)
{
	bool process = kind == KIND_PROCESS || kind == KIND_EXEC;
	bool file = (kind >= KIND_OPEN && kind <= KIND_CLOSE) || kind == KIND_REPEATS;
	bool audit = kind >= KIND_AUDIT_LOGIN && kind <= KIND_AUDIT_OTHER;
	switch (about) {
	case ABOUT_PID:
		return (process && key == PROCESS_PID) || (audit && key == AUDIT_PID);
	case ABOUT_SESSION:
		return (process && key == PROCESS_SESSION) || (audit && key == AUDIT_SESSION);
	case ABOUT_PATH:
		return (process && (key == PROCESS_EXE || key == PROCESS_FILENAME)) ||
		       (file && (key == FILE_PATH || key == FILE_TARGET || key == FILE_CLAIM)) ||
		       (audit && key == AUDIT_EXE);
	}
	return false;
}

static bool fields_match(const struct entry *e, enum about about, uint64_t number, const char *prefix)
{
	struct cursor c;
	int64_t prev = -1;
	cursor_init(&c, e->fields.data, e->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		struct cursor value = c;
		cbor_skip(&c);
		if (c.err || !field_is_about(e->kind, key, about))
			continue;
		if (about == ABOUT_PATH ? span_starts(cbor_bytes(&value), prefix) && !value.err
		                        : cbor_uint(&value) == number && !value.err)
			return true;
	}
	return false;
}

bool filter_match(const struct filter *f, const struct event *e)
{
	const struct actor *a = e->actor;
	if (!filter_wants_host(f, e->origin->host) || !kind_wanted(f, e->entry->kind))
		return false;
	if (e->wall_us < f->since_us || e->wall_us > f->until_us)
		return false;
	if (f->pid != FILTER_NONE && !(a && a->pid == f->pid) &&
	    !fields_match(e->entry, ABOUT_PID, f->pid, NULL))
		return false;
	if (f->session != FILTER_NONE && !(a && a->has_session && a->session == f->session) &&
	    !fields_match(e->entry, ABOUT_SESSION, f->session, NULL))
		return false;
	return !f->path_prefix || fields_match(e->entry, ABOUT_PATH, 0, f->path_prefix);
}

bool filter_ready(struct filter *f, int *ret_status)
{
	const char *bad = filter_prepare(f, env_system()->wall_us(env_system()));
	if (!bad)
		return true;
	command_fail("'%s' is no %s; see --help", bad,
	             bad == f->since || bad == f->until ? "time" : "kind of entry, or one of too many");
	*ret_status = COMMAND_USAGE;
	return false;
}
