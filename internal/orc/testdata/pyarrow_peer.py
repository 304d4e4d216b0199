"""Writes ORC files with Apache Arrow, and reads ours, for orc_peer_test.go.

pyarrow_peer.py write FOLDER ROWS   writes files of the same rows in FOLDER, and the rows to stdout, a JSON array a line
pyarrow_peer.py read FILE           writes the rows of FILE to stdout, a JSON array a line

A value is a text; NULL is null. Times are milliseconds since 1970 in UTC, rounded down.
"""

import json
import random
import sys

import pyarrow as pa
import pyarrow.orc as orc


def rows_of(count):
    """Columns by name and type, with NULLs and with numbers of every shape that the encodings are for."""
    rng = random.Random(6)

    def column(value, nulls=0.1):
        return [None if rng.random() < nulls else value(i) for i in range(count)]

    def size(i):
        return rng.randrange(-(2**63), 2**63) if rng.random() < 0.02 else rng.randrange(100_000)

    day = 86_400_000
    return [
        ("key", pa.string(), column(lambda i: "receipts/é %d%s" % (i, "+" * rng.randrange(9)), 0)),
        ("long", pa.string(), column(lambda i: "x" * rng.randrange(1025) if i % 97 == 0 else "", 0.5)),
        ("class", pa.string(), column(lambda i: rng.choice(["STANDARD", "GLACIER_IR", ""]))),
        ("mostly_null", pa.string(), column(lambda i: "REPLICA", 0.99)),
        ("latest", pa.bool_(), column(lambda i: rng.random() < 0.9)),
        ("marker", pa.bool_(), column(lambda i: i % 2000 < 5, 0)),
        ("tiny", pa.int8(), column(lambda i: rng.randrange(-128, 128))),
        ("small", pa.int16(), column(lambda i: rng.randrange(-(2**15), 2**15))),
        ("int", pa.int32(), column(lambda i: rng.randrange(-(2**31), 2**31))),
        ("size", pa.int64(), column(size)),
        ("rising", pa.int64(), column(lambda i: 10 * i + rng.randrange(9), 0)),
        ("falling", pa.int64(), column(lambda i: -3 * i, 0)),
        ("steps", pa.int64(), column(lambda i: i // 7 % 5)),
        ("seconds", pa.timestamp("s"), column(lambda i: rng.randrange(-(10**10), 10**10))),
        ("millis", pa.timestamp("ms"), column(lambda i: rng.randrange(-100 * 365 * day, 100 * 365 * day))),
        ("nanos", pa.timestamp("ns"), column(lambda i: rng.randrange(-(9 * 10**18), 9 * 10**18))),
        ("instant", pa.timestamp("us", tz="Europe/Dublin"), column(lambda i: rng.randrange(-(10**15), 10**16))),
    ]


PER_MILLI = {"s": 1000, "ms": 1, "us": -1000, "ns": -1_000_000}


def text(kind, value):
    """A value as Go shows it."""
    if value is None:
        return None
    if pa.types.is_boolean(kind):
        return str(int(value))
    if pa.types.is_timestamp(kind):
        unit = PER_MILLI[kind.unit]
        return str(value * unit if unit > 0 else value // -unit)
    return str(value)


def dump(columns):
    shown = [[text(kind, v) for v in values] for _, kind, values in columns]
    for row in zip(*shown):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def write(folder, count):
    columns = rows_of(count)
    table = pa.table([pa.array(values, kind) for _, kind, values in columns], names=[name for name, _, _ in columns])
    # What an inventory may come to have one day, and what is skipped.
    table = table.append_column("ratio", pa.array([i / 3 for i in range(count)], pa.float64()))
    table = table.append_column("tags", pa.array([[str(i), "b"] for i in range(count)], pa.list_(pa.string())))
    table = table.append_column("more", pa.array([{"a": i, "b": None} for i in range(count)], pa.struct([("a", pa.int64()), ("b", pa.string())])))
    for version in "0.11", "0.12":
        for compression in "uncompressed", "zlib", "snappy", "zstd":
            for words in 0.0, 1.0:
                name = "%s/%s-%s-%s.orc" % (folder, compression, version, "dictionary" if words else "direct")
                orc.write_table(table, name, compression=compression, file_version=version, stripe_size=1 << 20,
                                dictionary_key_size_threshold=words, compression_block_size=[1 << 18, 1 << 16][version == "0.11"])
    dump(columns)


def read(path):
    table = orc.read_table(path)
    columns = []
    for name in table.column_names:
        column = table[name]
        kind = column.type
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.int64())
        columns.append((name, kind, column.to_pylist()))
    dump(columns)


if sys.argv[1] == "write":
    write(sys.argv[2], int(sys.argv[3]))
else:
    read(sys.argv[2])
