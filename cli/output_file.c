#include "cli/output_file.h"

#include <fcntl.h>

#include "cli/command.h"
#include "lib/env.h"
#include "lib/file.h"

int output_file(const char *path, struct span content)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return command_fail("%s", strerror(ENOMEM));
	cleanup_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return command_fail("%s: %s", path, strerror(errno));
	int r = file_replace(env_system(), fd, slash ? slash + 1 : path, content, 0644);
	return r < 0 ? command_fail("%s: %s", path, strerror(-r)) : COMMAND_OK;
}
