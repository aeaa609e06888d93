/* The HTTP routes of alerts: each handler answers from the shared state. */
#ifndef COLDMETER_ALERTS_API_H
#define COLDMETER_ALERTS_API_H

#include "alerts/fields.h"
#include "alerts/state.h"
#include "serve/http.h"

/* Sends object (taken over) as the body. 0 or -ENOMEM. */
int api_reply(struct http_reply *reply, json_t *object);

/* 400 with a sentence. */
int api_reject(struct http_reply *reply, const char *why);

int api_budgets_list(void *, const struct http_request *, struct http_reply *);
int api_budget_get(void *, const struct http_request *, struct http_reply *);
int api_budget_put(void *, const struct http_request *, struct http_reply *);
int api_budget_delete(void *, const struct http_request *, struct http_reply *);
int api_anomalies_get(void *, const struct http_request *, struct http_reply *);
int api_anomalies_put(void *, const struct http_request *, struct http_reply *);
int api_alerts_list(void *, const struct http_request *, struct http_reply *);
int api_alert_ack(void *, const struct http_request *, struct http_reply *);
int api_alert_snooze(void *, const struct http_request *, struct http_reply *);
int api_alerts_test(void *, const struct http_request *, struct http_reply *);
int api_keepwarm_list(void *, const struct http_request *, struct http_reply *);
int api_keepwarm_get(void *, const struct http_request *, struct http_reply *);
int api_keepwarm_put(void *, const struct http_request *, struct http_reply *);
int api_advice_get(void *, const struct http_request *, struct http_reply *);

/* GET /v1/advice of the kinds memory and plan. */
int api_advice_memory(
    const struct alerts *, const struct http_request *, struct http_reply *);
int api_advice_plan(
    const struct alerts *, const struct http_request *, struct http_reply *);

#endif
