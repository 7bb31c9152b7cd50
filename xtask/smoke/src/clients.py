# Reads assets with the library in the argument, as its users do. The job is on standard input; what was found goes to
# standard output.

import json, sys


def with_duckdb(job):
    import pathlib, duckdb, duckdb_extension_httpfs

    extensions = pathlib.Path(duckdb_extension_httpfs.__file__).parent / "extensions"
    (extension,) = extensions.rglob("httpfs.duckdb_extension")
    connection = duckdb.connect()
    # `INSTALL httpfs` would download it.
    connection.execute(f"LOAD '{extension}'")
    found = []
    for url in (job["file"], job["parquet"]):
        rows = connection.execute("SELECT count(*) FROM read_parquet(?)", [url]).fetchone()[0]
        column = connection.execute("SELECT name FROM parquet_schema(?) WHERE type IS NOT NULL LIMIT 1", [url]).fetchone()[0]
        connection.execute(f'SELECT count("{column}") FROM read_parquet(?)', [url]).fetchone()
        found.append(f"{rows} rows, column {column}")
    return found[0] if found[0] == found[1] else " but ".join(found)


def with_pyarrow(job):
    import fsspec, pyarrow.parquet

    # The URL is signed as it is: yarl must not normalize it.
    http = fsspec.filesystem("http", encoded=True)
    with http.open(job["parquet"], block_size=65536) as file:
        parquet = pyarrow.parquet.ParquetFile(file)
        group = parquet.read_row_group(0, columns=[parquet.schema_arrow.names[0]])
        return f"{parquet.metadata.num_rows} rows, {group.num_rows} of them read"


def with_zarr(job):
    import itertools, zarr
    from fsspec.implementations.http import HTTPFileSystem

    class SignedFileSystem(HTTPFileSystem):
        # The parameters of the signature belong behind each path, which the store appends to the URL.
        def encode_url(self, url):
            return super().encode_url(f"{url}?{job['query']}")

    store = zarr.storage.FsspecStore(SignedFileSystem(asynchronous=True, encoded=True), path=job["zarr"], read_only=True)
    node = zarr.open(store, mode="r")
    arrays = [node] if isinstance(node, zarr.Array) else [array for _, array in node.arrays()]
    # A store over HTTP cannot list its members: those of an image are in its metadata.
    if not arrays:
        scales = node.attrs.get("multiscales") or node.attrs["ome"]["multiscales"]
        arrays = [node[scales[0]["datasets"][-1]["path"]]]
    array = arrays[0]
    chunk = array[tuple(slice(0, size) for size in array.chunks)]
    return f"array {array.shape}, chunk of {chunk.size} values read"


clients = {"duckdb": with_duckdb, "pyarrow": with_pyarrow, "zarr": with_zarr}
print(clients[sys.argv[1]](json.load(sys.stdin)))
