/* The price files that are built into the programs; the rows are made by embed.sh. */
#ifndef COLDMETER_PRICE_EMBEDDED_H
#define COLDMETER_PRICE_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
	const char *name; /* "aws.json"; NULL ends the table */
	const unsigned char *bytes;
	size_t size;
};

extern const struct embedded_file embedded_books[];

#endif
