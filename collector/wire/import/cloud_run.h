/* Request logs of Google Cloud Run and of functions that run on it: LogEntry objects as
 * Cloud Logging exports them.
 * https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry and
 * https://cloud.google.com/run/docs/logging */
#ifndef COLDMETER_WIRE_IMPORT_CLOUD_RUN_H
#define COLDMETER_WIRE_IMPORT_CLOUD_RUN_H

#include <stddef.h>

#include "model/invocation.h"

/* Reads one object. 1: *inv is filled, its function is *function; 0: it is no request of
 * Cloud Run; -EBADMSG: it is one and malformed, *why is a constant sentence. What is in
 * *function before is for where the object says nothing; a name there stays. */
int cloud_run_read(const char *text, size_t n, struct invocation *inv,
    struct function *function, const char **why);

#endif
