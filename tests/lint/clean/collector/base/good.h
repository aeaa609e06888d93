/* Adds two numbers. */
#ifndef COLDMETER_BASE_GOOD_H
#define COLDMETER_BASE_GOOD_H

int good_sum(int a, int b);

#endif
