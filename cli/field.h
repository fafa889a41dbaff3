/* Names and forms of the fields of each kind of entry (docs/format.md sections 6 and 7), for people and JSON.
 */
#ifndef SWORNLOG_CLI_FIELD_H
#define SWORNLOG_CLI_FIELD_H

#include "evidence/entry.h"

enum field_form {
	FORM_ANY,       /* as its CBOR type says */
	FORM_TEXT,      /* a byte string that is text: a path, a name */
	FORM_HEX,       /* a byte string that is a hash, a key, an id */
	FORM_ADDRESS,   /* a byte string that is an IP address */
	FORM_PRINTABLE, /* text if it can be printed, else as FORM_HEX */
	FORM_RESULT,    /* of a system call */
	FORM_OCTAL,
	FORM_BITS, /* hexadecimal, also inside an array */
	FORM_OPEN_FLAGS,
	FORM_DEVICE, /* major << 20 | minor */
	FORM_MARKS,
	FORM_SENSORS, /* a sum of enum entry_sensor */
	FORM_WORD,    /* a number with a name */
};

struct field_row {
	uint64_t key;
	const char *name;
	enum field_form form;
	const char *(*word)(uint64_t value); /* FORM_WORD; may return NULL */
	bool detail;                         /* a person sees it only when asking for everything */
};

/* NULL: not known. */
const struct field_row *field_find(uint64_t kind, uint64_t key);
/* The key of the field that comes first, without its name, in the line for a person; UINT64_MAX: none. */
uint64_t field_subject(uint64_t kind);
/* Of an extended attribute that holds an access control list: "access" or "default"; empty for every other
 * field. `value` stands before the field's value. */
struct span field_acl(uint64_t kind, uint64_t key, struct cursor value);
/* The text of an IP address of 4 or 16 bytes. False if it is none: nothing is put. */
bool field_put_address(struct buf *b, struct span address);
/* Name of mark number `bit`, or NULL. */
const char *field_mark_name(unsigned bit);
/* Name of sensor number `bit`, or NULL. */
const char *field_sensor_name(unsigned bit);

#endif
