"""Archives whose bytes depend on their content alone: sorted entries, one time, no names of users."""

import gzip
import hashlib
import io
import tarfile
import time
import zipfile
from pathlib import Path

import source

# Zip knows no time before 1980.
EPOCH = max(source.TIME, 315532800)


def tar(files: dict[str, bytes | Path], executables: set[str] = frozenset(), owners: dict[str, int] = {}) -> bytes:
    """`files`: content by path; a path that ends in a slash is a folder. `owners`: user and group ids other than 0."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            content = files[path]
            content = content.read_bytes() if isinstance(content, Path) else content
            entry = tarfile.TarInfo(path.rstrip("/"))
            entry.mtime = EPOCH
            entry.uid = entry.gid = owners.get(path, 0)
            if path.endswith("/"):
                entry.type, entry.mode = tarfile.DIRTYPE, 0o700 if path in owners else 0o755
            else:
                entry.size, entry.mode = len(content), 0o755 if path in executables else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def gz(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def zipped(files: dict[str, bytes]) -> bytes:
    """As Lambda takes it: every file may be executed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, time.gmtime(EPOCH)[:6])
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, files[path])
    return out.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
