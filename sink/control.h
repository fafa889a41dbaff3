/* The control socket: statements come in, the sink's state goes out.
 *
 * `statement <length>\n` and the bytes: `ok <fleet index>\n` once it is durable, or `error <sentence>\n`.
 * `status\n`: one line of JSON.
 * `host <host>\n`: `host <identity vkey> <certificate, hex> <epoch> <size> <good|closed> <epoch> <size>
 * <base64 root>\n`, the first two numbers those of its newest committed or announced head, the last those of
 * its newest committed one, closed if it is revoked or retired; or `none\n`. Only root, the sink's own user
 * and the registrar's are served.
 */
#ifndef SWORNLOG_SINK_CONTROL_H
#define SWORNLOG_SINK_CONTROL_H

#include "sink/server.h"

struct control;

/* Listen at `path`, in place of what was there. `registrar` is the one more user who may talk. */
must_check int control_open(struct server *s, const char *path, uid_t registrar, struct control **ret);
void control_free(struct control *c);
/* Append the answer to `host <name>`. */
void control_put_host(const struct server *s, struct span name, struct buf *b);
/* Append the state as one line of JSON. */
void control_put_status(const struct server *s, struct buf *b);

#endif
