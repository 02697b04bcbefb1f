"""The least that a month of labelled bars costs any pipeline: reads the finished table and writes it again, in bare pyarrow.

Usage: bare_pyarrow_month.py PARQUET OUTPUT_FOLDER

Nothing is unpacked, cleaned, labelled or checked. The settings are those of the host for large tables: zstd level 1, bytes
of floats split, dictionaries for texts alone.
"""

import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def main(path, output):
    pa.set_cpu_count(1)
    table = pq.read_table(path, use_threads=False)
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    pq.write_table(
        table,
        os.path.join(output, "data.parquet"),
        compression="zstd",
        compression_level=1,
        use_dictionary=texts,
        use_byte_stream_split=floats,
        write_statistics=[field.name for field in table.schema if field.name not in floats],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
