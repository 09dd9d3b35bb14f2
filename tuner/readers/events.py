"""The scalars in a TensorBoard event file: TFRecord frames around protocol buffers, read without either library.

frame    length, 8 bytes; its checksum, 4; the event; its checksum, 4
Event    2 step, 5 summary        Summary  1 value, any number of times
Value    1 tag, 2 simple_value, 8 tensor
Tensor   1 dtype, 2 shape, 4 content, 5 float_val, 6 double_val, 7 int_val, 10 int64_val
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

SIGNATURE = b"brain.Event:"
MAX_TAG = 1000

FLOAT, DOUBLE, INT32, INT64 = 1, 2, 3, 9
FORMATS = {FLOAT: "<f", DOUBLE: "<d", INT32: "<i", INT64: "<q"}
PACKED = {5: "<f", 6: "<d"}
"""Fields of a tensor that hold their values in a row; a scalar's has one."""

VARINTS = (7, 10)


class Scalar(NamedTuple):
    step: int
    tag: str
    value: float


def scalars(data: bytes) -> Iterator[Scalar]:
    """Yield the scalars in a file in the order in which they were written, up to where it was cut or damaged."""
    for start, end in _frames(data):
        try:
            yield from _of_event(data[start:end])
        except (IndexError, ValueError, struct.error):
            continue  # an event that is no scalar may be written in ways that are not known here


def _frames(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at + 12 <= len(data):
        length, checksum = struct.unpack_from("<QI", data, at)
        end = at + 12 + length
        if end + 4 > len(data) or masked_crc(data[at : at + 8]) != checksum:
            return
        yield at + 12, end
        at = end + 4


def _of_event(event: bytes) -> Iterator[Scalar]:
    step, summaries = 0, []
    for field, value in _fields(event):
        if field == 2 and isinstance(value, int):
            step = value - 2**64 if value >= 2**63 else value
        elif field == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for field, value in _fields(summary):
            if field == 1 and isinstance(value, bytes) and (found := _scalar(value)):
                yield Scalar(step, *found)


def _scalar(summary_value: bytes) -> tuple[str, float] | None:
    tag, number = "", None
    for field, value in _fields(summary_value):
        if not isinstance(value, bytes):
            continue
        if field == 1:
            tag = value[:MAX_TAG].decode(errors="replace")
        elif field == 2 and len(value) == 4:
            number = struct.unpack("<f", value)[0]
        elif field == 8:
            number = _of_tensor(value)
    return (tag, number) if tag and number is not None else None


def _of_tensor(tensor: bytes) -> float | None:
    """Return the number in a tensor of one number; None for text, pictures and everything larger."""
    dtype, content, listed = 0, b"", []
    for field, value in _fields(tensor):
        if field == 1 and isinstance(value, int):
            dtype = value
        elif field == 4 and isinstance(value, bytes):
            content = value
        elif field in PACKED and isinstance(value, bytes) and len(value) == struct.calcsize(PACKED[field]):
            listed.append(struct.unpack(PACKED[field], value)[0])
        elif field in VARINTS:
            number = value if isinstance(value, int) else _varint(value, 0)[0]
            listed.append(number - 2**64 if number >= 2**63 else number)
    form = FORMATS.get(dtype)
    if form is None:
        return None
    if len(content) == struct.calcsize(form):
        return float(struct.unpack(form, content)[0])
    return float(listed[0]) if len(listed) == 1 and not content else None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the fields of a message; fixed-size values come as their bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"wire type {kind}")
        size, at = _varint(message, at) if kind == 2 else ((8, at) if kind == 1 else (4, at))
        if at + size > len(message):
            raise ValueError("a field beyond its message")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number of more than ten bytes")


def masked_crc(data: bytes) -> int:
    """Return the CRC-32C of ``data``, turned and shifted as TFRecord stores it."""
    crc = 0xFFFFFFFF
    table = _crc_table()
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _crc_table() -> list[int]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table
