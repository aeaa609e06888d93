#!/usr/bin/env python3
"""Fills a map of the kernel until there is no room in it, or with so many: fill_map.py ID [COUNT]. Keys count down from
all ones, values are zeros. Says how many were put."""

import ctypes
import errno
import sys

SYS_BPF = 321  # arch/x86/entry/syscalls/syscall_64.tbl
MAP_UPDATE_ELEM, MAP_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD = 2, 14, 15  # enum bpf_cmd, include/uapi/linux/bpf.h
NOEXIST = 1
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, *words):
    attributes = (ctypes.c_uint64 * 16)(*words)
    result = libc.syscall(SYS_BPF, command, attributes, ctypes.sizeof(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), "bpf()")
    return result


def main():
    fd = bpf(MAP_GET_FD_BY_ID, int(sys.argv[1]))
    about = (ctypes.c_uint32 * 32)()  # struct bpf_map_info: type, id, key_size, value_size
    bpf(OBJ_GET_INFO_BY_FD, ctypes.sizeof(about) << 32 | fd, ctypes.addressof(about))
    key = ctypes.create_string_buffer(about[2])
    value = ctypes.create_string_buffer(about[3])
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 1 << 62
    put = 0
    try:
        while put < most:
            key.raw = ((1 << 8 * about[2]) - 1 - put).to_bytes(about[2], "little")
            bpf(MAP_UPDATE_ELEM, fd, ctypes.addressof(key), ctypes.addressof(value), NOEXIST)
            put += 1
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
    print(put)


main()
