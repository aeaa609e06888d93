/* Requests of Azure's Application Insights, as its table `requests` is exported: also by
 * the names of the table AppRequests.
 * https://learn.microsoft.com/azure/azure-monitor/reference/tables/requests and
 * .../tables/apprequests */
#ifndef COLDMETER_WIRE_IMPORT_APP_INSIGHTS_H
#define COLDMETER_WIRE_IMPORT_APP_INSIGHTS_H

#include <stddef.h>

#include "model/invocation.h"

/* As cloud_run_read(). *stands_for is how many requests it stands for: more than one when
 * Application Insights samples. */
int app_insights_read(const char *text, size_t n, struct invocation *inv,
    struct function *function, uint64_t *stands_for, const char **why);

#endif
