#include <stdio.h>

int bad_print(unsigned int n);

int bad_print(unsigned int n)
{
	return printf("%d %s\n", n);
}
