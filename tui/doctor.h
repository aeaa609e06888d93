/* Checks of this host and of a collector, each with what to do about it. */
#ifndef COLDMETER_TUI_DOCTOR_H
#define COLDMETER_TUI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/client.h"
#include "tui/snapshot.h"

#define DOCTOR_MAX_CHECKS 96
#define DOCTOR_WHAT_BYTES 64
#define DOCTOR_DETAIL_BYTES 400

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_check {
	enum doctor_state state;
	char what[DOCTOR_WHAT_BYTES];
	char detail[DOCTOR_DETAIL_BYTES];
};

struct doctor {
	struct doctor_check checks[DOCTOR_MAX_CHECKS];
	size_t n;
	size_t left_out; /* beyond the limit; the last check says how many */
};

const char *doctor_state_name(enum doctor_state state); /* "ok", "warn", "fail" */

/* Appends a check. Beyond the limit the last one says how many more there are, with the
 * worst of their states. */
void doctor_add(struct doctor *doctor, enum doctor_state state, const char *what,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Lines "ok|warn|fail<TAB>what<TAB>detail" of `coldmeter-agent --check`; others are left
 * out. Returns how many were taken. text is changed. */
size_t doctor_read_lines(struct doctor *doctor, char *text);

/* Rights, kernel, BTF, and what the agent finds when it may look. */
void doctor_check_host(struct doctor *doctor);

/* Sandboxes on this host whose inside no probe of the host sees. */
void doctor_check_blind(struct doctor *doctor);

/* Whether prices are old; now is wall time. */
void doctor_check_prices(struct doctor *doctor, int64_t now_ns);

/* What an answer of GET /v1/functions says of agents: alive, what they cost, what they do
 * not see, what was lost. The sum of what was lost comes first, then what is to be minded
 * of hosts, then the rest. */
void doctor_check_agents(struct doctor *doctor, const struct snapshot *snapshot);

/* What an answer of GET /v1/collector says of how we talk to it: TLS, whose token, clock
 * and version. Asked and answered at those wall times. Whether the token may ask for
 * more. */
bool doctor_check_about(struct doctor *doctor, const char *url, const json_t *about,
    int64_t asked_ns, int64_t answered_ns);

/* Until when the certificate of an https collector is good; text as libcurl has it, "Nov
 * 29 18:22:00 2026 GMT", "" when it is not known. */
void doctor_check_certificate(struct doctor *doctor, const char *until, int64_t now_ns);

/* Reachable, ready, how we talk to it, and its agents. */
void doctor_check_collector(
    struct doctor *doctor, const struct endpoint *endpoint, struct client *client);

#endif
