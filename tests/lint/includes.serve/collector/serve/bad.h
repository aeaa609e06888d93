#include "alerts/budget.h"
