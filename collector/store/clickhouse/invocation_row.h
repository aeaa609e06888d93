/* The table invocations, and how its rows are read. */
#ifndef COLDMETER_STORE_CLICKHOUSE_INVOCATION_ROW_H
#define COLDMETER_STORE_CLICKHOUSE_INVOCATION_ROW_H

#include "store/clickhouse/row.h"
#include "wire/batch.h"

/* The columns in their order: the name, ClickHouse's type, and how many bytes a value
 * has; 0: a String. */
struct invocation_column {
	const char *name;
	const char *type;
	size_t bytes;
};
#define INVOCATION_STORY_FIGURES 8 /* in init_story */
#define INVOCATION_COLUMNS 37
extern const struct invocation_column invocation_columns[INVOCATION_COLUMNS];

/* "day UInt32, hour Int64, ..." or "day, hour, ...", malloc'd; NULL: memory is short. */
char *invocation_row_list(bool types);

/* The hour that holds a moment, rounded down. */
int64_t invocation_row_hour(int64_t ns);

/* What is read back; function lacks its platform, name and version, which fn stands for.
 */
struct invocation_row {
	uint64_t fn;
	uint64_t batch;
	uint16_t row;
	char host[BATCH_HOST_BYTES];
	struct function function;
	struct coldstart coldstart;
	struct invocation invocation; /* leads into this */
};

/* Reads the next row; false when it is malformed. */
bool invocation_row_get(struct row_in *in, struct invocation_row *row);

#endif
