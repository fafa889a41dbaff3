#include "collector/pin_watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/env.h"

static void learn(struct pin_watch *w, int dirfd)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	if (env_system()->list(env_system(), dirfd, &names, &len))
		return;
	for (size_t at = 0; at < len && w->count < PIN_WATCH_MAX; at += strlen(names + at) + 1)
		if (strlen(names + at) < SENSOR_NAME_MAX)
			snprintf(w->names[w->count++], SENSOR_NAME_MAX, "%s", names + at);
	w->learned = true;
}

void pin_watch_look(struct pin_watch *w, int dirfd, struct sensor_watch *into, uint64_t now_us)
{
	static const uint8_t null[] = { 0xf6 }; /* CBOR */
	struct stat st;
	if (!w->learned)
		learn(w, dirfd);
	for (size_t i = 0; i < w->count; i++) {
		if (fstatat(dirfd, w->names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			sensor_watch_put_uint(into, CHANGE_PIN, w->names[i], st.st_ino, now_us);
		else
			sensor_watch_put(into, CHANGE_PIN, w->names[i], (struct span){ null, sizeof(null) },
			                 now_us);
	}
}
