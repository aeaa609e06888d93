/* Where a ClickHouse server listens and as whom to speak to it. */
#ifndef COLDMETER_STORE_CLICKHOUSE_ADDRESS_H
#define COLDMETER_STORE_CLICKHOUSE_ADDRESS_H

#include <stdint.h>

#define CLICKHOUSE_HOST_BYTES 256
#define CLICKHOUSE_NAME_BYTES 64
#define CLICKHOUSE_PASSWORD_BYTES 256

struct clickhouse_address {
	char host[CLICKHOUSE_HOST_BYTES]; /* IPv6 in its brackets */
	uint16_t port;                    /* of HTTP */
	char user[CLICKHOUSE_NAME_BYTES];
	char database[CLICKHOUSE_NAME_BYTES];
	char cluster[CLICKHOUSE_NAME_BYTES];      /* "": one server */
	char password[CLICKHOUSE_PASSWORD_BYTES]; /* a secret; "": none */
};

/* Reads clickhouse://[USER@]HOST[:PORT][/DB][?cluster=NAME]; what is left out is default,
 * 8123 and coldmeter. 0, or -EINVAL with *why a constant phrase. The password stays "".
 */
int clickhouse_address_parse(
    const char *url, struct clickhouse_address *address, const char **why);

/* Takes the password from the first line of a file, or when that is NULL from the
 * environment's COLDMETER_CLICKHOUSE_PASSWORD, if it is set. 0 or -errno, said through
 * log_error. */
int clickhouse_address_password(struct clickhouse_address *address, const char *file);

#endif
