#include "wire/otlp/facts.h"

#include <string.h>

#include "base/same.h"

static const struct {
	const char *name;
	size_t n;
} keys[OTLP_KEYS] = {
#define KEY(key, text) [key] = {text, sizeof(text) - 1}
    KEY(OTLP_FAAS_NAME, "faas.name"),
    KEY(OTLP_FAAS_VERSION, "faas.version"),
    KEY(OTLP_FAAS_TRIGGER, "faas.trigger"),
    KEY(OTLP_FAAS_INSTANCE, "faas.instance"),
    KEY(OTLP_FAAS_COLDSTART, "faas.coldstart"),
    KEY(OTLP_FAAS_EXECUTION, "faas.execution"),
    KEY(OTLP_FAAS_INVOCATION_ID, "faas.invocation_id"),
    KEY(OTLP_FAAS_INVOKED_NAME, "faas.invoked_name"),
    KEY(OTLP_FAAS_MAX_MEMORY, "faas.max_memory"),
    KEY(OTLP_CLOUD_PLATFORM, "cloud.platform"),
    KEY(OTLP_CLOUD_PROVIDER, "cloud.provider"),
    KEY(OTLP_CLOUD_REGION, "cloud.region"),
    KEY(OTLP_SERVICE_NAME, "service.name"),
    KEY(OTLP_SERVICE_INSTANCE_ID, "service.instance.id"),
    KEY(OTLP_HOST_NAME, "host.name"),
    KEY(OTLP_HOST_ARCH, "host.arch"),
    KEY(OTLP_HTTP_STATUS, "http.response.status_code"),
    KEY(OTLP_HTTP_STATUS_OLD, "http.status_code"),
#undef KEY
};
_Static_assert(OTLP_KEYS <= 32, "each key has a bit");

static inline bool is_key(unsigned int i, const char *key, size_t n)
{
	return keys[i].n == n && same_bytes(keys[i].name, key, n);
}

/* Attributes mostly come in the order of the span before: what came behind what is looked
 * for first. */
struct otlp_value *otlp_facts_add(struct otlp_facts *facts, const char *key, size_t n)
{
	unsigned int i = facts->next[facts->last];

	if (!is_key(i, key, n)) {
		i = 0;
		while (i < OTLP_KEYS && !is_key(i, key, n))
			i++;
		if (i == OTLP_KEYS) {
			facts->has_faas |= n > 5 && memcmp(key, "faas.", 5) == 0;
			return NULL;
		}
		facts->next[facts->last] = (uint8_t)i;
	}
	facts->has_faas |= i <= OTLP_FAAS_LAST;
	facts->last = (uint8_t)i;
	facts->given |= 1U << i;
	return &facts->value[i];
}

void otlp_facts_begin(struct otlp_facts *facts)
{
	facts->given = 0;
	facts->has_faas = false;
	facts->last = OTLP_KEYS;
}
