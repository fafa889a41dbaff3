#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "drill/program.h"
#include "drill/report.h"
#include "evidence/key_file.h"
#include "evidence/statement.h"
#include "lib/env.h"
#include "lib/file.h"

#define DEFAULT_JOBS 8
#define WALK_FDS     16
#define TMPDIR_MAX   56

struct request {
	bool list, json;
	struct option_list only;
	const char *store, *anchor, *html, *sign, *out;
	uint64_t jobs;
	bool live_host;
};

static bool parse(int argc, char **argv, struct request *q, int *ret_status)
{
	const struct option_row rows[] = {
		{ "list", OPTION_FLAG, &q->list, .help = "say what sins there are, and what each needs" },
		{ "only", OPTION_LIST, &q->only, "NAME,...", .help = "commit these only; repeatable" },
		{ "store", OPTION_TEXT, &q->store, "COPY",
		  .help = "commit the sins on files on copies of this store; it is only read" },
		{ "anchor", OPTION_TEXT, &q->anchor, "GENESIS", .help = "that store's genesis statement" },
		{ "live-host", OPTION_FLAG, &q->live_host,
		  .help = "also those on this machine's own kernel audit, which are undone; root" },
		{ "json", OPTION_FLAG, &q->json, .help = "one JSON object" },
		{ "html", OPTION_TEXT, &q->html, "FILE", .help = "write a page, too" },
		{ "sign", OPTION_TEXT, &q->sign, "KEY",
		  .help = "sign the result with this key of a person of the fleet" },
		{ "out", OPTION_TEXT, &q->out, "FILE", .help = "where the signed result goes" },
		{ "jobs", OPTION_UINT, &q->jobs, "N", .help = "so many runs at the same time (8)", .min = 1,
		  .max = 256 },
	};
	const struct usage usage = {
		"swornlog drill",
		"",
		"Founds a scratch fleet of real processes in a temporary folder, commits one sin after the "
		"other "
		"against\n"
		"it, and sees whether the check that must catch it does so in time. Each sin has a control "
		"run "
		"without\n"
		"it, which must stay quiet. Nothing outside of the folder is touched, and nothing listens "
		"but on "
		"the\n"
		"loopback address.\n\n"
		"exit status: 0 each sin was caught and no control run disturbed, 1 not so, 2 wrong usage, 3 "
		"it "
		"could not\n"
		"be done",
		rows,
		ARRAY_SIZE(rows),
		0,
		0,
	};
	size_t count;
	return options_parse(&usage, argc, argv, NULL, &count, ret_status);
}

static int list_sins(void)
{
	for (size_t i = 0; i < sin_count(); i++) {
		const struct sin *s = sin_at(i);
		printf("%-21s %s\n%-21s   caught by %s within %u s; needs %s\n%-21s   %s\n", s->name,
		       s->words, "", s->check.words, s->within_s, sin_need_words(s->need), "", s->controls);
	}
	return COMMAND_OK;
}

static bool named(const char *names, const char *name)
{
	size_t n = strlen(name);
	for (const char *at = names; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == 0))
			return true;
	}
	return false;
}

static bool chosen(const struct request *q, const struct sin *s)
{
	if (s->need == NEED_MACHINE && !q->live_host)
		return false;
	if (q->only.count == 0)
		return !q->store || s->need == NEED_STORE;
	for (size_t i = 0; i < q->only.count; i++)
		if (named(q->only.item[i], s->name))
			return true;
	return false;
}

/* Each name that was asked for is one. */
static int check_names(const struct request *q)
{
	for (size_t i = 0; i < q->only.count; i++) {
		const char *at = q->only.item[i];
		while (*at) {
			size_t n = strcspn(at, ",");
			char name[64];
			snprintf(name, sizeof(name), "%.*s", (int)MIN(n, sizeof(name) - 1), at);
			const struct sin *s = sin_find(name);
			if (s && s->need == NEED_MACHINE && !q->live_host) {
				command_fail(
				        "'%s' changes this machine, if only for some seconds: say so with "
				        "--live-host",
				        name);
				return COMMAND_USAGE;
			}
			if (!s) {
				command_fail("there is no sin '%s'; swornlog drill --list names them", name);
				return COMMAND_USAGE;
			}
			at += n + (at[n] == ',');
		}
	}
	return COMMAND_OK;
}

struct session {
	const struct request *q;
	char folder[TMPDIR_MAX + 32];
	struct result *result;
	size_t count;
	struct buf anchor;
	struct signer *signer;
	bool colour;
};

static int remove_one(const char *path, const struct stat *st maybe_unused, int type maybe_unused,
                      struct FTW *f maybe_unused)
{
	return remove(path);
}

static void session_done(struct session *s)
{
	if (s->folder[0] && nftw(s->folder, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS) != 0)
		command_fail("%s could not be removed: %s", s->folder, strerror(errno));
	free(s->result);
	buf_done(&s->anchor);
	key_file_free(s->signer);
}

static int read_key(struct session *s)
{
	char error[256];
	int r = key_file_read_signer("the key", s->q->sign, &s->signer, error, sizeof(error));
	return r < 0 ? command_fail("%s", error) : 0;
}

/* The daemons are in packages of their own. */
static int check_programs(void)
{
	static const char *const names[] = { "swornlog-sink", "swornlog-sealer", "swornlog-shipper" };
	char path[PATH_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (program_find(names[i], path) < 0)
			return command_fail("%s is not installed beside this program; a drill runs the real "
			                    "ones: install swornlog-agent and swornlog-server",
			                    names[i]);
	}
	return 0;
}

static int prepare(struct session *s)
{
	const char *folder = getenv("TMPDIR");
	if (!folder || !*folder)
		folder = "/tmp";
	if (strlen(folder) > TMPDIR_MAX)
		return command_fail("TMPDIR=%s is too long: sockets are made below it", folder);
	s->result = calloc(sin_count(), sizeof(*s->result));
	if (!s->result)
		return command_fail("%s", strerror(ENOMEM));
	for (size_t i = 0; i < sin_count(); i++)
		if (chosen(s->q, sin_at(i)))
			s->result[s->count++].sin = sin_at(i);
	if (s->q->store) {
		int r = file_read(env_system(), AT_FDCWD, s->q->anchor, NOTE_MAX_BYTES, &s->anchor);
		if (r < 0)
			return command_fail("%s: %s", s->q->anchor, strerror(-r));
	}
	if (s->q->sign && read_key(s) != 0)
		return COMMAND_FAILED;
	snprintf(s->folder, sizeof(s->folder), "%s/swornlog-drill-XXXXXX", folder);
	if (mkdtemp(s->folder))
		return 0;
	s->folder[0] = 0;
	return command_fail("no temporary folder: %s", strerror(errno));
}

static void tell(void *ctx, const struct result *r)
{
	const struct session *s = ctx;
	cleanup_buf struct buf line = { 0 };
	if (s->q->json)
		return;
	report_put_line(&line, r, s->colour);
	fwrite(line.data, 1, line.len, stdout);
	fflush(stdout);
}

static int write_file(const char *path, const struct buf *content)
{
	int r = buf_err(content);
	if (r == 0)
		r = file_publish(env_system(), AT_FDCWD, path, (struct span){ content->data, content->len });
	return r < 0 ? command_fail("%s can't be written: %s", path, strerror(-r)) : 0;
}

/* The fleet is the first part of the key's name. */
static int write_statement(const struct session *s, const struct drill_report *r)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	const struct signer *signer = s->signer;
	char fleet[LABEL_MAX + 1];
	snprintf(fleet, sizeof(fleet), "%.*s", (int)strcspn(signer->key.name, "/"), signer->key.name);
	report_put_statement(&text, r, fleet);
	int e = buf_err(&text);
	if (e == 0)
		e = note_put(&note, (struct span){ text.data, text.len }, &signer, 1);
	return e < 0 ? command_fail("the result can't be signed: %s", strerror(-e))
	             : write_file(s->q->out, &note);
}

static int report(const struct session *s, const struct drill_report *r)
{
	cleanup_buf struct buf out = { 0 }, html = { 0 };
	if (s->q->json) {
		report_put_drill_json(&out, r);
	} else {
		buf_put_u8(&out, '\n');
		report_put_sum(&out, r);
		buf_printf(&out, "; %llu s\n", (unsigned long long)(r->took_ms / 1000));
	}
	fwrite(out.data, 1, out.len, stdout);
	report_put_html(&html, r);
	if (s->q->html && write_file(s->q->html, &html) != 0)
		return COMMAND_FAILED;
	if (s->q->sign && write_statement(s, r) != 0)
		return COMMAND_FAILED;
	return report_good(r) ? COMMAND_OK : COMMAND_FINDINGS;
}

static int run(struct session *s)
{
	struct drill d = { .store = s->q->store,
		           .anchor = { s->anchor.data, s->anchor.len },
		           .folder = s->folder,
		           .jobs = (unsigned)s->q->jobs,
		           .result = s->result,
		           .count = s->count };
	struct drill_report r = { .result = s->result,
		                  .count = s->count,
		                  .version = SWORNLOG_VERSION,
		                  .on_store = s->q->store != NULL,
		                  .time_us = env_system()->wall_us(env_system()) };
	uint64_t start = env_now_us();
	int e = drill_run(&d, tell, s);
	if (e < 0)
		return command_fail("the drill ended early: %s", strerror(-e));
	r.took_ms = (env_now_us() - start) / 1000;
	return report(s, &r);
}

int cmd_drill(int argc, char **argv)
{
	struct request q = { .jobs = DEFAULT_JOBS };
	int status;
	if (!parse(argc, argv, &q, &status))
		return status;
	if (q.list)
		return list_sins();
	if (!q.store != !q.anchor || !q.sign != !q.out) {
		command_fail("%s go together",
		             !q.store != !q.anchor ? "--store and --anchor" : "--sign and --out");
		return COMMAND_USAGE;
	}
	status = check_names(&q);
	if (status != COMMAND_OK)
		return status;
	cleanup(session_done) struct session s = { .q = &q, .colour = terminal_colour(STDOUT_FILENO) };
	status = q.store ? 0 : check_programs();
	if (status == 0)
		status = prepare(&s);
	return status != 0 ? status : run(&s);
}
