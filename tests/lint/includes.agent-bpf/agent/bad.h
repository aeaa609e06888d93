#include "bpf/sandbox.bpf.h"
