/* The price keys that coldmeter knows, each with its unit: a book may hold no others. */
#ifndef COLDMETER_PRICE_KEYS_H
#define COLDMETER_PRICE_KEYS_H

#include <stdbool.h>

/* The unit of a key, or NULL when there is no such key. */
const char *price_key_unit(const char *provider, const char *key);

/* Whether a pattern, a key or its beginning and a star, is of that key; of any of the
 * provider. */
bool price_key_matches(const char *pattern, const char *key);
bool price_key_matches_any(const char *provider, const char *pattern);

bool price_provider_is_known(const char *provider);

/* Whether a known provider publishes its prices: all do but the user's own machines. */
bool price_provider_is_vendor(const char *provider);

/* "aws, azure, ...": for a message to who named another. Returns out. */
#define PRICE_PROVIDERS_BYTES 64
const char *price_provider_list(char out[PRICE_PROVIDERS_BYTES]);

/* Whether the key holds a free quantity (price 0, up to its tier's end). */
bool price_key_is_free(const char *key);

#endif
