/* Sins on what is handed to outsiders: files that prove an entry. Made and checked by `swornlog` itself. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "drill/program.h"
#include "drill/sin.h"
#include "drill/victim.h"
#include "lib/env.h"
#include "lib/file.h"

#define PROOF_MAX (1u << 20)

struct paths {
	char proof[PATH_MAX + 16], log[PATH_MAX + 16], anchor[PATH_MAX + 16];
};

/* Beside the copy, not in it. */
static void name_paths(const struct workspace *w, struct paths *ret)
{
	snprintf(ret->proof, sizeof(ret->proof), "%s.proof", w->path);
	snprintf(ret->log, sizeof(ret->log), "%s.log", w->path);
	snprintf(ret->anchor, sizeof(ret->anchor), "%s/genesis", w->path);
}

static int prove(struct act *a, const struct paths *p)
{
	cleanup_victim struct victim v = { 0 };
	struct batch b;
	char index[32], epoch[16];
	int e = victim_choose(a, &v);
	if (e < 0)
		return e;
	if (!records_batch(&v.records, v.at[1], &b))
		return -EBADMSG;
	snprintf(index, sizeof(index), "%llu", (unsigned long long)b.first);
	snprintf(epoch, sizeof(epoch), "%u", b.origin.epoch);
	const char *argv[] = { "swornlog", "prove",       "--epoch",     epoch, "--out",
		               p->proof,   a->work->path, b.origin.host, index, NULL };
	unlink(p->proof);
	int status = program_run(p->log, argv);
	if (status != 0)
		return act_failed(a, status < 0 ? status : -EPROTO, "no proof could be made of an entry");
	return 0;
}

/* A letter of the entry's bytes becomes another one. */
static int alter(struct act *a, const struct paths *p)
{
	static const char word[] = "\nentry ";
	cleanup_buf struct buf text = { 0 };
	int e = file_read(env_system(), AT_FDCWD, p->proof, PROOF_MAX, &text);
	if (e < 0)
		return act_failed(a, e, "the proof can't be read");
	uint8_t *at = memmem(text.data, text.len, word, strlen(word));
	uint8_t *entry =
	        at ? memchr(at + strlen(word), ' ', (size_t)(text.data + text.len - at) - strlen(word))
	           : NULL;
	if (!entry || entry + 2 >= text.data + text.len)
		return act_failed(a, -EBADMSG, "the proof has no entry");
	entry[1] = entry[1] == 'A' ? 'B' : 'A';
	e = file_publish(env_system(), AT_FDCWD, p->proof, (struct span){ text.data, text.len });
	return e < 0 ? act_failed(a, e, "the proof can't be written") : 0;
}

int sin_alter_proof(struct act *a)
{
	struct paths p;
	name_paths(a->work, &p);
	int e = prove(a, &p);
	if (e == 0 && a->sinful)
		e = alter(a, &p);
	if (e < 0)
		return e;
	const char *argv[] = { "swornlog", "verify", "--anchor", p.anchor, p.proof, NULL };
	int status = program_run(p.log, argv);
	unlink(p.proof);
	if (status < 0)
		return act_failed(a, status, "the proof can't be verified");
	a->status = (unsigned)status;
	snprintf(a->word, sizeof(a->word), "%s", status == 1 ? "not proven" : "");
	return 0;
}
