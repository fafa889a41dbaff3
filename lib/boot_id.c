#include "lib/boot_id.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/text.h"

/* Written as hex in five groups joined by dashes. */
int boot_id_read(uint8_t ret[BOOT_ID_BYTES])
{
	char text[64] = "", hex[2 * BOOT_ID_BYTES];
	size_t n = 0;
	cleanup_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < (ssize_t)sizeof(hex))
		return -EIO;
	for (const char *p = text; *p && n < sizeof(hex); p++) {
		if (*p != '-' && *p != '\n')
			hex[n++] = *p;
	}
	return text_hex_exact((struct span){ (const uint8_t *)hex, n }, ret, BOOT_ID_BYTES) < 0 ? -EIO : 0;
}
