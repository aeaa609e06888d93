#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char license[] SEC("license") = "Dual BSD/GPL";
