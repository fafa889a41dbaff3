/* Remembers how the sensors are set up, and notices when that is another way than before.
 *
 * Pure: values in, changes out. A value is one CBOR item, null where nothing is there; the first of a name is
 * taken as it is. Whoever changes something on our own behalf puts the new value after forgetting the old.
 */
#ifndef SWORNLOG_COLLECTOR_SENSOR_WATCH_H
#define SWORNLOG_COLLECTOR_SENSOR_WATCH_H

#include "audit/who.h"
#include "evidence/sensor.h"
#include "lib/buf.h"

#define SENSOR_FACTS_MAX 128
#define SENSOR_VALUE_MAX 48
#define SENSOR_NAME_MAX  40

struct sensor_change {
	enum change_what what;
	const char *name;
	struct span from, to;
	const struct audit_who *who; /* NULL: nobody that we know of */
};

struct sensor_watch_config {
	/* The argument is valid during the call. May not call the watch back. */
	void (*on_change)(void *context, const struct sensor_change *change);
	void *context;
};

struct sensor_watch;

/* -ENOMEM. */
must_check int sensor_watch_new(const struct sensor_watch_config *config, struct sensor_watch **ret);
/* Takes NULL. */
void sensor_watch_free(struct sensor_watch *w);

/* How it is now. Names beyond SENSOR_FACTS_MAX and values beyond SENSOR_VALUE_MAX bytes are not watched. */
void sensor_watch_put(struct sensor_watch *w, enum change_what what, const char *name, struct span value,
                      uint64_t now_us);
/* The same for a number, and for a short text. */
void sensor_watch_put_uint(struct sensor_watch *w, enum change_what what, const char *name, uint64_t value,
                           uint64_t now_us);
void sensor_watch_put_text(struct sensor_watch *w, enum change_what what, const char *name, struct span text,
                           uint64_t now_us);
/* The kernel's audit tells of a change of its configuration: what differs in the next seconds is his doing.
 */
void sensor_watch_suspect(struct sensor_watch *w, const struct audit_who *who, uint64_t now_us);

/* Append the field map of a KIND_SENSOR entry; empty after an error of the buffer. */
struct span sensor_change_put(struct buf *b, const struct sensor_change *change, const char *detail);

#endif
