/* Makes hours and days out of minutes, in the background. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_FOLD_H
#define COLDMETER_STORE_SQLITE_SUMS_FOLD_H

/* How long after their end minutes are folded: agents ship within seconds. */
#define FOLD_GRACE_NS (2 * MINUTE_NS)

struct fold;
struct hour_tables;

int fold_new(const struct hour_tables *tables, struct fold **out);
void fold_free(struct fold *fold);

/* The next step begins with the oldest minutes: a pass that is under way would leave what
 * came behind it. */
void fold_restart(struct fold *fold);

#endif
