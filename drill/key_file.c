#include "drill/key_file.h"

#include <fcntl.h>

#include "lib/env.h"
#include "lib/file.h"

#define KEY_FILE_MAX 1024

int key_file_read(const char *path, struct signer *ret)
{
	struct buf text = { 0 };
	int r = file_read(env_system(), AT_FDCWD, path, KEY_FILE_MAX, &text);
	bool ended = r == 0 && text.len > 0 && text.data[text.len - 1] == '\n';
	if (r == 0)
		r = signer_parse((struct span){ text.data, text.len - ended }, ret);
	buf_wipe(&text);
	buf_done(&text);
	return r;
}
