#include "agent/probes/blindness.h"

#include <errno.h>

#include "base/log.h"
#include "bpf/record.h"

int blindness_say(uint32_t why, const char *function)
{
	switch (why) {
	case BLIND_TLS:
		if (function)
			log_warn("function %s answers in TLS: those requests are not "
				 "measured",
			    function);
		return 0;
	case BLIND_HTTP2:
		if (function)
			log_warn("a connection of function %s lost its place in HTTP/2: "
				 "what follows on it is not measured",
			    function);
		return 0;
	case BLIND_IO_URING:
		if (function)
			log_warn("function %s answers by io_uring: when its requests "
				 "ended is inferred, their status is not known",
			    function);
		return 0;
	default:
		return -EBADMSG;
	}
}
