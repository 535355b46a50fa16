"""Makes dist/ from what build.sh built: every file that a tag publishes, the same bytes each time.

`python package.py DIST`; build.sh has set the stage in target/dist/out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import certifi
import deb
import image
import sbom
import templates
from archives import gz, sha256, tar, zipped
from source import COMMIT, OUT, ROOT, VERSION


def changes() -> str:
    """What CHANGELOG.md says of this version, or of what is not released yet."""
    text = (ROOT / "CHANGELOG.md").read_text()
    for heading in (VERSION, "Unreleased"):
        if found := re.search(rf"^## \[?{re.escape(heading)}\b.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S):
            return found[1].strip() + "\n"
    raise SystemExit(f"release: CHANGELOG.md has no section for {VERSION}, and none that is 'Unreleased'")


def printed(command: Path, folder: Path) -> tuple[dict, dict]:
    """Manual pages and completions, as the command makes them."""
    folder.mkdir()
    subprocess.run([command, "man", folder], check=True)
    completions = {}
    for shell, name in (("bash", "certhooks.bash"), ("zsh", "_certhooks"), ("fish", "certhooks.fish")):
        completions[name] = subprocess.run([command, "completions", shell], check=True, capture_output=True).stdout
    return {page.name: page.read_bytes() for page in folder.iterdir()}, completions


def tree(folder: Path) -> dict[str, Path]:
    return {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}


def rooted(name: str, files: dict) -> dict:
    return {f"{name}/{path}": content for path, content in files.items()}


class Dist:
    def __init__(self, folder: Path):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def add(self, name: str, content: bytes):
        (self.folder / name).write_bytes(content)

    def archive(self, name: str, files: dict, **more):
        executables = {f"{name}/{path}" for path in more.get("executables", ())}
        self.add(f"{name}.tar.gz", gz(tar(rooted(name, files), executables=executables)))

    def sums(self):
        lines = [f"{sha256(file.read_bytes())}  {file.name}\n" for file in sorted(self.folder.iterdir())]
        self.add("SHA256SUMS", "".join(lines).encode())


def aws(dist: Dist, arch: str, functions: Path):
    """Zips, both templates and the Terraform module: what SAM, CloudFormation and Terraform deploy."""
    name = f"certhooks-{VERSION}-aws-{arch}"
    template = templates.packaged(arch)
    processed = templates.processed(template, f"certhooks/{VERSION}-{COMMIT}/{arch}/")
    binaries = sorted(functions.iterdir())
    files = {f"functions/{file.name}.zip": zipped({"bootstrap": file.read_bytes()}) for file in binaries}
    files |= {"template.yaml": template.encode(), "template.json": (json.dumps(processed, indent=1) + "\n").encode()}
    files |= {f"terraform/{path}": file for path, file in tree(ROOT / "infra/terraform").items()}
    files |= {"install.md": ROOT / "infra/docs/install.md", "LICENSE": ROOT / "LICENSE"}
    dist.archive(name, files)
    dist.add(f"{name}.cdx.json", sbom.document(name, VERSION, binaries))


def linux(dist: Dist, arch: str, command: Path, pages: dict, completions: dict):
    """The command as an archive and as a Debian package."""
    name = f"certhooks-{VERSION}-linux-{arch}"
    files = {"certhooks": command, "install.md": ROOT / "infra/docs/install.md", "LICENSE": ROOT / "LICENSE"}
    files |= {f"man/{page}": content for page, content in pages.items()}
    files |= {f"completions/{file}": content for file, content in completions.items()}
    files["certhooks.service"] = deb.PARTS / "certhooks.service"
    dist.archive(name, files, executables={"certhooks"})
    dist.add(f"{name}.cdx.json", sbom.document(name, VERSION, [command]))
    with tempfile.TemporaryDirectory() as work:
        target = dist.folder / f"certhooks_{VERSION}_{deb.MACHINES[arch]}.deb"
        deb.build(target, Path(work), arch, VERSION, command.read_bytes(), pages, completions, changes())


def main(folder: Path):
    dist = Dist(folder)
    staged = sorted(OUT.iterdir())
    commands = {stage.name: stage / "certhooks" for stage in staged if (stage / "certhooks").exists()}
    runnable = commands.get({"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine])
    if runnable:
        with tempfile.TemporaryDirectory() as work:
            pages, completions = printed(runnable, Path(work) / "man")
        for arch, command in commands.items():
            linux(dist, arch, command, pages, completions)
        contents = {arch: command.read_bytes() for arch, command in commands.items()}
        roots = Path(certifi.where()).read_bytes()
        dist.add(f"certhooks-{VERSION}-oci.tar", image.layout(contents, roots, VERSION, COMMIT))
    else:
        print("release: skipped the command, its packages and the image: none was built for this machine", file=sys.stderr)
    for stage in staged:
        if (stage / "functions").exists():
            aws(dist, stage.name, stage / "functions")
    contract = ROOT / "events/schema"
    if contract.exists():
        dist.archive(f"certhooks-{VERSION}-schemas", tree(contract))
    dist.add("CHANGES.md", changes().encode())
    dist.sums()
    for file in sorted(dist.folder.iterdir()):
        print(f"{file.stat().st_size:>10}  {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
