/* Sins on the records of a store, committed by who can write to the sink's disk and has no key. */
#include "drill/sin.h"
#include "drill/victim.h"
#include "evidence/fleet.h"
#include "lib/env.h"

#define HOUR_US 3600000000u

static int write_back(struct act *a, const struct records *r)
{
	int e = records_write(r, a->work);
	return e < 0 ? act_failed(a, e, "%s can't be written", r->path) : 0;
}

/* The last byte of the first entry, which is of its content. */
static int alter(struct victim *v, size_t at)
{
	cleanup_buf struct buf raw = { 0 }, changed = { 0 };
	struct batch b;
	if (!records_batch(&v->records, at, &b))
		return -EBADMSG;
	int e = batch_unpack(&b, &raw);
	if (e < 0 || raw.len < 2)
		return -EBADMSG;
	size_t last = 1 + ((size_t)raw.data[0] << 8 | raw.data[1]);
	raw.data[last] ^= 1;
	e = victim_put_batch(&changed, &b, (struct span){ raw.data, raw.len });
	return e < 0 ? e : records_replace(&v->records, at, &changed);
}

int sin_alter_entry(struct act *a)
{
	cleanup_victim struct victim v = { 0 };
	int e = victim_choose(a, &v);
	if (e == 0 && a->sinful)
		e = alter(&v, v.at[1]);
	return e < 0 ? e : write_back(a, &v.records);
}

int sin_delete_batch(struct act *a)
{
	cleanup_victim struct victim v = { 0 };
	int e = victim_choose(a, &v);
	if (e == 0 && a->sinful)
		records_remove(&v.records, v.at[1]);
	return e < 0 ? e : write_back(a, &v.records);
}

int sin_reorder(struct act *a)
{
	cleanup_victim struct victim v = { 0 };
	int e = victim_choose(a, &v);
	if (e == 0 && a->sinful)
		records_swap(&v.records, v.at[1], v.at[2]);
	return e < 0 ? e : write_back(a, &v.records);
}

int sin_replay_batch(struct act *a)
{
	cleanup_victim struct victim v = { 0 };
	int e = victim_choose(a, &v);
	if (e == 0 && a->sinful) {
		struct span old = v.records.list[v.at[0]].payload;
		struct buf again = { 0 };
		buf_put(&again, old.data, old.len);
		e = records_replace(&v.records, v.at[2], &again);
	}
	return e < 0 ? e : write_back(a, &v.records);
}

/* The same text, signed by a key that claims to be the seal key. */
static int reseal(struct victim *v, size_t at)
{
	char name[KEY_NAME_MAX + 1];
	struct signer stranger = { 0 };
	struct batch b;
	struct buf forged = { 0 };
	if (!records_batch(&v->records, at, &b))
		return -EBADMSG;
	origin_seal_name(&b.origin, name);
	size_t signatures = (size_t)(b.note.signatures.data - b.bytes.data);
	size_t line = note_signature_bytes(name);
	int e = signer_generate(env_system(), name, &stranger);
	buf_put(&forged, b.bytes.data, signatures);
	if (e == 0)
		e = note_put_signature(&forged, b.note.text, &stranger);
	signer_wipe(&stranger);
	if (b.note.signatures.len > line)
		buf_put(&forged, b.note.signatures.data + line, b.note.signatures.len - line);
	if (e == 0)
		return records_replace(&v->records, at, &forged);
	buf_done(&forged);
	return e;
}

int sin_forge_seal(struct act *a)
{
	cleanup_victim struct victim v = { 0 };
	int e = victim_choose(a, &v);
	if (e == 0 && a->sinful)
		e = reseal(&v, v.at[1]);
	return e < 0 ? e : write_back(a, &v.records);
}

/* Put the fleet record again with another entry or note. */
static int replace_fleet(struct records *r, size_t at, const struct fleet_record *f)
{
	struct buf payload = { 0 };
	cleanup_free struct record_head *heads = calloc(f->head_count + 1, sizeof(*heads));
	struct cursor c = f->heads;
	size_t n = 0;
	if (!heads)
		return -ENOMEM;
	while (n < f->head_count && record_next_head(&c, &heads[n]))
		n++;
	fleet_record_put(&payload, f->index, f->entry, heads, n, f->note);
	return records_replace(r, at, &payload);
}

int sin_backdate(struct act *a)
{
	cleanup_records struct records r = { 0 };
	cleanup_buf struct buf entry = { 0 };
	struct fleet_record f;
	struct fleet_entry was;
	size_t at;
	int e = victim_choose_commit(a, &r, &at);
	if (e < 0)
		return e;
	if (!records_fleet(&r, at, &f) || fleet_parse_entry(f.entry, &was) < 0)
		return act_failed(a, -EBADMSG, "%s", r.path);
	was.time_us -= a->sinful ? HOUR_US : 0;
	fleet_put_entry(&entry, &was);
	f.entry = (struct span){ entry.data, entry.len };
	e = buf_err(&entry);
	if (e == 0)
		e = replace_fleet(&r, at, &f);
	return e < 0 ? act_failed(a, e, "%s", r.path) : write_back(a, &r);
}

int sin_forge_checkpoint(struct act *a)
{
	cleanup_records struct records r = { 0 };
	cleanup_buf struct buf forged = { 0 };
	struct signer stranger = { 0 };
	const struct signer *signers = &stranger;
	struct fleet_record f;
	struct note note;
	struct note_signature line;
	char name[KEY_NAME_MAX + 1];
	size_t at;
	int e = victim_choose_commit(a, &r, &at);
	if (e < 0)
		return e;
	if (!records_fleet(&r, at, &f))
		return act_failed(a, -EBADMSG, "%s", r.path);
	while (!f.note.data && ++at < r.count) /* of a group the last record has it */
		if (!records_fleet(&r, at, &f))
			f.note = (struct span){ 0 };
	if (at == r.count || note_parse(f.note, &note) < 0 || !note_signature(&note, 0, &line))
		return act_impossible(a, "%s has no checkpoint behind its commits", r.path);
	memcpy(name, line.name.data, line.name.len);
	name[line.name.len] = 0;
	e = signer_generate(env_system(), name, &stranger);
	if (e == 0)
		e = note_put(&forged, note.text, &signers, 1);
	signer_wipe(&stranger);
	if (a->sinful)
		f.note = (struct span){ forged.data, forged.len };
	if (e == 0)
		e = replace_fleet(&r, at, &f);
	return e < 0 ? act_failed(a, e, "%s", r.path) : write_back(a, &r);
}
