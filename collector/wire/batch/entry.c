#include "wire/batch/entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"

size_t batch_entry_function(const struct function *function, uint8_t *out)
{
	uint8_t fields[BATCH_FUNCTION_MAX];
	uint8_t *at = fields;
	size_t n;

	at = varint_put(function->platform, at);
	at = varint_put(function->arch, at);
	at = varint_put(function->memory_limit_mb, at);
	at += batch_text_encode(function->name, sizeof(function->name), at);
	at += batch_text_encode(function->version, sizeof(function->version), at);
	at += batch_text_encode(function->region, sizeof(function->region), at);
	n = (size_t)(at - fields);
	at = varint_put(n, out);
	memcpy(at, fields, n);
	return (size_t)(at - out) + n;
}

void batch_entry_encode(const struct invocation *inv, const struct batch_keep *keep,
    struct batch_entry *entry)
{
	entry->function_index =
	    keep ? batch_keep_find_function(keep, inv->function) : BATCH_KEEP_NONE;
	entry->function_bytes = 0;
	if (entry->function_index == BATCH_KEEP_NONE)
		entry->function_bytes =
		    batch_entry_function(inv->function, entry->function);
	entry->sandbox_index =
	    keep ? batch_keep_find_sandbox(keep, inv->sandbox) : BATCH_KEEP_NONE;
	entry->sandbox_bytes = 0;
	if (entry->sandbox_index == BATCH_KEEP_NONE)
		entry->sandbox_bytes =
		    batch_text_encode(inv->sandbox, sizeof(inv->sandbox), entry->sandbox);
	entry->request_id_bytes = batch_text_encode(
	    inv->request_id, sizeof(inv->request_id), entry->request_id);
	entry->trace_id_bytes =
	    batch_text_encode(inv->trace_id, sizeof(inv->trace_id), entry->trace_id);
	entry->coldstart_bytes =
	    inv->coldstart ? batch_coldstart_encode(inv->coldstart, entry->coldstart) : 0;
}

int batch_entry_coldstart(const struct batch_entry *entry, struct coldstart **out)
{
	struct cursor bytes = cursor_over(entry->coldstart, entry->coldstart_bytes);
	struct coldstart *coldstart = NULL;

	if (entry->coldstart_bytes > 0) {
		coldstart = calloc(1, sizeof(*coldstart));
		if (!coldstart)
			return -ENOMEM;
		(void)batch_coldstart_decode(&bytes, coldstart, NULL); /* we wrote it */
	}
	*out = coldstart;
	return 0;
}
