/* What the shipped rules take away, and what they leave. Samples hold their arguments between bars. */
#include "lib/redact.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#include "lib/redact_scan.h"
#include "tests/support/shipped_rules.h"

static char why[256];

#define cleanup_redact cleanup(free_redact_at)
static void free_redact_at(struct redact **r)
{
	redact_free(*r);
}

static struct redact *with(const struct redact_rule *const *rules, size_t count)
{
	struct redact *r = NULL;
	cr_assert_eq(redact_new(rules, count, &r, why, sizeof(why)), 0, "%s", why);
	return r;
}

static struct redact *with_one(const struct redact_rule *rule)
{
	return with(&rule, 1);
}

/* "a|b|c" as a vector (bars become NULs, one at the end), applied, with bars again. */
static char *apply_argv(struct redact *r, const char *sample, size_t cut)
{
	size_t len = strlen(sample);
	cleanup_free uint8_t *block = malloc(len + 1);
	for (size_t i = 0; i < len; i++)
		block[i] = sample[i] == '|' ? 0 : (uint8_t)sample[i];
	block[len] = 0;
	struct span in = { block, cut ? len : len + 1 }, out;
	bool marked = false;
	cr_assert_eq(redact_apply(r, REDACT_ARGV, in, cut, &out, &marked), 0);
	cr_assert_eq(marked, out.data != in.data);
	char *text = calloc(1, out.len + 1);
	for (size_t i = 0; i < out.len; i++)
		text[i] = out.data[i] ? (char)out.data[i] : '|';
	if (out.len && !out.data[out.len - 1])
		text[out.len - 1] = 0;
	return text;
}

static char *apply_text(struct redact *r, const char *sample)
{
	struct span in = { (const uint8_t *)sample, strlen(sample) }, out;
	bool marked = false;
	cr_assert_eq(redact_apply(r, REDACT_TEXT, in, REDACT_WHOLE, &out, &marked), 0);
	char *text = calloc(1, out.len + 1);
	memcpy(text, out.data, out.len);
	return text;
}

struct sample {
	const char *in, *out;
};

#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
#define GHP "ghp_abcdefghijklmnopqrstuvwxyz0123456789"

static const struct sample argv_samples[] = {
	/* names of options and variables */
	{ "prog|--password=hunter2|x", "prog|--password=[redacted:7]|x" },
	{ "prog|--password|hunter2|x", "prog|--password|[redacted:7]|x" },
	{ "prog|--PassWord|hunter2", "prog|--PassWord|[redacted:7]" },
	{ "prog|-password|hunter2", "prog|-password|[redacted:7]" },
	{ "prog|--db-password=a b c", "prog|--db-password=[redacted:5]" },
	{ "prog|--api_key=k1|--api-key|k2|--apikey|k3|--apiKey=k4",
	  "prog|--api_key=[redacted:2]|--api-key|[redacted:2]|--apikey|[redacted:2]|--apiKey=[redacted:2]" },
	{ "prog|--client-secret|-s3cret-", "prog|--client-secret|[redacted:8]" },
	{ "prog|--pass|hunter2", "prog|--pass|[redacted:7]" },
	{ "java|-Djavax.net.ssl.keyStorePassword=changeit|-jar|a.jar",
	  "java|-Djavax.net.ssl.keyStorePassword=[redacted:8]|-jar|a.jar" },
	{ "env|PGPASSWORD=hunter2|psql", "env|PGPASSWORD=[redacted:7]|psql" },
	{ "env|DB_PASSWORD=two words|psql", "env|DB_PASSWORD=[redacted:9]|psql" },
	{ "env|AWS_SECRET_ACCESS_KEY=abc/def+|aws", "env|AWS_SECRET_ACCESS_KEY=[redacted:8]|aws" },
	{ "docker|run|-e|POSTGRES_PASSWORD=x y|--env=API_TOKEN=t t|img",
	  "docker|run|-e|POSTGRES_PASSWORD=[redacted:3]|--env=API_TOKEN=[redacted:3]|img" },
	{ "mount|-o|username=u,password=p,uid=0|//h/s",
	  "mount|-o|username=u,password=[redacted:1],uid=0|//h/s" },
	{ "mount|-o|password=p,ss|//h/s", "mount|-o|password=[redacted:4]|//h/s" },
	{ "curl|https://h/p?access_token=abc&user=u", "curl|https://h/p?access_token=[redacted:3]&user=u" },
	{ "curl|-d|user=u&password=p&x=y|h", "curl|-d|user=u&password=[redacted:1]&x=y|h" },
	{ "curl|-d|{\"password\": \"p w\", \"user\": \"u\"}",
	  "curl|-d|{\"password\": \"[redacted:3]\", \"user\": \"u\"}" },
	{ "curl|-d|{\"password\":\"p\\\"w\"}", "curl|-d|{\"password\":\"[redacted:4]\"}" },
	{ "sh|-c|curl -d \"{\\\"token\\\":\\\"abc\\\"}\" h",
	  "sh|-c|curl -d \"{\\\"token\\\":\\\"[redacted:3]\\\"}\" h" },
	{ "x|[{\"name\":\"DB_PASSWORD\",\"value\":\"pw\"}]",
	  "x|[{\"name\":\"DB_PASSWORD\",\"value\":\"[redacted:2]\"}]" },
	{ "psql|host=h password='a b' user=u", "psql|host=h password=[redacted:5] user=u" },
	{ "npm|config|set|//r.io/:_authToken=abc", "npm|config|set|//r.io/:_authToken=[redacted:3]" },
	/* programs */
	{ "env|SSHPASS=a b|MYSQL_PWD=c d|x", "env|SSHPASS=[redacted:3]|MYSQL_PWD=[redacted:3]|x" },
	{ "plink|-pw|hunter2|h", "plink|-pw|[redacted:7]|h" },
	{ "http|--auth|me:hunter2|h", "http|--auth|me:[redacted:7]|h" },
	{ "cqlsh|-u|me|-p|hunter2", "cqlsh|-u|me|-p|[redacted:7]" },
	{ "mosquitto_pub|-u|me|-P|hunter2", "mosquitto_pub|-u|me|-P|[redacted:7]" },
	{ "x|{\"auths\":{\"r.io\":{\"auth\":\"bWU6aHVudGVyMg==\"}}}",
	  "x|{\"auths\":{\"r.io\":{\"auth\":\"[redacted:16]\"}}}" },
	{ "sh|-c|docker login -u me --password-stdin <<< 'a b'",
	  "sh|-c|docker login -u me --password-stdin <<< [redacted:5]" },
	{ "mysql|-uroot|-phunter2|db", "mysql|-uroot|-p[redacted:7]|db" },
	{ "/usr/bin/mysqldump|-phunter2", "/usr/bin/mysqldump|-p[redacted:7]" },
	{ "sudo|-u|me|mysql|-phunter2", "sudo|-u|me|mysql|-p[redacted:7]" },
	{ "curl|-u|me:hunter2|h", "curl|-u|me:[redacted:7]|h" },
	{ "curl|-ume:hunter2|h", "curl|-ume:[redacted:7]|h" },
	{ "curl|-sSu|me:hunter2|h", "curl|-sSu|me:[redacted:7]|h" },
	{ "curl|--user=me:hunter2|h", "curl|--user=me:[redacted:7]|h" },
	{ "curl|-b|sid=1|h", "curl|-b|[redacted:5]|h" },
	{ "sshpass|-p|hunter2|ssh|h", "sshpass|-p|[redacted:7]|ssh|h" },
	{ "sshpass|-phunter2|ssh|h", "sshpass|-p[redacted:7]|ssh|h" },
	{ "smbclient|-U|me%hunter2|//h/s", "smbclient|-U|me%[redacted:7]|//h/s" },
	{ "ldapsearch|-D|cn=x|-w|hunter2|-b|dc=y", "ldapsearch|-D|cn=x|-w|[redacted:7]|-b|dc=y" },
	{ "ldapsearch|-xw|hunter2", "ldapsearch|-xw|[redacted:7]" },
	{ "redis-cli|-a|hunter2|ping", "redis-cli|-a|[redacted:7]|ping" },
	{ "docker|login|-u|me|-p|hunter2|r.io", "docker|login|-u|me|-p|[redacted:7]|r.io" },
	{ "kubectl|create|secret|generic|x|--from-literal=k=v",
	  "kubectl|create|secret|generic|x|--from-literal=k=[redacted:1]" },
	{ "useradd|-p|$6$abc|bob", "useradd|-p|[redacted:6]|bob" },
	{ "zip|-P|pw|a.zip|f", "zip|-P|[redacted:2]|a.zip|f" },
	{ "7z|x|-ppw|a.7z", "7z|x|-p[redacted:2]|a.7z" },
	{ "sqlplus|scott/tiger@db", "sqlplus|scott/[redacted:5]@db" },
	{ "openssl|rsa|-passin|pass:pw|-in|k", "openssl|rsa|-passin|pass:[redacted:2]|-in|k" },
	{ "xfreerdp|/u:me|/p:pw|/v:h", "xfreerdp|/u:me|/p:[redacted:2]|/v:h" },
	{ "aws|configure|set|aws_secret_access_key|abc",
	  "aws|configure|set|aws_secret_access_key|[redacted:3]" },
	{ "keytool|-storepass|changeit|-list", "keytool|-storepass|[redacted:8]|-list" },
	/* command lines within an argument */
	{ "sh|-c|mysql -u root -phunter2 db", "sh|-c|mysql -u root -p[redacted:7] db" },
	{ "sh|-c|mysql -p\"two words\" db", "sh|-c|mysql -p[redacted:11] db" },
	{ "bash|-lc|PGPASSWORD=hunter2 psql -h h", "bash|-lc|PGPASSWORD=[redacted:7] psql -h h" },
	{ "ssh|h|bash -c 'mysql -phunter2'", "ssh|h|bash -c 'mysql -p[redacted:7]'" },
	{ "sh|-c|cmd --password 'a b' --host h", "sh|-c|cmd --password [redacted:5] --host h" },
	{ "sh|-c|cmd \"--password\" \"a b\" --host h", "sh|-c|cmd \"--password\" [redacted:5] --host h" },
	{ "sh|-c|cmd --password \\\"a b\\\" --host h", "sh|-c|cmd --password [redacted:7] --host h" },
	{ "git|commit|-m|don't use --password foo, it isn't good",
	  "git|commit|-m|don't use --password [redacted:4] it isn't good" },
	/* headers */
	{ "curl|-H|Authorization: Bearer abc.def|h", "curl|-H|Authorization: Bearer [redacted:7]|h" },
	{ "curl|-H|Authorization: Basic bWU6cHc=|h", "curl|-H|Authorization: Basic [redacted:8]|h" },
	{ "curl|-H|Authorization: custom abc def|h", "curl|-H|Authorization: [redacted:14]|h" },
	{ "sh|-c|curl -H 'Authorization: Bearer abc' https://h",
	  "sh|-c|curl -H 'Authorization: Bearer [redacted:3]' https://h" },
	{ "curl|-H|X-Api-Key: abc|h", "curl|-H|X-Api-Key: [redacted:3]|h" },
	{ "curl|-HPRIVATE-TOKEN: abc|h", "curl|-HPRIVATE-TOKEN: [redacted:3]|h" },
	{ "curl|-H|Cookie: a=b; c=d|h", "curl|-H|Cookie: [redacted:8]|h" },
	{ "x|use bearer 0123456789", "x|use bearer [redacted:10]" },
	/* URLs */
	{ "git|clone|https://me:hunter2@h/r.git", "git|clone|https://me:[redacted:7]@h/r.git" },
	{ "psql|postgres://me:p@ss:w0rd@h:5432/db", "psql|postgres://me:[redacted:9]@h:5432/db" },
	{ "git|clone|https://abcdefghijklmnopqrst@h/r", "git|clone|https://[redacted:20]@h/r" },
	{ "wget|https://h/b?sp=r&sig=abc%3D&se=1", "wget|https://h/b?sp=r&sig=[redacted:6]&se=1" },
	{ "x|Server=h;Uid=u;Pwd=abc;", "x|Server=h;Uid=u;Pwd=[redacted:3];" },
	/* shapes */
	{ "x|AKIAIOSFODNN7EXAMPLE", "x|[redacted:20]" },
	{ "x|k=" GHP ".", "x|k=[redacted:40]." },
	{ "x|" JWT, "x|[redacted:71]" },
	{ "x|xoxb-123456789012-abcdef", "x|[redacted:24]" },
	{ "x|glpat-abcdefghijklmnopqrst", "x|[redacted:26]" },
	{ "x|-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\n",
	  "x|-----BEGIN RSA PRIVATE KEY-----[redacted:10]-----END RSA PRIVATE KEY-----\n" },
	{ "x|-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl",
	  "x|-----BEGIN OPENSSH PRIVATE KEY-----[redacted:5]" },
	/* what looks like a mark */
	{ "x|[redacted:12]", "x|[redacted:0]12]" },
	{ "x|--password=[redacted:12]", "x|--password=[redacted:13]" },
	{ "x|[redacted:[redacted:", "x|[redacted:0][redacted:0]" },
};

/* Nothing of these may go. */
static const char *const harmless[] = {
	"git|commit|-m|password reset",
	"git|commit|-m|fix the token parser; secret santa",
	"passwd|root",
	"cat|/etc/passwd",
	"grep|-rn|password|src",
	"vim|secrets.yml",
	"prog|--password-file=/etc/x|--token-file|/y|--password-stdin",
	"ansible-playbook|--ask-pass|site.yml",
	"prog|--no-password|db",
	"prog|--password|--host|h",
	"mysql|-p|db",
	"prog|--password=|other",
	"mkdir|-p|a/b",
	"ps|-p|1",
	"docker|run|-p|8080:80|--user|1000:1000|img",
	"docker|login|-u|me|--password-stdin",
	"ssh|-p|2222|-o|PasswordAuthentication=no|-o|NumberOfPasswordPrompts=1|h",
	"curl|-u|me|http://h:8080/a@b",
	"curl|http://[::1]:8080/x",
	"git|clone|git@github.com:org/repo",
	"rsync|-a|me@h:/x|/y",
	"ls|s3://bucket/key",
	"env|PWD=/root|OLDPWD=/x|TERM=xterm",
	"tar|-xpf|a.tar",
	"python3|-c|if password == other: pass",
	"pass|show|mail/me",
	"prog|--max-tokens=3|--tokenizer|x|--bypass|y|--compass=z",
	"keytool|-list",
	"openssl|s_client|-connect|h:443",
	"sqlplus|/nolog",
	"sqlplus|@/path/to/script",
	"id|AKIASHORT",
	"x|eyJhbGciOiJIUzI1NiJ9",
	"x|-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----",
	"x|-----BEGIN CERTIFICATE-----\nMIIE",
	"x|bearer of bad news",
	"x|{\"auth\":\"none\"}",
	"sh|-c|grep x <<< \"$text\"",
	"systemctl|status|systemd-ask-password-wall.service",
	"sh|-c|echo hello > /tmp/x",
	"find|/|-name|*.key|-o|-name|id_rsa",
	"kubectl|get|secret|db|-o|name",
	"",
};

Test(redact, takes_secrets_out_of_arguments)
{
	cleanup_redact struct redact *r = shipped_rules();
	for (size_t i = 0; i < ARRAY_SIZE(argv_samples); i++) {
		cleanup_free char *out = apply_argv(r, argv_samples[i].in, REDACT_WHOLE);
		cr_expect_str_eq(out, argv_samples[i].out, "%s\n  gave %s", argv_samples[i].in, out);
	}
}

Test(redact, leaves_what_is_no_secret)
{
	cleanup_redact struct redact *r = shipped_rules();
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		cleanup_free char *out = apply_argv(r, harmless[i], REDACT_WHOLE);
		cr_expect_str_eq(out, harmless[i], "%s\n  gave %s", harmless[i], out);
	}
}

static const struct sample text_samples[] = {
	{ "mysql -u root -phunter2 db", "mysql -u root -p[redacted:7] db" },
	{ "/usr/bin/curl -u me:hunter2 https://h", "/usr/bin/curl -u me:[redacted:7] https://h" },
	{ "cmd --password hunter2 -v", "cmd --password [redacted:7] -v" },
	{ "cmd --password='' other", "cmd --password=[redacted:2] other" },
	{ "cd /x;mysql -phunter2", "cd /x;mysql -p[redacted:7]" },
	{ "echo hunter2 | sudo -S id", "echo [redacted:7] | sudo -S id" },
	{ "echo \"root:hunter2\" | chpasswd", "echo [redacted:14] | chpasswd" },
	{ "echo $PW | docker login -u me --password-stdin r",
	  "echo [redacted:3] | docker login -u me --password-stdin r" },
	{ "echo one | grep two", "echo one | grep two" },
	{ "password=a; token = b", "password=[redacted:2] token = [redacted:1]" },
	{ "", "" },
};

Test(redact, takes_secrets_out_of_text)
{
	cleanup_redact struct redact *r = shipped_rules();
	for (size_t i = 0; i < ARRAY_SIZE(text_samples); i++) {
		cleanup_free char *out = apply_text(r, text_samples[i].in);
		cr_expect_str_eq(out, text_samples[i].out, "%s\n  gave %s", text_samples[i].in, out);
	}
}

Test(redact, runs_the_rules_of_an_administrator)
{
	static const char *const names[] = { "kennwort", "-pin", NULL }, *const programs[] = { "deployctl",
		                                                                               NULL };
	static const char *const options[] = { "--key", "-k", NULL }, *const triggers[] = { "acme_", NULL };
	static const struct redact_rule rules[] = {
		{ .name = "german", .names = names },
		{ .name = "deploy",
		  .programs = programs,
		  .options = options,
		  .places = REDACT_ATTACHED | REDACT_NEXT,
		  .after = ':' },
		{ .name = "acme", .pattern = "acme_([0-9]+)-([0-9]+)", .triggers = triggers },
		{ .name = "digits", .pattern = "[0-9]{8}" },
	};
	static const struct sample samples[] = {
		{ "x|--mein-kennwort=y|--pin|1234|--spin|1",
		  "x|--mein-kennwort=[redacted:1]|--pin|[redacted:4]|--spin|1" },
		{ "deployctl|--key|a:b|-kc:d|--key=e",
		  "deployctl|--key|a:[redacted:1]|-kc:[redacted:1]|--key=e" },
		{ "other|--key|a:b", "other|--key|a:b" },
		{ "x|acme_12-345 acme_x", "x|acme_[redacted:2]-[redacted:3] acme_x" },
		{ "x|12345678901", "x|[redacted:8]901" },
		{ "x|--password|stays", "x|--password|stays" },
	};
	const struct redact_rule *all[ARRAY_SIZE(rules)];
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		all[i] = &rules[i];
	cleanup_redact struct redact *r = with(all, ARRAY_SIZE(rules));
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		cleanup_free char *out = apply_argv(r, samples[i].in, REDACT_WHOLE);
		cr_expect_str_eq(out, samples[i].out, "%s\n  gave %s", samples[i].in, out);
	}
}

Test(redact, refuses_rules_that_cannot_be_used)
{
	static const char *const empty[] = { "", NULL }, *const upper[] = { "Name", NULL };
	static const char *const dashes[] = { "a-b-c-d-e", NULL };
	static const struct redact_rule bad[] = {
		{ .name = "none" },
		{ .name = "two", .pattern = "a", .names = upper },
		{ .name = "syntax", .pattern = "(" },
		{ .name = "groups", .pattern = "(1)(2)(3)(4)(5)(6)(7)(8)(9)" },
		{ .name = "nested",
		  .pattern = "((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))"
		             "))" },
		{ .name = "empty", .pattern = "a", .triggers = empty },
		{ .name = "upper", .names = upper },
		{ .name = "dashes", .names = dashes },
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct redact_rule *rule = &bad[i];
		struct redact *r = NULL;
		why[0] = '\0';
		cr_expect_eq(redact_new(&rule, 1, &r, why, sizeof(why)), -EINVAL, "%s", rule->name);
		cr_expect(strstr(why, rule->name), "%s", why);
		cr_expect_null(r);
	}
}

Test(redact, replaces_the_whole_string_when_a_pattern_gives_up)
{
	static const struct redact_rule hard = { .name = "hard", .pattern = "(?:a|aa)+$" };
	cleanup_redact struct redact *r = with_one(&hard);
	cleanup_free char *out =
	        apply_argv(r, "x|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac|y", REDACT_WHOLE);
	cr_assert_str_eq(out, "x|[redacted:46]|y");
}

Test(redact, replaces_a_vector_whole_that_holds_too_many_secrets)
{
	cleanup_redact struct redact *r = shipped_rules();
	char sample[REDACT_HITS_MAX * 16 + 32] = "x", want[32];
	for (int i = 0; i < REDACT_HITS_MAX; i++)
		strcat(sample, "|--password=y");
	cleanup_free char *at_limit = apply_argv(r, sample, REDACT_WHOLE);
	cr_assert(strstr(at_limit, "x|--password=[redacted:1]|"));
	strcat(sample, "|--password=y");
	cleanup_free char *beyond = apply_argv(r, sample, REDACT_WHOLE);
	snprintf(want, sizeof(want), "[redacted:%zu]", strlen(sample) + 1);
	cr_assert_str_eq(beyond, want);
}

Test(redact, takes_what_may_be_a_secret_at_a_cut)
{
	cleanup_redact struct redact *r = shipped_rules();
	cleanup_free char *cut = apply_argv(r, "x|ghp_abcdef", REDACT_CUT_LAST),
	                  *whole = apply_argv(r, "x|ghp_abcdef", REDACT_WHOLE);
	cleanup_free char *option = apply_argv(r, "x|--password|hun", REDACT_CUT_LAST);
	cleanup_free char *each = apply_argv(r, "x|ghp_abcdef|ghp_a|y", 10);
	cr_assert_str_eq(cut, "x|[redacted:10]");
	cr_assert_str_eq(whole, "x|ghp_abcdef");
	cr_assert_str_eq(each, "x|[redacted:10]|ghp_a|y");
	cr_assert_str_eq(option, "x|--password|[redacted:3]");
}

Test(redact, tells_places_rules_and_order)
{
	cleanup_redact struct redact *r = shipped_rules();
	static const char block[] = "mysql\0-pabc\0[redacted:\0--token=" JWT;
	struct redact_hits hits;
	redact_find(r, REDACT_ARGV, (struct span){ (const uint8_t *)block, sizeof(block) }, REDACT_WHOLE,
	            &hits);
	cr_assert_eq(hits.count, 3);
	cr_assert_str_eq(redact_rule_name(r, hits.item[0].rule), "mysql");
	cr_assert_str_eq(redact_rule_name(r, hits.item[1].rule), "literal");
	cr_assert_str_eq(redact_rule_name(r, hits.item[2].rule), "names");
	cr_assert_eq(hits.item[0].start, 8);
	cr_assert_eq(hits.item[0].end, 11);
	cr_assert_eq(hits.item[2].end, sizeof(block) - 1);
	cr_assert_null(redact_rule_name(r, UINT16_MAX));
}

Test(redact, without_rules_passes_everything)
{
	struct span in = { (const uint8_t *)"--password=x", 12 }, out;
	bool marked = false;
	cr_assert_eq(redact_apply(NULL, REDACT_ARGV, in, REDACT_WHOLE, &out, &marked), 0);
	cr_assert(span_equal(in, out));
	cr_assert_not(marked);
}

/* What makes the search look again and again at as many bytes as an exec may have. */
Test(redact, takes_bounded_time_for_any_arguments)
{
	static const char *const units[] = {
		"token ",          "token|",
		"password",        "password=\"\\",
		"password\\\\",    "pass&a.[",
		"password,\"",     "--password='",
		"mysql|-|",        "a-token:",
		"-token:x-",       "://a:",
		"echo a\1",        "echo -a -a ",
		"sudo -a <<<\"",   "bearer a",
		"authorization: ", "eyJaaaaaaaaaa.",
		"[redacted:",      "sqlplus a//a/",
		"\"auth\" : \"A",  "-----BEGIN PRIVATE KEY",
		"'\" \\\" ' \"",
	};
	cleanup_redact struct redact *r = shipped_rules();
	static uint8_t block[32768];
	for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
		struct redact_hits hits;
		size_t len = strlen(units[u]);
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = units[u][i % len] == '|' ? 0 : (uint8_t)units[u][i % len];
		clock_t begun = clock();
		redact_find(r, REDACT_ARGV, (struct span){ block, sizeof(block) }, REDACT_WHOLE, &hits);
		redact_find(r, REDACT_TEXT, (struct span){ block, sizeof(block) }, REDACT_CUT_LAST, &hits);
		cr_expect_lt(clock() - begun, 2 * CLOCKS_PER_SEC, "%s", units[u]);
	}
}

/* Wherever a secret is planted, in whatever neighbourhood, no part of it stays. */
Test(redact, no_planted_secret_survives)
{
	static const char secret[] = "Zq9secretvalueQ7";
	static const char *const frames[] = {
		"prog|--password=%s",
		"prog|--password|%s|next",
		"mysql|-p%s|db",
		"sh|-c|mysql -p%s db",
		"sh|-c|X=1 PGPASSWORD=%s psql",
		"env|A_TOKEN=%s|x",
		"curl|-u|me:%s|h",
		"curl|https://me:%s@h/",
		"curl|https://h/?a=1&token=%s&b=2",
		"curl|-H|X-Auth-Token: %s",
		"curl|-H|Authorization: Bearer %s",
		"x|{\"secret\":\"%s\"}",
		"x|a,b;password=%s;c=d",
		"sshpass|-p|%s|ssh",
		"sh|-c|sshpass -p '%s' ssh h",
		"ssh|h|sudo|mysql|-p%s",
		"x|--a=b|--client-secret=%s|--c",
	};
	static const char *const around[] = { "",   "a|",  "-v|",           "sudo|", "--x=y|",
		                              "'|", "\"|", "[redacted:3]|", "=|" };
	cleanup_redact struct redact *r = shipped_rules();
	for (size_t f = 0; f < ARRAY_SIZE(frames); f++) {
		for (size_t a = 0; a < ARRAY_SIZE(around); a++) {
			char sample[256], framed[192];
			const char *at = strstr(frames[f], "%s");
			snprintf(framed, sizeof(framed), "%.*s%s%s", (int)(at - frames[f]), frames[f], secret,
			         at + 2);
			snprintf(sample, sizeof(sample), "%s%s", around[a], framed);
			cleanup_free char *out = apply_argv(r, sample, REDACT_WHOLE);
			cr_expect_not(strstr(out, "Zq9") || strstr(out, "secretvalue") || strstr(out, "Q7"),
			              "%s\n  gave %s", sample, out);
		}
	}
}
