#include "collector/sensor_watch.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/cbor.h"

struct seen {
	size_t count;
	char name[SENSOR_NAME_MAX];
	struct buf fields;
	uint32_t by;
};

static void on_change(void *context, const struct sensor_change *change)
{
	struct seen *s = context;
	s->count++;
	snprintf(s->name, sizeof(s->name), "%s", change->name);
	s->by = change->who ? change->who->loginuid : AUDIT_WHO_UNSET;
	buf_reset(&s->fields);
	cr_assert_gt(sensor_change_put(&s->fields, change, "words").len, 0);
}

static struct sensor_watch *watch(struct seen *s)
{
	struct sensor_watch *w;
	cr_assert_eq(sensor_watch_new(&(struct sensor_watch_config){ on_change, s }, &w), 0);
	return w;
}

static const struct audit_who rule_maker = { .stamp = { 1, 9 },
	                                     .pid = AUDIT_WHO_UNSET,
	                                     .ppid = AUDIT_WHO_UNSET,
	                                     .uid = 0,
	                                     .loginuid = 1000,
	                                     .session = 3,
	                                     .op = "add_rule",
	                                     .op_len = 8 };
static const struct audit_who setter = { .stamp = { 1, 8 },
	                                 .pid = 5,
	                                 .ppid = AUDIT_WHO_UNSET,
	                                 .uid = 0,
	                                 .loginuid = 1001,
	                                 .session = 3,
	                                 .op = "set",
	                                 .op_len = 3,
	                                 .setting = "enabled",
	                                 .setting_len = 7 };

Test(sensor_watch, the_first_value_is_taken_as_it_is_and_the_same_again_says_nothing)
{
	struct seen s = { 0 };
	struct sensor_watch *w = watch(&s);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 1, 10);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 1, 20);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "failure", 2, 20);
	cr_assert_eq(s.count, 0);
	sensor_watch_free(w);
}

Test(sensor_watch, another_value_is_told_once_with_what_was_before)
{
	struct seen s = { 0 };
	struct sensor_watch *w = watch(&s);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 1, 10);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 0, 20);
	cr_assert_eq(s.count, 0, "audit may yet say who did it");
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 0, 600020);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 0, 700020);
	cr_assert_eq(s.count, 1);
	cr_assert_str_eq(s.name, "enabled");
	/* {0: 0, 1: "enabled", 2: 1, 3: 0, 10: "words"} */
	static const uint8_t want[] = "\xa5\x00\x00\x01\x47"
	                              "enabled\x02\x01\x03\x00\x0a\x45words";
	cr_assert_eq(s.fields.len, sizeof(want) - 1);
	cr_assert_arr_eq(s.fields.data, want, sizeof(want) - 1);
	buf_done(&s.fields);
	sensor_watch_free(w);
}

Test(sensor_watch, nothing_where_something_was_is_a_change)
{
	struct seen s = { 0 };
	struct sensor_watch *w = watch(&s);
	static const uint8_t null[] = { 0xf6 };
	sensor_watch_put_uint(w, CHANGE_MAP, "ring", 7, 10);
	sensor_watch_put(w, CHANGE_MAP, "ring", (struct span){ null, 1 }, 20);
	cr_assert_eq(s.count, 1);
	buf_done(&s.fields);
	sensor_watch_free(w);
}

Test(sensor_watch, a_change_is_laid_to_whom_audit_named_for_such_a_change_just_before)
{
	struct seen s = { 0 };
	struct sensor_watch *w = watch(&s);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 1, 10);
	sensor_watch_put_uint(w, CHANGE_RULES, "all", 1, 10);
	sensor_watch_put_uint(w, CHANGE_PROGRAM, "x", 1, 10);
	sensor_watch_suspect(w, &setter, 1000);
	sensor_watch_suspect(w, &rule_maker, 1000);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 0, 2000);
	cr_assert_eq(s.by, 1001);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 1, 3000);
	sensor_watch_put_uint(w, CHANGE_AUDIT, "enabled", 1, 600000);
	cr_assert_eq(s.by, AUDIT_WHO_UNSET, "he set it to another value");
	sensor_watch_put_uint(w, CHANGE_RULES, "all", 0, 2000);
	cr_assert_eq(s.by, 1000);
	sensor_watch_put_uint(w, CHANGE_PROGRAM, "x", 0, 2000);
	cr_assert_eq(s.by, AUDIT_WHO_UNSET, "audit says nothing of programs");
	sensor_watch_put_uint(w, CHANGE_RULES, "all", 5, 5000000);
	sensor_watch_put_uint(w, CHANGE_RULES, "all", 5, 5600000);
	cr_assert_eq(s.by, AUDIT_WHO_UNSET, "long ago");
	buf_done(&s.fields);
	sensor_watch_free(w);
}

Test(sensor_watch, what_is_beyond_its_limits_is_passed_over)
{
	struct seen s = { 0 };
	struct sensor_watch *w = watch(&s);
	uint8_t large[SENSOR_VALUE_MAX + 1] = { 0 };
	sensor_watch_put(w, CHANGE_MAP, "m", (struct span){ large, sizeof(large) }, 10);
	for (unsigned i = 0; i < SENSOR_FACTS_MAX + 10; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%u", i);
		sensor_watch_put_uint(w, CHANGE_MAP, name, 1, 10);
		sensor_watch_put_uint(w, CHANGE_MAP, name, 2, 20);
	}
	cr_assert_leq(s.count, SENSOR_FACTS_MAX);
	buf_done(&s.fields);
	sensor_watch_free(w);
}
