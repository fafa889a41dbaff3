#include "lib/address_range.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "lib/text.h"

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool empty_behind(const struct address_range *r)
{
	unsigned size = r->family == AF_INET ? 32 : 128;
	for (unsigned bit = r->prefix; bit < size; bit++) {
		if (r->address[bit / 8] & (0x80 >> bit % 8))
			return false;
	}
	return true;
}

/* Written back and compared, so that there is one text for one range. */
static bool written_so(const struct address_range *r, struct span text)
{
	char again[INET6_ADDRSTRLEN];
	return inet_ntop(r->family, r->address, again, sizeof(again)) && span_is(text, again);
}

int address_range_parse(struct span s, struct address_range *ret)
{
	struct span rest;
	struct span address = text_split(s, '/', &rest);
	struct address_range r = { 0 };
	char text[INET6_ADDRSTRLEN] = "";
	uint64_t prefix;
	if (address.len == 0 || address.len >= sizeof(text) || text_decimal(rest, &prefix) < 0)
		return -EBADMSG;
	memcpy(text, address.data, address.len);
	r.family = memchr(text, ':', address.len) ? AF_INET6 : AF_INET;
	if (prefix > (r.family == AF_INET ? 32 : 128))
		return -EBADMSG;
	r.prefix = (unsigned)prefix;
	if (inet_pton(r.family, text, r.address) != 1 || !empty_behind(&r) || !written_so(&r, address))
		return -EBADMSG;
	*ret = r;
	return 0;
}

bool address_range_holds(const struct address_range *r, int family, const uint8_t *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (family == AF_INET6 && memcmp(address, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		address += sizeof(mapped);
	}
	return family == r->family && bits_equal(r->address, address, r->prefix);
}
