#include "alerts/channel.h"

#include <string.h>

#include "base/text.h"

const struct channel *const channels[] = {&channel_slack, &channel_webhook, NULL};

const struct channel *channel_find(const char *name)
{
	for (size_t i = 0; channels[i]; i++)
		if (strcmp(channels[i]->name, name) == 0)
			return channels[i];
	return NULL;
}

void channel_names(char *out, size_t size)
{
	size_t at = 0;

	*out = '\0';
	for (size_t i = 0; channels[i]; i++) {
		(void)text_copy(out + at, size - at, i ? ", " : "");
		at += strlen(out + at);
		(void)text_copy(out + at, size - at, channels[i]->name);
		at += strlen(out + at);
	}
}
