/* The functions of the ledger, in memory and in their table: dense ids of 24 bits. */
#ifndef COLDMETER_STORE_SQLITE_DICTIONARY_H
#define COLDMETER_STORE_SQLITE_DICTIONARY_H

#include <sys/types.h>

#include "model/invocation.h"
#include "store/sqlite/file/connection.h"

/* Beyond this a stranger is filling the ledger with names: -EDQUOT. */
#define DICTIONARY_MAX 100000

struct dictionary;

struct dictionary_entry {
	struct function function; /* set-up as last seen */
	enum invocation_kind kind;
	int64_t first_seen_ns;
	int64_t last_seen_ns;
};

/* What a batch tells of one of its functions. */
struct dictionary_news {
	const struct function *function;
	enum invocation_kind kind;
	int64_t first_seen_ns;
	int64_t last_seen_ns; /* INT64_MIN: nothing */
};

int dictionary_new(struct connection *c, struct dictionary **out);
void dictionary_free(struct dictionary *d);

/* The writer's part. take: the ids of what was seen, made when new, untouched where
 * nothing was; flush: writes what take changed; then one of settle (committed) or drop
 * (rolled back). */
int dictionary_take(
    struct dictionary *d, const struct dictionary_news *seen, size_t n, uint32_t *ids);
int dictionary_flush(struct dictionary *d, struct connection *c);
/* Before the end: when functions were last seen, which is written seldom alone. */
int dictionary_flush_last(struct dictionary *d, struct connection *c);
void dictionary_settle(struct dictionary *d);
void dictionary_drop(struct dictionary *d);

/* Any thread. find and find_at: the entry of a function or an id, -ENOENT when there is
 * none or it is not committed. ids_of: the ids of a name in rising order, malloc'd; their
 * number or -ENOMEM. */
int dictionary_find_at(struct dictionary *d, uint32_t id, struct dictionary_entry *entry);
int dictionary_find(struct dictionary *d, const struct function *function,
    struct dictionary_entry *entry);
uint32_t dictionary_count(struct dictionary *d); /* ids are 1..count */
ssize_t dictionary_ids_of(struct dictionary *d, const char *name, uint32_t **ids);

#endif
