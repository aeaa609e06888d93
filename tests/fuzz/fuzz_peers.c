/* Peers come from a kernel's record, or from whoever sends invocations. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/peer_service.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t bytes)
{
	char *peer = calloc(1, bytes + 1);
	const struct peer_service *service;
	const char *port;

	assert(peer);
	if (bytes)
		memcpy(peer, in, bytes);
	service = peer_service_of(peer);
	assert(!service || (*service->name && strchr(peer, ':')));
	port = peer_port(peer);
	assert(!port || (port > peer && port[-1] == ':' && strlen(port) <= 5));
	free(peer);
	return 0;
}
