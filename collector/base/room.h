/* Arrays that grow as rows come. */
#ifndef COLDMETER_BASE_ROOM_H
#define COLDMETER_BASE_ROOM_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 4 /* doubled from there on */

/* Room for one more row of that size behind n of them; array is the address of the
 * pointer to them, whatever its type, room how many there may be. 0, or -ENOMEM and all
 * is as it was. */
static inline int room_for_one(void *array, size_t n, size_t *room, size_t bytes)
{
	size_t more = *room ? *room * 2 : ROOM_FIRST;
	void *rows;

	if (n < *room)
		return 0;
	memcpy(&rows, array, sizeof(rows));
	rows = reallocarray(rows, more, bytes);
	if (!rows)
		return -ENOMEM;
	memcpy(array, &rows, sizeof(rows));
	*room = more;
	return 0;
}

#define ROOM_FOR_ONE(array, n, room)                                                     \
	room_for_one(&(array), (n), &(room), sizeof(*(array)))

#endif
