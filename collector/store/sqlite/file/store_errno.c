/* What SQLite says went wrong, as the rest of coldmeter says it. */
#include <errno.h>

#include "store/sqlite/file/connection.h"

/* What the system call said that made SQLite give up; 0 when it was none of these. */
static int system_errno(sqlite3 *db)
{
	int err = db ? sqlite3_system_errno(db) : 0;

	switch (err) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return -ENOSPC;
	case EROFS:
	case EACCES:
	case ENOENT:
	case EMFILE:
	case ENFILE:
		return -err;
	case EISDIR:
	case EPERM:
		return -EACCES;
	default:
		return 0;
	}
}

int store_errno(sqlite3 *db, int code)
{
	int err;

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* a table that is not there */
		return -EUCLEAN;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	default:
		/* A commit does not pass on what the system said: errno still has it. */
		if (code == SQLITE_IOERR_WRITE && (errno == EFBIG || errno == EDQUOT))
			return -ENOSPC;
		if (code == SQLITE_IOERR_WRITE && errno == EROFS)
			return -EROFS;
		err = system_errno(db);
		return err ? err : -EIO;
	}
}
