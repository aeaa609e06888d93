#!/usr/bin/env python3
"""A Lambda function: draws a picture of the size that the event asks for and scales it down to a PNG."""

import base64
import json
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
import lambda_runtime  # noqa: E402

SIDE = 32


def picture(width, height):
    """One byte a pixel: a plasma of the position."""
    return [bytes((x * y // 7 + x) & 255 for x in range(width)) for y in range(height)]


def scaled(rows, width, height):
    return [bytes(rows[y * height // SIDE][x * width // SIDE] for x in range(SIDE)) for y in range(SIDE)]


def png(rows):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def handle(event):
    event = event if isinstance(event, dict) else {}
    width, height = int(event.get("width", 200)), int(event.get("height", 200))
    if not 0 < width <= 4000 or not 0 < height <= 4000:
        raise ValueError(f"a picture of {width} by {height} pixels cannot be drawn")
    small = png(scaled(picture(width, height), width, height))
    return json.dumps({"png": base64.b64encode(small).decode()}).encode()


lambda_runtime.run(handle)
