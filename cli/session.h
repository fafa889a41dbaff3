/* What one login session did: its login, commands, labelled reads and end, out of the stream of entries.
 *
 * A session's number is given when the login has already been let in. What the same process told of before
 * that (who was authenticated, from where) is held until then. Numbers begin anew at each boot, and are each
 * host's own: every login with the number begins an account of its own.
 */
#ifndef SWORNLOG_CLI_SESSION_H
#define SWORNLOG_CLI_SESSION_H

#include "cli/event_text.h"

struct session;

/* Takes the number. -ENOMEM. */
must_check int session_new(uint64_t number, struct session **ret);
void session_free(struct session *s);
void session_freep(struct session **s);
#define cleanup_session cleanup(session_freep)

/* An event of a login that has no session yet: it may turn out to belong to ours. `text` is how it is to be
 * shown, copied. */
bool session_is_early(const struct event *e);
void session_hold(struct session *s, const struct event *e, struct span text);
/* Is an event of this session one that tells what was done in it? */
bool session_tells(const struct event *e);
/* One of those. Appends to `out` what was held of the same login, if this event gives it its number. Returns
 * how many entries that were. */
uint64_t session_take(struct session *s, const struct event *e, struct buf *out);
/* Append an account of each session that was seen: a line for a person, or a JSON object. */
void session_put_accounts(const struct session *s, struct buf *out, bool json);

#endif
