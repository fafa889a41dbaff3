#include "evidence/name.h"

#include <stdio.h>

#include "lib/text.h"

static bool alphanumeric(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool label_ok(struct span s)
{
	if (s.len == 0 || s.len > LABEL_MAX || !alphanumeric(s.data[0]) || !alphanumeric(s.data[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!alphanumeric(s.data[i]) && s.data[i] != '.' && s.data[i] != '-')
			return false;
	}
	return true;
}

int origin_parse(struct span s, struct origin *ret)
{
	struct span rest;
	struct span fleet = text_split(s, '/', &rest);
	struct span word = text_split(rest, '/', &rest);
	struct span host = text_split(rest, '/', &rest);
	uint64_t epoch;
	if (!label_ok(fleet) || !span_is(word, "host") || !label_ok(host) || text_decimal(rest, &epoch) < 0)
		return -EBADMSG;
	if (epoch == 0 || epoch > UINT32_MAX)
		return -EBADMSG;
	struct origin o = { .epoch = (uint32_t)epoch };
	memcpy(o.fleet, fleet.data, fleet.len);
	memcpy(o.host, host.data, host.len);
	*ret = o;
	return 0;
}

void origin_format(const struct origin *o, char ret[ORIGIN_MAX + 1])
{
	snprintf(ret, ORIGIN_MAX + 1, "%s/host/%s/%u", o->fleet, o->host, o->epoch);
}

void origin_seal_name(const struct origin *o, char ret[KEY_NAME_MAX + 1])
{
	snprintf(ret, KEY_NAME_MAX + 1, "%s/host/%s/%u/seal", o->fleet, o->host, o->epoch);
}

void origin_identity_name(const struct origin *o, char ret[KEY_NAME_MAX + 1])
{
	snprintf(ret, KEY_NAME_MAX + 1, "%s/host/%s", o->fleet, o->host);
}

void fleet_log_name(const char *fleet, char ret[KEY_NAME_MAX + 1])
{
	snprintf(ret, KEY_NAME_MAX + 1, "%s/log", fleet);
}

void registrar_name(const char *fleet, char ret[KEY_NAME_MAX + 1])
{
	snprintf(ret, KEY_NAME_MAX + 1, "%s/registrar", fleet);
}
