/* Which service only one provider has answers at an address, as far as an address tells:
 * where it is documented, or in a range that the provider publishes for that service. */
#ifndef COLDMETER_ALERTS_PEER_SERVICE_H
#define COLDMETER_ALERTS_PEER_SERVICE_H

struct peer_service {
	const char *name;   /* "Amazon DynamoDB" */
	const char *source; /* a URL */
};

/* peer as a cold start names it, "52.94.1.2:443". NULL: not known which service it is. */
const struct peer_service *peer_service_of(const char *peer);

/* The port at its end, as text; NULL: it has none, as a Unix socket. */
const char *peer_port(const char *peer);

#endif
