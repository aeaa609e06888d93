#include "tui/dashboard/view.h"
