#include "lib/config.h"

#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

struct sample {
	char *name;
	char *folder;
	uint64_t count;
	bool on;
	unsigned mode;
	char *note;
};

static const char *const MODES[] = { "multicast", "unicast", "off", NULL };

static const struct config_key KEYS[] = {
	{ "name", CONFIG_STRING, offsetof(struct sample, name), .required = true },
	{ "folder", CONFIG_PATH, offsetof(struct sample, folder), .fallback = "/var/lib/x" },
	{ "count", CONFIG_UINT, offsetof(struct sample, count), .min = 1, .max = 100, .fallback = "7" },
	{ "on", CONFIG_BOOL, offsetof(struct sample, on), .fallback = "true" },
	{ "mode", CONFIG_CHOICE, offsetof(struct sample, mode), .choices = MODES, .fallback = "unicast" },
	{ "note", CONFIG_STRING, offsetof(struct sample, note) },
};

static struct sample s;
static char error[512];

static int parse(const char *text)
{
	memset(&s, 0, sizeof(s));
	error[0] = '\0';
	return config_parse("a.yaml", span_str(text), KEYS, ARRAY_SIZE(KEYS), &s, error, sizeof(error));
}

static void done(void)
{
	config_free(KEYS, ARRAY_SIZE(KEYS), &s);
}

static void refused(const char *text, const char *message)
{
	cr_expect_eq(parse(text), -EINVAL, "%s", text);
	cr_expect_str_eq(error, message);
	struct sample empty = { 0 };
	cr_expect_eq(memcmp(&s, &empty, sizeof(s)), 0, "left something behind: %s", text);
}

Test(config, every_type_is_read)
{
	cr_assert_eq(parse("# a comment\nname: \"web 1\"\nfolder: /srv\ncount: 100\non: false\nmode: off\n"),
	             0, "%s", error);
	cr_expect_str_eq(s.name, "web 1");
	cr_expect_str_eq(s.folder, "/srv");
	cr_expect_eq(s.count, 100);
	cr_expect_not(s.on);
	cr_expect_eq(s.mode, 2);
	cr_expect_null(s.note);
	done();
}

Test(config, absent_keys_get_their_fallback)
{
	cr_assert_eq(parse("name: x\n"), 0, "%s", error);
	cr_expect_str_eq(s.folder, "/var/lib/x");
	cr_expect_eq(s.count, 7);
	cr_expect(s.on);
	cr_expect_eq(s.mode, 1);
	done();
}

Test(config, an_unknown_key_is_refused_with_the_nearest_name)
{
	refused("name: x\ncuont: 3\n", "a.yaml:2: unknown key 'cuont' (did you mean 'count'?)");
	refused("name: x\nzzzzzzzz: 3\n", "a.yaml:2: unknown key 'zzzzzzzz'");
}

Test(config, an_unknown_key_cannot_write_to_the_terminal)
{
	refused("\"\\e[2J\": 3\n", "a.yaml:1: unknown key '\\x1b[2J'");
}

Test(config, wrong_types_are_refused)
{
	refused("name: x\ncount: many\n",
	        "a.yaml:2: 'count': expected a whole number from 1 to 100, not 'many'");
	refused("count: \"7\"\n", "a.yaml:1: 'count': expected a whole number from 1 to 100, not '7'");
	refused("count: -1\n", "a.yaml:1: 'count': expected a whole number from 1 to 100, not '-1'");
	refused("on: yes\n", "a.yaml:1: 'on': expected true or false, not 'yes'");
	refused("mode: both\n", "a.yaml:1: 'mode': expected one of multicast, unicast, off, not 'both'");
	refused("folder: srv\n", "a.yaml:1: 'folder': expected an absolute path (beginning with /)");
	refused("name:\n", "a.yaml:1: 'name' has no value: expected text");
	refused("name: \"a\\0b\"\n", "a.yaml:1: 'name' holds a NUL byte");
}

Test(config, numbers_out_of_range_are_refused)
{
	refused("count: 0\n", "a.yaml:1: 'count': 0 is out of range: expected 1 to 100");
	refused("count: 101\n", "a.yaml:1: 'count': 101 is out of range: expected 1 to 100");
	refused("count: 99999999999999999999\n",
	        "a.yaml:1: 'count': expected a whole number from 1 to 100, not '99999999999999999999'");
}

Test(config, a_repeated_key_is_refused)
{
	refused("name: x\ncount: 1\nname: y\n",
	        "a.yaml:3: 'name' stands here a second time (first on line 1)");
}

Test(config, a_missing_required_key_is_named)
{
	refused("count: 1\n", "a.yaml: 'name' is missing: it must be given");
	refused("", "a.yaml: 'name' is missing: it must be given");
}

Test(config, nested_yaml_is_refused)
{
	refused("name: [a, b]\n", "a.yaml:1: 'name': expected a single value, not a list or a mapping");
	refused("name: {a: b}\n", "a.yaml:1: 'name': expected a single value, not a list or a mapping");
	refused("name:\n  a: b\n", "a.yaml:2: 'name': expected a single value, not a list or a mapping");
	refused("- name\n", "a.yaml:1: expected 'key: value' lines");
	refused("[name]: x\n", "a.yaml:1: expected a key, not a list or a mapping");
	refused("? [name]\n: x\n", "a.yaml:1: expected a key, not a list or a mapping");
	refused("name\n", "a.yaml:1: expected 'key: value' lines");
}

Test(config, anchors_aliases_and_tags_are_refused)
{
	refused("name: &a x\n", "a.yaml:1: anchors (&name) are not allowed here");
	refused("&a\nname: x\n", "a.yaml:1: anchors (&name) are not allowed here");
	refused("name: *a\n", "a.yaml:1: aliases (*name) are not allowed here");
	refused("name: !!int x\n", "a.yaml:1: tags (!name) are not allowed here");
}

Test(config, a_second_document_is_refused)
{
	refused("name: x\n---\nname: y\n", "a.yaml:2: expected one document only");
}

Test(config, what_is_not_yaml_is_refused_with_its_line)
{
	cr_expect_eq(parse("name: x\ncount: \"7\n"), -EINVAL);
	cr_expect(strncmp(error, "a.yaml:3: not YAML: ", 20) == 0, "%s", error);
	cr_expect_eq(parse("name: \x01\n"), -EINVAL);
	cr_expect_null(s.name);
}

Test(config, an_oversized_text_is_refused)
{
	cleanup_free char *text = malloc(CONFIG_MAX_BYTES + 2);
	memset(text, '#', CONFIG_MAX_BYTES + 1);
	text[CONFIG_MAX_BYTES + 1] = '\0';
	cr_expect_eq(parse(text), -EFBIG);
	cr_expect_str_eq(error, "a.yaml: larger than 262144 bytes");
}

Test(config, a_missing_file_is_named)
{
	struct hash digest;
	cr_expect_eq(
	        config_load("/nowhere/a.yaml", KEYS, ARRAY_SIZE(KEYS), &s, &digest, error, sizeof(error)),
	        -ENOENT);
	cr_expect_str_eq(error, "/nowhere/a.yaml: cannot be read: No such file or directory");
}

Test(config, the_digest_is_of_the_files_bytes)
{
	char path[] = "/tmp/config_test.XXXXXX";
	int fd = mkstemp(path);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, "name: x\n", 8), 8);
	close(fd);
	struct hash digest, want;
	memset(&s, 0, sizeof(s));
	cr_expect_eq(config_load(path, KEYS, ARRAY_SIZE(KEYS), &s, &digest, error, sizeof(error)), 0, "%s",
	             error);
	sha256("name: x\n", 8, &want);
	cr_expect(hash_equal(&digest, &want));
	unlink(path);
	done();
}
