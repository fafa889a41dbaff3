/* bind_mknod SOCKET FILE: makes a socket's name by bind(), and a regular file by mknod(), in one thread. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path) || fd < 0)
		return 2;
	strcpy(address.sun_path, argv[1]);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    mknod(argv[2], S_IFREG | 0600, 0)) {
		perror(argv[0]);
		return 1;
	}
	return 0;
}
