"""A CycloneDX bill of materials, made from what cargo-auditable wrote into the binaries themselves.

It leaves out nothing, and for a function it may list more than is linked: cargo-auditable resolves features for the
whole workspace, where another program may switch more of them on.
"""

import json
import struct
import subprocess
import tomllib
import uuid
import zlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from archives import EPOCH
from source import ROOT


def section(binary: Path, name: str) -> bytes:
    """A section of a 64-bit little-endian ELF file of any machine."""
    content = binary.read_bytes()
    assert content[:6] == b"\x7fELF\x02\x01", f"{binary} is no 64-bit ELF file"
    table, = struct.unpack_from("<Q", content, 40)
    size, count, names = struct.unpack_from("<HHH", content, 58)
    headers = [struct.unpack_from("<IIQQQQ", content, table + size * index) for index in range(count)]
    texts = headers[names][4]
    for at, _, _, _, start, length in headers:
        if content[texts + at : content.index(b"\0", texts + at)] == name.encode():
            return content[start : start + length]
    raise ValueError(f"{binary} has no section {name}: was it built by cargo auditable?")


def dependencies(binary: Path) -> list[dict]:
    """Name, version, source and dependencies (by index) of each crate; those of build scripts have another `kind`."""
    return json.loads(zlib.decompress(section(binary, ".dep-v0")))["packages"]


@cache
def checksums() -> dict:
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}


@cache
def licences() -> dict:
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {(p["name"], p["version"]): p["license"] for p in json.loads(listed)["packages"]}


def reference(package: dict) -> str:
    """The purl of a crate of the registry; our own crates have one with the name of the project."""
    own = "" if package["source"] == "crates.io" else "certhooks/"
    return f"pkg:cargo/{own}{package['name']}@{package['version']}"


def component(package: dict) -> dict:
    key = package["name"], package["version"]
    described = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"]}
    if package["source"] == "crates.io":
        described["purl"] = reference(package)
        described["hashes"] = [{"alg": "SHA-256", "content": checksums()[key]}]
    if licence := licences().get(key):
        described["licenses"] = [{"expression": licence.replace("/", " OR ")}]
    return described


def document(name: str, version: str, binaries: list[Path]) -> bytes:
    """`name`: of the archive that holds the binaries."""
    components, edges = {}, {}
    for binary in binaries:
        listed = dependencies(binary)
        for package in (package for package in listed if package.get("kind", "runtime") == "runtime"):
            components[reference(package)] = component(package)
            needed = [listed[index] for index in package.get("dependencies", [])]
            linked = {reference(other) for other in needed if other.get("kind", "runtime") == "runtime"}
            edges.setdefault(reference(package), set()).update(linked)
    top = f"pkg:generic/{name}@{version}"
    roots = sorted(ref for ref in components if not any(ref in needed for needed in edges.values()))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, top)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": top, "name": name, "version": version},
        },
        "components": [components[ref] for ref in sorted(components)],
        "dependencies": [{"ref": top, "dependsOn": roots}]
        + [{"ref": ref, "dependsOn": sorted(edges[ref])} for ref in sorted(edges)],
    }
    return (json.dumps(document, indent=1) + "\n").encode()
