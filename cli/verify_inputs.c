#include "cli/verify_inputs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "evidence/fleet.h"
#include "lib/boot_id.h"
#include "lib/text.h"
#include "verify/listing.h"
#include "verify/report_html.h"
#include "verify/spool.h"
#include "verify/window.h"

/* In this order they are gone through: what hosts have seen goes first, for a living store only grows. */
enum input_kind { INPUT_FILE, INPUT_SPOOL, INPUT_STORE, INPUT_KINDS };

struct input {
	enum input_kind kind;
	int fd;
	struct buf file; /* of INPUT_FILE: a receipt or a checkpoint */
	struct fleet_head head;
	struct report report; /* of a spool or store */
	const char *fault;    /* of a file */
};

struct run {
	const struct verify_request *request;
	struct input input[VERIFY_INPUTS_MAX];
	struct views *views;
	struct views_result result;
	uint8_t boot_id[BOOT_ID_BYTES];
	bool has_boot_id;
};

static void run_done(struct run *r)
{
	for (size_t i = 0; i < r->request->count; i++) {
		close_fd(&r->input[i].fd);
		buf_done(&r->input[i].file);
		report_done(&r->input[i].report);
	}
	views_free(r->views);
	views_result_done(&r->result);
}

static int open_file(struct input *in, const char *path)
{
	int r = window_read_file(AT_FDCWD, path, RECEIPT_MAX_BYTES, &in->file);
	if (r < 0 && r != -EFBIG && r != -EINVAL)
		return command_fail("%s: %s", path, strerror(-r));
	in->kind = INPUT_FILE;
	if (r < 0 || !verify_takes_file((struct span){ in->file.data, in->file.len }))
		return command_fail(
		        "%s: neither a store, a spool, a receipt, a checkpoint nor (alone) a proof file",
		        path);
	return COMMAND_OK;
}

static int open_input(struct input *in, const char *path)
{
	in->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->fd < 0 && errno == ENOTDIR)
		return open_file(in, path);
	if (in->fd < 0)
		return command_fail("%s: %s", path, strerror(errno));
	in->kind = looks_like_store(in->fd) ? INPUT_STORE : INPUT_SPOOL;
	if (in->kind == INPUT_SPOOL && !looks_like_spool(in->fd))
		return command_fail("%s: neither a sink's store nor a host's spool", path);
	return COMMAND_OK;
}

/* Bytes of the journals and segments: only for the progress line. */
static uint64_t total_bytes(int dirfd)
{
	cleanup_listing struct listing l = { 0 };
	uint64_t total = 0;
	if (listing_read(dirfd, NULL, &l) < 0)
		return 0;
	for (size_t i = 0; i < l.len; i++) {
		char path[STORE_PATH_MAX];
		struct stat st;
		store_path(l.file[i].segment, l.file[i].number, path);
		if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			total += (uint64_t)st.st_size;
	}
	return total;
}

static int check_folder(struct run *run, struct input *in, unsigned number)
{
	const struct verify_request *q = run->request;
	bool store = in->kind == INPUT_STORE, terminal = isatty(STDERR_FILENO);
	struct progress progress;
	struct verify_options o = { .dirfd = in->fd,
		                    .anchor = q->anchor,
		                    .only = q->host,
		                    .policy = q->policy,
		                    .views = q->count > 1 || !store ? run->views : NULL,
		                    .input = number,
		                    .structure = q->structure,
		                    .jobs = q->jobs,
		                    .machine_boot_id = run->has_boot_id ? run->boot_id : NULL };
	progress_init(&progress, store ? total_bytes(in->fd) : 0, terminal);
	if (q->progress || terminal) {
		o.progress = progress_show;
		o.progress_ctx = &progress;
	}
	int r = store ? verify_store(&o, &in->report) : verify_spool(&o, &in->report);
	progress_end(&progress);
	return r;
}

/* A receipt is checked as far as it stands by itself: without the host's own head and the fleet head that it
 * held. */
static int check_file(struct run *run, struct input *in, unsigned number)
{
	struct span bytes = { in->file.data, in->file.len };
	cleanup_buf struct buf entry = { 0 };
	struct receipt receipt;
	int r = receipt_parse(bytes, &entry, &receipt);
	if (r == -ENOMEM)
		return r;
	if (r == 0) {
		struct fleet_head none = { 0 }, head;
		receipt.old_size = 0;
		receipt.consistency_len = 0;
		struct succession log;
		enum receipt_verdict v = succession_follow(run->request->genesis, receipt.log_keys, &log) < 0
		                                 ? RECEIPT_BAD_NOTE
		                                 : receipt_check_by(&receipt, &log, &none, &head);
		if (v == RECEIPT_OK)
			views_trust(run->views, &log.log);
		if (v != RECEIPT_OK)
			in->fault = receipt_verdict_name(v);
		bytes = receipt.note;
	}
	if (!in->fault)
		r = views_add_note(run->views, number, bytes, &in->head);
	if (in->fault || r == -EBADMSG || r == -ENOKEY) {
		in->fault = in->fault ? in->fault : "not a checkpoint that the fleet log has signed";
		return 0;
	}
	return r;
}

static int check_all(struct run *run)
{
	const struct verify_request *q = run->request;
	for (int kind = 0; kind < INPUT_KINDS; kind++) {
		for (size_t i = 0; i < q->count; i++) {
			struct input *in = &run->input[i];
			if ((int)in->kind != kind)
				continue;
			int r = in->kind == INPUT_FILE ? check_file(run, in, (unsigned)i + 1)
			                               : check_folder(run, in, (unsigned)i + 1);
			if (r < 0)
				return command_fail("%s: could not be read: %s", q->path[i], strerror(-r));
		}
	}
	int r = views_compare(run->views, q->path, &run->result);
	return r < 0 ? command_fail("%s", strerror(-r)) : COMMAND_OK;
}

static void put_file_words(struct buf *b, const struct input *in)
{
	if (in->fault)
		buf_printf(b, "NOT verified: %s", in->fault);
	else
		buf_printf(b, "a checkpoint of %llu fleet entries, signed by the fleet log",
		           (unsigned long long)in->head.size);
}

static bool input_clean(const struct input *in)
{
	return in->kind == INPUT_FILE ? !in->fault : report_clean(&in->report);
}

static bool all_clean(const struct run *run)
{
	bool clean = report_views_clean(&run->result);
	for (size_t i = 0; i < run->request->count; i++)
		clean = clean && input_clean(&run->input[i]);
	return clean;
}

static void put_file_text(struct buf *b, const struct input *in)
{
	put_file_words(b, in);
	buf_put_u8(b, '\n');
}

static void put_text(struct buf *b, const struct run *run)
{
	const struct verify_request *q = run->request;
	bool colour = terminal_colour(STDOUT_FILENO);
	for (size_t i = 0; i < q->count; i++) {
		const struct input *in = &run->input[i];
		if (q->count > 1) {
			buf_printf(b, "input %zu: ", i + 1);
			text_put_escaped(b, (struct span){ (const uint8_t *)q->path[i], strlen(q->path[i]) });
			buf_put_u8(b, '\n');
		}
		if (in->kind == INPUT_FILE)
			put_file_text(b, in);
		else
			report_put_text(b, &in->report, colour);
		if (q->count > 1)
			buf_put_u8(b, '\n');
	}
	if (q->count > 1)
		report_put_views_text(b, &run->result, colour);
}

static void put_input_json(struct buf *b, const struct run *run, size_t i)
{
	const struct input *in = &run->input[i];
	if (in->kind != INPUT_FILE) {
		report_put_json(b, &in->report);
		return;
	}
	buf_printf(b, "{\"verified\":%s,\"kind\":\"checkpoint\",", in->fault ? "false" : "true");
	if (in->fault)
		buf_printf(b, "\"verdict\":\"NOT verified: %s\"}\n", in->fault);
	else
		buf_printf(b, "\"fleet_entries\":%llu}\n", (unsigned long long)in->head.size);
}

static void put_json(struct buf *b, const struct run *run)
{
	if (run->request->count == 1) {
		put_input_json(b, run, 0);
		return;
	}
	buf_printf(b, "{\"verified\":%s,\"inputs\":[", all_clean(run) ? "true" : "false");
	for (size_t i = 0; i < run->request->count; i++) {
		buf_put_str(b, i ? "," : "");
		put_input_json(b, run, i);
	}
	buf_put_str(b, "],\"comparison\":");
	report_put_views_json(b, &run->result);
	buf_put_str(b, "}\n");
}

static int print(const struct run *run)
{
	cleanup_buf struct buf out = { 0 };
	if (run->request->json)
		put_json(&out, run);
	else
		put_text(&out, run);
	if (buf_err(&out))
		return command_fail("%s", strerror(-buf_err(&out)));
	fwrite(out.data, 1, out.len, stdout);
	return all_clean(run) ? COMMAND_OK : COMMAND_FINDINGS;
}

static int write_html(const struct run *run)
{
	const struct verify_request *q = run->request;
	cleanup_buf struct buf page = { 0 };
	report_html_begin(&page, all_clean(run) ? "swornlog: verified" : "swornlog: NOT verified");
	for (size_t i = 0; i < q->count; i++) {
		const struct input *in = &run->input[i];
		unsigned number = q->count > 1 ? (unsigned)i + 1 : 0;
		cleanup_buf struct buf words = { 0 };
		put_file_words(&words, in);
		buf_put_u8(&words, 0);
		if (in->kind != INPUT_FILE)
			report_html_put(&page, &in->report, q->path[i], number);
		else if (!buf_err(&words))
			report_html_put_file(&page, q->path[i], number, (const char *)words.data);
	}
	if (q->count > 1)
		report_html_put_views(&page, &run->result);
	report_html_end(&page);
	if (buf_err(&page))
		return command_fail("%s", strerror(-buf_err(&page)));
	return output_file(q->html, (struct span){ page.data, page.len });
}

static int write_evidence(const struct run *run)
{
	const char *path = run->request->evidence;
	struct span bytes = { run->result.evidence.data, run->result.evidence.len };
	return path && bytes.len ? output_file(path, bytes) : COMMAND_OK;
}

int verify_inputs(const struct verify_request *q)
{
	cleanup(run_done) struct run run = { .request = q };
	for (size_t i = 0; i < q->count; i++)
		run.input[i].fd = -1;
	run.has_boot_id = boot_id_read(run.boot_id) == 0;
	int status = COMMAND_OK;
	for (size_t i = 0; status == COMMAND_OK && i < q->count; i++)
		status = open_input(&run.input[i], q->path[i]);
	if (status == COMMAND_OK && views_new(q->genesis, &run.views) < 0)
		status = command_fail("%s", strerror(ENOMEM));
	if (status == COMMAND_OK)
		status = check_all(&run);
	if (status == COMMAND_OK)
		status = write_evidence(&run);
	if (status == COMMAND_OK && q->html)
		status = write_html(&run);
	return status == COMMAND_OK ? print(&run) : status;
}
