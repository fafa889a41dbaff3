#include "lib/tls.h"

#include <stdio.h>

#include <openssl/err.h>

void tls_error(char *error, size_t error_size)
{
	const char *data = "";
	int flags = 0;
	unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
	const char *reason =
	        ERR_SYSTEM_ERROR(code) ? strerror((int)ERR_GET_REASON(code)) : ERR_reason_error_string(code);
	bool detailed = (flags & ERR_TXT_STRING) && data[0] != '\0';
	if (code == 0)
		snprintf(error, error_size, "no reason given");
	else
		snprintf(error, error_size, "%s%s%s%s", reason ? reason : "unknown reason",
		         detailed ? " (" : "", detailed ? data : "", detailed ? ")" : "");
	ERR_clear_error();
}
