/* Attributes of a span or its resource, those that mean something here; private to the
 * readers of OTLP. */
#ifndef COLDMETER_WIRE_OTLP_FACTS_H
#define COLDMETER_WIRE_OTLP_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The attributes that mean something here. */
enum otlp_key {
	OTLP_FAAS_NAME,
	OTLP_FAAS_VERSION,
	OTLP_FAAS_TRIGGER,
	OTLP_FAAS_INSTANCE,
	OTLP_FAAS_COLDSTART,
	OTLP_FAAS_EXECUTION, /* the older name of the next */
	OTLP_FAAS_INVOCATION_ID,
	OTLP_FAAS_INVOKED_NAME,
	OTLP_FAAS_MAX_MEMORY,
	OTLP_CLOUD_PLATFORM,
	OTLP_CLOUD_PROVIDER,
	OTLP_CLOUD_REGION,
	OTLP_SERVICE_NAME,
	OTLP_SERVICE_INSTANCE_ID,
	OTLP_HOST_NAME,
	OTLP_HOST_ARCH,
	OTLP_HTTP_STATUS,
	OTLP_HTTP_STATUS_OLD,
	OTLP_KEYS
};
#define OTLP_FAAS_LAST OTLP_FAAS_MAX_MEMORY /* of those that begin with "faas." */

enum otlp_type { OTLP_OTHER, OTLP_TEXT, OTLP_NUMBER, OTLP_BOOL };

struct otlp_value {
	enum otlp_type type;
	const char *text; /* borrowed, not terminated; NULL: longer than a reader keeps */
	size_t n;
	int64_t number; /* also of a bool */
};

/* Attributes. */
struct otlp_facts {
	uint32_t given;              /* 1 << enum otlp_key */
	bool has_faas;               /* any "faas.*", known or not */
	uint8_t last;                /* the key that was added last; OTLP_KEYS: none */
	uint8_t next[OTLP_KEYS + 1]; /* the key that came behind each the last time */
	struct otlp_value value[OTLP_KEYS];
};

/* Empty. Its first use of all needs it zero-initialised. */
void otlp_facts_begin(struct otlp_facts *facts);

/* The slot of an attribute of that key, marked as given, or NULL when it means nothing
 * here. The caller fills it; of an attribute that comes twice the last one counts. */
struct otlp_value *otlp_facts_add(struct otlp_facts *facts, const char *key, size_t n);

#endif
