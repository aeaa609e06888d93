/* Sends imported invocations to the collector, in batches that are known by their
 * content. */
#ifndef COLDMETER_TUI_IMPORT_SENDER_H
#define COLDMETER_TUI_IMPORT_SENDER_H

#include "tui/client.h"
#include "wire/import.h"

struct import_sender;

/* The client is borrowed; NULL sends nothing. 0 or -ENOMEM. */
int import_sender_new(
    struct client *client, enum import_source source, struct import_sender **out);
void import_sender_free(struct import_sender *sender);

/* 0; -ENOMEM; or that a batch could not be sent: -ECONNREFUSED, -EBADMSG as
 * client_call(). A collector that is busy is waited for, up to a minute. */
int import_sender_add(struct import_sender *sender, const struct invocation *inv);
int import_sender_flush(struct import_sender *sender);

struct import_sent {
	uint64_t imported;
	uint64_t already; /* the collector had them */
	long status;      /* of the last answer; 0: there was none */
	const char *why;  /* what it said against it, or "" */
};
void import_sender_sent(const struct import_sender *sender, struct import_sent *sent);

#endif
