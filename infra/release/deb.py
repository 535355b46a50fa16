"""The Debian package, built by dpkg-deb from a folder."""

import os
import subprocess
from pathlib import Path

from archives import EPOCH, gz

PARTS = Path(__file__).parent / "debian"
MACHINES = {"x86_64": "amd64", "arm64": "arm64"}
SCRIPTS = ("postinst", "prerm", "postrm")


def build(target: Path, work: Path, arch: str, version: str, command: bytes, pages: dict, completions: dict, changelog: str):
    """`pages`, `completions`: content by name, as the command prints them."""
    part = {path.name: path.read_bytes() for path in PARTS.iterdir()}
    files = {
        "usr/bin/certhooks": (command, 0o755),
        "usr/lib/systemd/system/certhooks.service": (part["certhooks.service"], 0o644),
        "usr/lib/sysusers.d/certhooks.conf": (part["sysusers.conf"], 0o644),
        "etc/certhooks/certhooks.env": (part["certhooks.env"], 0o600),
        "usr/share/bash-completion/completions/certhooks": (completions["certhooks.bash"], 0o644),
        "usr/share/zsh/vendor-completions/_certhooks": (completions["_certhooks"], 0o644),
        "usr/share/fish/vendor_completions.d/certhooks.fish": (completions["certhooks.fish"], 0o644),
        "usr/share/doc/certhooks/copyright": (part["copyright"], 0o644),
        "usr/share/doc/certhooks/changelog.gz": (gz(changelog.encode()), 0o644),
    } | {f"usr/share/man/man1/{name}.gz": (gz(page), 0o644) for name, page in pages.items()}
    size = sum(len(content) for content, _ in files.values()) // 1024
    control = part["control"].decode()
    for name, value in {"VERSION": version, "ARCH": MACHINES[arch], "SIZE": str(size)}.items():
        control = control.replace(f"@{name}@", value)
    files |= {"DEBIAN/control": (control.encode(), 0o644), "DEBIAN/conffiles": (part["conffiles"], 0o644)}
    files |= {f"DEBIAN/{name}": (part[name], 0o755) for name in SCRIPTS}
    for path, (content, mode) in files.items():
        file = work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
    for path in sorted(work.rglob("*"), reverse=True):
        if path.is_dir():
            path.chmod(0o755)
        os.utime(path, (EPOCH, EPOCH))
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH)}
    # One thread: xz's blocks would depend on the number of processors.
    command = ["dpkg-deb", "--build", "--root-owner-group", "-Zxz", "--threads-max=1", work, target]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
