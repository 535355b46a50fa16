"""A container image in the OCI layout, written without an engine: the static command, roots for TLS, and one user."""

import json
from datetime import UTC, datetime

from archives import EPOCH, gz, sha256, tar

USER = 65532  # as the images of distroless call "nonroot"
STATE = "var/lib/certhooks/"
MACHINES = {"x86_64": "amd64", "arm64": "arm64"}
TYPES = "application/vnd.oci.image."


def layout(commands: dict[str, bytes], roots: bytes, version: str, commit: str) -> bytes:
    """The layout as an archive. `commands`: the binary by architecture; `roots`: PEM file of the public CAs."""
    blobs = {}

    def add(content: bytes, kind: str, **more) -> dict:
        digest = sha256(content)
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": TYPES + kind, "digest": f"sha256:{digest}", "size": len(content)} | more

    def add_json(value: dict, kind: str, **more) -> dict:
        return add(json.dumps(value, sort_keys=True).encode(), kind, **more)

    labels = {
        "org.opencontainers.image.title": "certhooks",
        "org.opencontainers.image.description": "Turns certificate webhooks into complete certificate events",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": commit,
    }
    manifests = []
    for arch, command in sorted(commands.items()):
        content = tar(
            {
                "etc/": b"", "etc/group": f"certhooks:x:{USER}:\n".encode(),
                "etc/passwd": f"certhooks:x:{USER}:{USER}::/{STATE}:/sbin/nologin\n".encode(),
                "etc/ssl/": b"", "etc/ssl/certs/": b"", "etc/ssl/certs/ca-certificates.crt": roots,
                "usr/": b"", "usr/bin/": b"", "usr/bin/certhooks": command,
                "var/": b"", "var/lib/": b"", STATE: b"",
            },
            executables={"usr/bin/certhooks"},
            owners={STATE: USER},
        )
        platform = {"architecture": MACHINES[arch], "os": "linux"}
        config = platform | {
            "created": datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "config": {
                "User": f"{USER}:{USER}",
                "Entrypoint": ["/usr/bin/certhooks"],
                "Cmd": ["local", "--listen", "0.0.0.0:3000", "--admin", "0.0.0.0:3001", "--state", f"/{STATE}".rstrip("/")],
                "ExposedPorts": {"3000/tcp": {}, "3001/tcp": {}},
                "Volumes": {f"/{STATE}".rstrip("/"): {}},
                "WorkingDir": f"/{STATE}".rstrip("/"),
                "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(content)}"]},
        }
        manifest = {
            "schemaVersion": 2, "mediaType": TYPES + "manifest.v1+json", "annotations": labels,
            "config": add_json(config, "config.v1+json"),
            "layers": [add(gz(content), "layer.v1.tar+gzip")],
        }
        manifests.append(add_json(manifest, "manifest.v1+json", platform=platform))
    index = {"schemaVersion": 2, "mediaType": TYPES + "index.v1+json", "manifests": manifests}
    named = add_json(index, "index.v1+json", annotations={"org.opencontainers.image.ref.name": version})
    entry = {"schemaVersion": 2, "mediaType": TYPES + "index.v1+json", "manifests": [named]}
    return tar(
        blobs | {
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            "index.json": json.dumps(entry, sort_keys=True).encode(),
        }
    )
