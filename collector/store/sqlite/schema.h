/* The tables of main.db and of a day's raw file, as append-only migrations. */
#ifndef COLDMETER_STORE_SQLITE_SCHEMA_H
#define COLDMETER_STORE_SQLITE_SCHEMA_H

#include <stddef.h>

extern const char *const schema_main[];
extern const size_t schema_main_n;
extern const char *const schema_raw[];
extern const size_t schema_raw_n;

#endif
