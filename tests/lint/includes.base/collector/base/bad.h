#include "model/function.h"
