/* A few reading connections to one file, lent out one thread at a time. */
#ifndef COLDMETER_STORE_SQLITE_FILE_POOL_H
#define COLDMETER_STORE_SQLITE_FILE_POOL_H

#include "store/sqlite/file/connection.h"

struct pool;

int pool_new(const char *path, struct pool **out);
void pool_free(struct pool *pool);

/* Waits until one is free, opens it if need be. Each success is given back once with
 * pool_return(), which ends what the reader had begun. */
int pool_borrow(struct pool *pool, struct connection **out);
void pool_return(struct pool *pool, struct connection *c);

#endif
