/* Makes hours and days out of minutes, in the background. */
#ifndef COLDMETER_STORE_SQLITE_FOLD_H
#define COLDMETER_STORE_SQLITE_FOLD_H

struct fold;

int fold_new(struct fold **out);
void fold_free(struct fold *fold);

#endif
