/* Ranges of IP addresses, written one way each (docs/format.md section 11.2). */
#ifndef SWORNLOG_LIB_ADDRESS_RANGE_H
#define SWORNLOG_LIB_ADDRESS_RANGE_H

#include "lib/cursor.h"

struct address_range {
	int family; /* AF_INET or AF_INET6 */
	uint8_t address[16];
	unsigned prefix; /* bits that count */
};

/* "192.0.2.0/24", "2001:db8::/32". -EBADMSG for anything else, bits behind the prefix included. */
must_check int address_range_parse(struct span s, struct address_range *ret);
/* `address`: 4 or 16 bytes as the family says, in network order. An IPv4 address that comes mapped into IPv6
 * is looked at as what it is. */
bool address_range_holds(const struct address_range *r, int family, const uint8_t *address);

#endif
