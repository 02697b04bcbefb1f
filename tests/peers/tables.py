"""Holds Parquet tables against each other, column by column, with pyarrow alone: no host.

Standard input: a list of {"found": [FILE, ...], "expected": [FILE, ...]}; files of a list are put one behind the other.
Standard output: for each {"rows": [found, expected], "only_found": [NAME, ...], "only_expected": [NAME, ...],
"columns": {NAME: {"missing": rows, "other": rows, "largest": number}}}: rows where one side has no value (null or NaN)
and the other has; rows where both have a value and the values are not equal; how far these are apart. No tolerance is
applied, but where one side has 32-bit floats the other is rounded to them first.
"""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def read(files):
    return pa.concat_tables([pq.read_table(file) for file in files])


def numbers(column):
    """Values as numbers or texts, and whether there is one."""
    column = column.combine_chunks()
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("ns", kind.tz)).cast(pa.int64())
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        column = column.cast(pa.string())
        known = ~column.is_null().to_numpy(zero_copy_only=False)
        return pc.fill_null(column, "").to_numpy(zero_copy_only=False).astype(object), known
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    known = ~column.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    return pc.fill_null(column, 0).to_numpy(zero_copy_only=False), known


def compare(found, expected):
    (found, found_known), (expected, expected_known) = numbers(found), numbers(expected)
    if np.float32 in (found.dtype, expected.dtype):
        found, expected = found.astype(np.float32), expected.astype(np.float32)
    both = found_known & expected_known
    other = both & (found != expected)
    largest = 0.0
    if found.dtype != object and other.any():
        largest = float(np.max(np.abs(found[other].astype(float) - expected[other].astype(float))))
    return {"missing": int((found_known != expected_known).sum()), "other": int(other.sum()), "largest": largest}


def answer(task):
    found, expected = read(task["found"]), read(task["expected"])
    names = [name for name in expected.column_names if name in found.column_names]
    same_length = found.num_rows == expected.num_rows
    return {
        "rows": [found.num_rows, expected.num_rows],
        "only_found": [name for name in found.column_names if name not in names],
        "only_expected": [name for name in expected.column_names if name not in names],
        "columns": {name: compare(found[name], expected[name]) for name in names} if same_length else {},
    }


json.dump([answer(task) for task in json.load(sys.stdin)], sys.stdout)
