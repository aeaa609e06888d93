#include "base/good.h"

int good_sum(int a, int b)
{
	return a + b;
}
