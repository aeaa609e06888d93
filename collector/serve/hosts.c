#include "serve/hosts.h"

#include <stdbool.h>

#include "base/clock.h"
#include "serve/answer.h"
#include "serve/intake.h"

void hosts_init(struct hosts *hosts, int64_t since_ns)
{
	*hosts = (struct hosts){
	    .since_ns = since_ns, .by_host = json_object(), .beating = json_object()};
}

void hosts_done(struct hosts *hosts)
{
	json_decref(hosts->by_host);
	json_decref(hosts->beating);
}

void hosts_see(struct hosts *hosts, const struct batch_head *last, int64_t received_ns)
{
	const json_t *known = json_object_get(hosts->by_host, last->host);

	if (received_ns < hosts->since_ns || last->host[0] == '\0')
		return;
	if (!known || json_integer_value(known) < received_ns)
		(void)json_object_set_new(
		    hosts->by_host, last->host, json_integer(received_ns));
	if (!intake_is_made_here(&last->id))
		(void)json_object_set_new(hosts->beating, last->host, json_true());
}

size_t hosts_count(const struct hosts *hosts)
{
	return json_object_size(hosts->by_host);
}

json_t *hosts_json(const struct hosts *hosts, int64_t now_ns, int64_t listen_ns)
{
	json_t *agents = json_array();
	const char *host;
	json_t *received;

	json_object_foreach(hosts->by_host, host, received)
	{
		int64_t ns = json_integer_value(received);
		double age_s = (double)(now_ns - ns) / (double)CLOCK_NS_PER_S;
		bool silent = now_ns - ns > HOSTS_SILENT_S * CLOCK_NS_PER_S &&
			      now_ns - listen_ns > HOSTS_SILENT_S * CLOCK_NS_PER_S &&
			      json_is_true(json_object_get(hosts->beating, host));

		(void)json_array_append_new(
		    agents, json_pack("{s:s,s:o,s:o,s:b}", "host", host, "last_batch",
				answer_time(ns), "age_s", answer_number(age_s), "silent",
				silent));
	}
	return agents;
}
