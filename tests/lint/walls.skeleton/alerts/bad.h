#include "lifecycle.skel.h"
