#include "collector/base/log.h"
