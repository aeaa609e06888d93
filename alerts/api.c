#include "alerts/api.h"

#include <errno.h>
#include <string.h>

#define BODY_MAX_BYTES 32768

int api_reply(struct http_reply *reply, json_t *object)
{
	reply->body = fields_take(object);
	if (!reply->body)
		return -ENOMEM;
	reply->body_bytes = strlen(reply->body);
	return 0;
}

int api_reject(struct http_reply *reply, const char *why)
{
	return http_reply_error(reply, 400, "bad_request", "%s", why);
}

static const struct http_route routes[] = {
    {"GET", "/v1/budgets", api_budgets_list, 0, HTTP_NEEDS_READ},
    {"GET", "/v1/budgets/{name}", api_budget_get, 0, HTTP_NEEDS_READ},
    {"PUT", "/v1/budgets/{name}", api_budget_put, BODY_MAX_BYTES, HTTP_NEEDS_ADMIN},
    {"DELETE", "/v1/budgets/{name}", api_budget_delete, 0, HTTP_NEEDS_ADMIN},
    {"GET", "/v1/anomalies", api_anomalies_get, 0, HTTP_NEEDS_READ},
    {"PUT", "/v1/anomalies", api_anomalies_put, BODY_MAX_BYTES, HTTP_NEEDS_ADMIN},
    {"GET", "/v1/alerts", api_alerts_list, 0, HTTP_NEEDS_READ},
    {"POST", "/v1/alerts/test", api_alerts_test, BODY_MAX_BYTES, HTTP_NEEDS_ADMIN},
    {"POST", "/v1/alerts/{id}/ack", api_alert_ack, BODY_MAX_BYTES, HTTP_NEEDS_ADMIN},
    {"POST", "/v1/alerts/{id}/snooze", api_alert_snooze, BODY_MAX_BYTES,
	HTTP_NEEDS_ADMIN},
    {"GET", "/v1/keepwarm", api_keepwarm_list, 0, HTTP_NEEDS_READ},
    {"GET", "/v1/keepwarm/{function}", api_keepwarm_get, 0, HTTP_NEEDS_READ},
    {"PUT", "/v1/keepwarm/{function}", api_keepwarm_put, BODY_MAX_BYTES,
	HTTP_NEEDS_ADMIN},
    {"GET", "/v1/advice", api_advice_get, 0, HTTP_NEEDS_READ},
};

int alerts_add_routes(struct alerts *alerts, struct http *http)
{
	return http_add_routes(http, routes, sizeof(routes) / sizeof(routes[0]), alerts);
}
