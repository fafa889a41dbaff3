/* Watches the names under which our programs and maps outlive us: whoever removes one makes the next
 * collector begin blind. */
#ifndef SWORNLOG_COLLECTOR_PIN_WATCH_H
#define SWORNLOG_COLLECTOR_PIN_WATCH_H

#include "collector/sensor_watch.h"

#define PIN_WATCH_MAX 64

/* Zeroed: has not looked yet. */
struct pin_watch {
	bool learned;
	size_t count;
	char names[PIN_WATCH_MAX][SENSOR_NAME_MAX];
};

/* The names in the folder, at the first call those to be watched, and what is behind each, into `into`. */
void pin_watch_look(struct pin_watch *w, int dirfd, struct sensor_watch *into, uint64_t now_us);

#endif
