/* The functions that rows name by their hash, over all sources. */
#ifndef COLDMETER_STORE_CLICKHOUSE_NAMES_H
#define COLDMETER_STORE_CLICKHOUSE_NAMES_H

#include <sys/types.h>

#include "store/clickhouse/link.h"
#include "store/sqlite/spool.h"

struct names;

/* Both are borrowed. What this collector saw itself comes from its spool, which knows it
 * at once. 0 or -ENOMEM. */
int names_new(struct link *link, struct sqlite_spool *spool, struct names **out);
void names_free(struct names *names);

/* Reads the table again unless that was done less than a second ago, and after named_ns,
 * the boot time when this collector sent functions. */
int names_refresh(struct names *names, uint64_t named_ns);

/* The function of a hash; reads the table again when it is not known. -EUCLEAN when it is
 * not there either: functions are sent ahead of what names them. */
int names_find(struct names *names, uint64_t fn, struct store_function *found);

/* What is known without asking the server. 0 or -ENOENT. */
int names_find_function(
    struct names *names, const struct function *function, struct store_function *found);

/* The hashes of a name, malloc'd; their number or -ENOMEM. */
ssize_t names_ids_of(struct names *names, const char *name, uint64_t **ids);

int names_scan(struct names *names, store_function_visit visit, void *context);

/* Appends a row of the table functions. */
#define NAMES_COLUMNS                                                                    \
	"fn, source, version, platform, name, name_version, kind, arch, region, "        \
	"memory_limit_mb, first_seen_ns, last_seen_ns"
void names_put_row(struct row_out *out, uint64_t source, uint64_t version,
    const struct store_function *function);

#endif
