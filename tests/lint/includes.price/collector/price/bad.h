#include "wire/batch.h"
