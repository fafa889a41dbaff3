/* The control socket: statements come in, the sink's state goes out.
 *
 * `statement <length>\n` and the bytes: `ok <fleet index>\n` once it is durable, or `error <sentence>\n`.
 * `status\n`: one line of JSON. Only root and the sink's own user are served.
 */
#ifndef SWORNLOG_SINK_CONTROL_H
#define SWORNLOG_SINK_CONTROL_H

#include "sink/server.h"

struct control;

/* Listen at `path`, in place of what was there. */
must_check int control_open(struct server *s, const char *path, struct control **ret);
void control_free(struct control *c);
/* Append the state as one line of JSON. */
void control_put_status(const struct server *s, struct buf *b);

#endif
