// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

// Who else could write it could make it readable as well.
static const char *look(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return "cannot be read";
	if (!S_ISREG(status.st_mode))
		return "is not a file";
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return "belongs to another user: chown it to the user that poised runs as";
	if (status.st_mode & 077)
		return "can be read or written by others: chmod 600";
	if (status.st_size > (off_t)CP_SYNC_FILE_MOST)
		return "is larger than 4096 bytes, make one by: openssl rand -hex 32";
	return NULL;
}

static size_t trimmed(const char *bytes, size_t size)
{
	while (size && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r' || bytes[size - 1] == ' ' ||
			bytes[size - 1] == '\t'))
		size--;
	return size;
}

const char *cp_sync_key_load(const char *file, struct cp_sync_secret *secret)
{
	char bytes[CP_SYNC_FILE_MOST];
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *wrong;
	ssize_t size;

	if (fd < 0)
		return errno == ENOENT ? "is not there, make one by: openssl rand -hex 32; the peer has the same"
				       : "cannot be read by poised";
	wrong = look(fd);
	size = wrong ? 0 : read(fd, bytes, sizeof(bytes));
	close(fd);
	if (wrong)
		return wrong;
	if (size < 0)
		return "cannot be read";
	size = (ssize_t)trimmed(bytes, (size_t)size);
	if (size < (ssize_t)CP_SYNC_FILE_LEAST)
		wrong = "has less than 32 bytes, make one by: openssl rand -hex 32";
	else if (cp_sync_secret(secret, bytes, (size_t)size))
		wrong = "cannot be used: libcrypto refuses HMAC-SHA256";
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return wrong;
}
