/* Arrays that grow as rows come. */
#ifndef COLDMETER_BASE_ROOM_H
#define COLDMETER_BASE_ROOM_H

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 4 /* doubled from there on */

/* Rows of that size with room for one more behind n of them; NULL, and they are as they
 * were, when there is no memory. *room is how many there may be. */
static inline void *room_grown(void *rows, size_t n, size_t *room, size_t bytes)
{
	size_t more = *room ? *room * 2 : ROOM_FIRST;

	if (rows && n < *room)
		return rows;
	rows = reallocarray(rows, more, bytes);
	if (rows)
		*room = more;
	return rows;
}

/* The same of an array in its place: 0 or -ENOMEM. */
#define ROOM_FOR_ONE(array, n, room)                                                     \
	__extension__({                                                                  \
		__typeof__(array) grown_ =                                               \
		    room_grown((array), (n), &(room), sizeof(*(array)));                 \
                                                                                         \
		if (grown_)                                                              \
			(array) = grown_;                                                \
		grown_ ? 0 : -ENOMEM;                                                    \
	})

#endif
