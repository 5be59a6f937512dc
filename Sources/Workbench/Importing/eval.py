"""Copies a zip file with DEFLATE in place of other compressions, such as Zstandard: python eval.py FROM TO"""

import struct
import sys
import zipfile


# The largest part of a log that is read, as in the program.
LIMIT = 256 << 20


def expanded(data):
    """Bytes of Zstandard, at most one more than the limit."""
    try:
        import io
        from compression import zstd  # Python 3.14
        return zstd.ZstdFile(io.BytesIO(data)).read(LIMIT + 1)
    except ImportError:
        pass
    try:
        import io
        import zstandard
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
        return reader.read(LIMIT + 1)
    except ImportError:
        pass
    try:
        import pyarrow
        return pyarrow.input_stream(pyarrow.BufferReader(data), compression="zstd").read(LIMIT + 1)
    except ImportError:
        print("there is no package that reads Zstandard", file=sys.stderr)
        sys.exit(3)


def content(archive, file, info):
    if info.file_size > LIMIT:
        raise ValueError(f"{info.filename} is too large")
    if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return archive.read(info)
    if info.compress_type != 93:
        raise ValueError(f"{info.filename} has the compression {info.compress_type}")
    file.seek(info.header_offset)
    header = file.read(30)
    name, extra = struct.unpack("<HH", header[26:30])
    file.seek(name + extra, 1)
    found = expanded(file.read(info.compress_size))
    if len(found) > LIMIT:
        raise ValueError(f"{info.filename} is too large")
    return found


def main():
    kept = ("samples/", "header.json", "_journal/start.json")
    with (
        open(sys.argv[1], "rb") as file, zipfile.ZipFile(sys.argv[1]) as archive,
        zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy,
    ):
        for info in archive.infolist():
            if info.filename.startswith(kept):
                copy.writestr(info.filename, content(archive, file, info))
    print("copied", flush=True)


main()
