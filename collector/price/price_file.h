/* A user's price file with newer prices in it. */
#ifndef COLDMETER_PRICE_PRICE_FILE_H
#define COLDMETER_PRICE_PRICE_FILE_H

#include "price/offers.h"

/* Where the prices come from. */
struct price_file_source {
	const char *provider;
	const char *id;    /* among the file's sources */
	const char *title; /* with url and date as in a book */
	const char *url;
	const char *date; /* also the prices' as_of */
};

/* The text of a file (NULL: there is none yet) with the offers in place of its prices of
 * the same keys and regions; all else stays as it is. *out is the caller's to free. 0,
 * -ENOMEM, or -EBADMSG with a sentence in why: no price file, or of another provider or
 * currency. */
int price_file_with(const char *was, const struct offers *offers,
    const struct price_file_source *source, char **out, char *why, size_t why_size);

#endif
