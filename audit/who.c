#include "audit/who.h"

#include "evidence/audit_type.h"

static bool has_type(const struct audit_assembled *event, uint16_t type)
{
	for (size_t i = 0; i < event->count; i++)
		if (event->lines[i].type == type)
			return true;
	return false;
}

bool audit_is_exec(const struct audit_assembled *event)
{
	return !event->malformed && has_type(event, AUDIT_TYPE_SYSCALL) && has_type(event, AUDIT_TYPE_EXECVE);
}

bool audit_is_config(const struct audit_assembled *event)
{
	return !event->malformed && has_type(event, AUDIT_TYPE_CONFIG);
}

enum fact_form { NUMBER, TEXT, HEXABLE, OUTCOME };

struct fact {
	const char *key;
	enum fact_form form;
	size_t offset;
	size_t len_offset, max; /* TEXT, HEXABLE */
};

#define AT(field) offsetof(struct audit_who, field)

static const struct fact facts[] = {
	{ "pid", NUMBER, AT(pid), 0, 0 },
	{ "ppid", NUMBER, AT(ppid), 0, 0 },
	{ "uid", NUMBER, AT(uid), 0, 0 },
	{ "auid", NUMBER, AT(loginuid), 0, 0 },
	{ "ses", NUMBER, AT(session), 0, 0 },
	{ "success", OUTCOME, AT(succeeded), 0, 0 },
	{ "res", OUTCOME, AT(succeeded), 0, 0 },
	{ "exe", HEXABLE, AT(exe), AT(exe_len), AUDIT_WHO_EXE_MAX },
	{ "comm", HEXABLE, AT(comm), AT(comm_len), AUDIT_WHO_COMM_MAX },
	{ "op", TEXT, AT(op), AT(op_len), AUDIT_WHO_WORD_MAX },
	{ "key", HEXABLE, AT(key), AT(key_len), AUDIT_WHO_WORD_MAX },
};

static bool is_yes(const struct audit_item *item)
{
	return span_is(item->value, "yes") || span_is(item->value, "1") || span_is(item->value, "success");
}

static void take_text(const struct fact *f, struct audit_item item, struct audit_who *ret)
{
	if (f->form == TEXT)
		item.form = AUDIT_FORM_BARE;
	uint8_t *at = (uint8_t *)ret + f->offset;
	size_t n = audit_value_absent(&item) ? 0 : audit_value_decode(&item, f->max, at);
	memcpy((uint8_t *)ret + f->len_offset, &n, sizeof(n));
	if (f->offset == AT(exe))
		ret->cut = n == f->max && audit_value_bytes(&item) > f->max;
}

static void take(const struct fact *f, const struct audit_item *item, struct audit_who *ret)
{
	uint32_t number;
	bool yes = is_yes(item);
	switch (f->form) {
	case NUMBER:
		if (audit_value_number(item, &number) == 0)
			memcpy((uint8_t *)ret + f->offset, &number, sizeof(number));
		return;
	case OUTCOME:
		memcpy((uint8_t *)ret + f->offset, &yes, sizeof(yes));
		return;
	case TEXT:
	case HEXABLE:
		take_text(f, *item, ret);
		return;
	}
}

static void take_setting(const struct audit_item *item, struct audit_who *ret)
{
	static const char prefix[] = "audit_";
	size_t skip = sizeof(prefix) - 1;
	if (!span_starts(item->key, prefix) || audit_value_number(item, &ret->set_to) < 0)
		return;
	ret->setting_len = MIN(item->key.len - skip, sizeof(ret->setting));
	memcpy(ret->setting, item->key.data + skip, ret->setting_len);
}

static void read_line(const struct audit_line *line, struct audit_who *ret)
{
	struct audit_stamp stamp;
	struct audit_iterator it;
	struct audit_item item;
	struct span body;
	if (audit_record_stamp(line->text, &stamp, &body) < 0)
		return;
	audit_iterator_init(&it, body);
	while (audit_iterator_next(&it, &item)) {
		if (item.nested || item.enriched)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
			if (span_is(item.key, facts[i].key))
				take(&facts[i], &item, ret);
		if (line->type == AUDIT_TYPE_CONFIG)
			take_setting(&item, ret);
	}
}

void audit_who_read(const struct audit_assembled *event, struct audit_who *ret)
{
	*ret = (struct audit_who){ .stamp = event->stamp,
		                   .pid = AUDIT_WHO_UNSET,
		                   .ppid = AUDIT_WHO_UNSET,
		                   .uid = AUDIT_WHO_UNSET,
		                   .loginuid = AUDIT_WHO_UNSET,
		                   .session = AUDIT_WHO_UNSET };
	/* A configuration record's own words count more than those of the call that it came from. */
	for (size_t i = 0; i < event->count; i++)
		if (event->lines[i].type == AUDIT_TYPE_SYSCALL)
			read_line(&event->lines[i], ret);
	for (size_t i = 0; i < event->count; i++)
		if (event->lines[i].type == AUDIT_TYPE_CONFIG)
			read_line(&event->lines[i], ret);
}
