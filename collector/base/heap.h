/* How much of what is freed stays with the process. */
#ifndef COLDMETER_BASE_HEAP_H
#define COLDMETER_BASE_HEAP_H

/* For a program that makes and frees batches all the time: up to 8 MiB free at the end of
 * each of malloc's arenas stay, and blocks up to 4 MiB come from there, instead of going
 * back to the kernel to be cleared and mapped anew. Once, before threads. */
void heap_keep_some(void);

#endif
