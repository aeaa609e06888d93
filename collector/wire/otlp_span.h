/* From what a reader found in a span and its resource to an invocation; private to the
 * readers of OTLP. */
#ifndef COLDMETER_WIRE_OTLP_SPAN_H
#define COLDMETER_WIRE_OTLP_SPAN_H

#include "wire/json.h"
#include "wire/otlp.h"

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

/* A span as read; clear it (but for the values of its facts) to begin. */
struct otlp_span {
	uint8_t trace_id[OTLP_TRACE_ID_BYTES];
	uint8_t span_id[OTLP_SPAN_ID_BYTES];
	size_t trace_id_n; /* bytes that it had, whatever fits */
	size_t span_id_n;
	bool has_parent;
	uint32_t flags;
	uint64_t kind;
	uint64_t status;
	uint64_t start_ns;
	uint64_t end_ns;
	struct otlp_facts facts;
};

/* A reading of one request. */
struct otlp_reading {
	otlp_take take;
	void *context;
	struct otlp_tally *tally;
	/* of the resource whose spans are read */
	struct otlp_facts resource;
	struct function function; /* when no attribute of the span says otherwise */
	const char *function_why; /* why there is none, or NULL */
	char host[JSON_HOST_BYTES];
	const char *host_why;
	struct otlp_span span;
};

void otlp_span_begin(struct otlp_span *span);

/* After r->resource is filled, before its first span. */
void otlp_resource_settle(struct otlp_reading *r);

/* Takes, ignores or rejects r->span. 0, -EFBIG, or what take returned. */
int otlp_span_settle(struct otlp_reading *r);

#endif
