/* Byte strings, each kept once, known by the order of their arrival. */
#ifndef COLDMETER_WIRE_BATCH_DICTIONARY_H
#define COLDMETER_WIRE_BATCH_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised with a limit is empty and valid. */
struct batch_dictionary {
	size_t limit; /* how many strings, at most 32768 */
	size_t n;
	uint8_t *bytes; /* all of them, one after the other */
	size_t used;
	size_t room;
	uint32_t *ends;  /* where in bytes each ends */
	uint16_t *table; /* open addressing: index + 1, 0 is free; 2 * limit slots */
};

void batch_dictionary_done(struct batch_dictionary *d);
void batch_dictionary_clear(struct batch_dictionary *d); /* empty, keeps its memory */

/* Makes sure that one more string of len bytes can be added. 0 or -ENOMEM. */
int batch_dictionary_reserve(struct batch_dictionary *d, size_t len);

/* The index of a string, or n when it is not there. */
size_t batch_dictionary_find(
    const struct batch_dictionary *d, const uint8_t *s, size_t len);

/* Adds a string that is not there, after batch_dictionary_reserve(), below the limit. */
void batch_dictionary_add(struct batch_dictionary *d, const uint8_t *s, size_t len);

#endif
