/* Keeping the ledger below a size. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/sqlite/engine.h"

/* What the files of the directory take on disk. */
static int measure(const char *directory, int64_t *bytes)
{
	DIR *d = opendir(directory);
	const struct dirent *entry;
	struct stat st;
	int64_t sum = 0;

	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			sum += st.st_blocks * 512;
	}
	(void)closedir(d);
	*bytes = sum;
	return 0;
}

int sqlite_shrink(struct sqlite *store, int64_t max_bytes, int64_t *bytes)
{
	int forgot;
	int err = measure(store->directory, bytes);

	if (err || *bytes <= max_bytes)
		return err;
	err = sqlite_begin(store);
	if (err)
		return err;
	forgot = raw_forget_oldest(store->raw, store->writer);
	err = sqlite_end(store, forgot < 0 ? forgot : 0);
	return err ? err : forgot ? 1 : -ENOSPC;
}
