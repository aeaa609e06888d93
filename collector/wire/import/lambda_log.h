/* Finds the lines and events of Lambda's platform in whatever logs are exported as. */
#ifndef COLDMETER_WIRE_IMPORT_LAMBDA_LOG_H
#define COLDMETER_WIRE_IMPORT_LAMBDA_LOG_H

#include "wire/import/lambda_join.h"
#include "wire/import/records.h"

struct lambda_log;

/* The join and complain are borrowed; complain is called as that of a sink. 0 or -ENOMEM.
 */
int lambda_log_new(
    struct lambda_join *join, const struct import_sink *sink, struct lambda_log **out);
void lambda_log_free(struct lambda_log *log);

/* One line or object. 1: it is of the platform; 0: it is not, or was told of; -ENODATA
 * with *why; or what the join's sink returned. */
int lambda_log_take(
    struct lambda_log *log, const struct record *record, const char **why);

#endif
