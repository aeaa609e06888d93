/* A collector, on this machine or on another. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/version.h"
#include "tui/doctor.h"
#include "tui/fetch.h"
#include "tui/snapshot.h"

#define SKEW_MAX_NS                                                                      \
	(2 * CLOCK_NS_PER_S) /* NTP keeps milliseconds; minutes are rolled up */
#define CERTIFICATE_SOON_DAYS 14

static void check_tls(struct doctor *doctor, const char *url)
{
	if (strncmp(url, "https:", 6) == 0)
		doctor_add(doctor, DOCTOR_OK, "TLS",
		    "yes, and its certificate is one that we trust");
	else if (fetch_is_loopback(url))
		doctor_add(
		    doctor, DOCTOR_OK, "TLS", "no, and on this machine none is needed");
	else
		doctor_add(doctor, DOCTOR_WARN, "TLS",
		    "no: what is sent, a token too, can be read on the way; --tls-cert "
		    "in "
		    "coldmeter-collector(8)");
}

static bool check_token(struct doctor *doctor, const char *url, const json_t *token)
{
	const char *name = json_string_value(json_object_get(token, "name"));
	const char *role = json_string_value(json_object_get(token, "role"));

	if (!role) {
		doctor_add(doctor, fetch_is_loopback(url) ? DOCTOR_OK : DOCTOR_WARN,
		    "token",
		    "none is asked for: whoever reaches the collector may do all");
		return true;
	}
	if (strcmp(role, "agent") == 0) {
		doctor_add(doctor, DOCTOR_WARN, "token",
		    "%.60s is of role agent: it may send and not ask; `coldmeter token "
		    "add NAME --role read` makes one that may",
		    name ? name : "");
		return false;
	}
	doctor_add(doctor, DOCTOR_OK, "token", "%.60s, of role %.20s",
	    name && *name ? name : "in the clear", role);
	return true;
}

/* The answer was made somewhere between asking and having it. */
static void check_clock(
    struct doctor *doctor, const char *now, int64_t asked_ns, int64_t answered_ns)
{
	int64_t theirs_ns;
	int64_t off_ns = 0;

	if (!now || clock_parse_rfc3339(now, &theirs_ns) < 0) {
		doctor_add(
		    doctor, DOCTOR_WARN, "clock", "the collector does not tell its");
		return;
	}
	if (theirs_ns < asked_ns)
		off_ns = theirs_ns - asked_ns;
	else if (theirs_ns > answered_ns)
		off_ns = theirs_ns - answered_ns;
	if (off_ns < -SKEW_MAX_NS || off_ns > SKEW_MAX_NS)
		doctor_add(doctor, DOCTOR_WARN, "clock",
		    "the collector's is %.1f s %s ours: windows such as \"the last "
		    "hour\" "
		    "miss what lies between",
		    (double)(off_ns < 0 ? -off_ns : off_ns) / 1e9,
		    off_ns < 0 ? "behind" : "ahead of");
	else
		doctor_add(doctor, DOCTOR_OK, "clock", "the collector's and ours agree");
}

static void check_version(struct doctor *doctor, const char *version)
{
	if (version && strcmp(version, COLDMETER_VERSION) == 0)
		doctor_add(
		    doctor, DOCTOR_OK, "version", "%s, as the collector's", version);
	else
		doctor_add(doctor, DOCTOR_WARN, "version",
		    "the collector is %.40s and this is " COLDMETER_VERSION
		    ": some of what one knows the other may not",
		    version ? version : "of an unknown version");
}

bool doctor_check_about(struct doctor *doctor, const char *url, const json_t *about,
    int64_t asked_ns, int64_t answered_ns)
{
	bool may_ask;

	check_tls(doctor, url);
	may_ask = check_token(doctor, url, json_object_get(about, "token"));
	check_clock(doctor, json_string_value(json_object_get(about, "now")), asked_ns,
	    answered_ns);
	check_version(doctor, json_string_value(json_object_get(about, "version")));
	return may_ask;
}

void doctor_check_certificate(struct doctor *doctor, const char *until, int64_t now_ns)
{
	time_t end_s = *until ? curl_getdate(until, NULL) : -1;
	int64_t days;

	if (end_s < 0)
		return;
	days = (end_s - now_ns / CLOCK_NS_PER_S) / 86400;
	if (days < CERTIFICATE_SOON_DAYS)
		doctor_add(doctor, DOCTOR_WARN, "certificate",
		    "ends in %" PRId64 " days: put a new one in its place and send the "
		    "collector SIGHUP",
		    days);
	else
		doctor_add(doctor, DOCTOR_OK, "certificate",
		    "good for %" PRId64 " more days", days);
}

/* Whether it makes sense to ask for more. */
static bool check_about(
    struct doctor *doctor, const struct endpoint *endpoint, struct client *client)
{
	AUTO(reply) struct reply reply = {0};
	int64_t asked_ns = clock_wall_ns();
	int err = client_call(client, "GET", "/v1/collector", NULL, &reply);
	int64_t answered_ns = clock_wall_ns();
	json_t *about;
	bool may_ask;

	if (err && reply.status == 404) {
		check_tls(doctor, endpoint->url);
		doctor_add(doctor, DOCTOR_WARN, "version",
		    "the collector is older than this, " COLDMETER_VERSION);
		return true;
	}
	if (err) {
		doctor_add(doctor, DOCTOR_FAIL, "token", "%s%s", reply.why,
		    reply.status == 401
			? ", and ours is none of its: --token-file names a file with one"
			: "");
		return false;
	}
	about = reply.body ? json_loads(reply.body, 0, NULL) : NULL;
	may_ask = doctor_check_about(doctor, endpoint->url, about, asked_ns, answered_ns);
	json_decref(about);
	return may_ask;
}

void doctor_check_collector(
    struct doctor *doctor, const struct endpoint *endpoint, struct client *client)
{
	AUTO(reply) struct reply ready = {0};
	AUTO(reply) struct reply reply = {0};
	struct snapshot snapshot = {0};
	char until[64];

	if (client_call(client, "GET", "/readyz", NULL, &ready) < 0) {
		doctor_add(doctor, DOCTOR_FAIL, "collector",
		    ready.status
			? "%s is not ready: %s"
			: "%s does not answer (%s): `sudo coldmeter run` or "
			  "`coldmeter-collector` starts one, --url names another",
		    endpoint->url, ready.why);
		return;
	}
	doctor_add(doctor, DOCTOR_OK, "collector", "%s is ready", endpoint->url);
	/* now: a connection tells only of the request that opened it */
	client_certificate_end(client, until, sizeof(until));
	doctor_check_certificate(doctor, until, clock_wall_ns());
	if (!check_about(doctor, endpoint, client))
		return;
	if (client_call(client, "GET", "/v1/functions?since=1h", NULL, &reply) < 0) {
		doctor_add(doctor, DOCTOR_FAIL, "collector", "%s", reply.why);
		return;
	}
	if (snapshot_parse(reply.body, reply.body_bytes, &snapshot) < 0)
		doctor_add(doctor, DOCTOR_FAIL, "collector",
		    "%s answers, but is no coldmeter collector", endpoint->url);
	else
		doctor_check_agents(doctor, &snapshot);
	snapshot_done(&snapshot);
}
