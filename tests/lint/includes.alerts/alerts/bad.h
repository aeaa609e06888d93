#include "tui/view.h"
