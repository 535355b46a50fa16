"""The recorded session of the install page is what the released command prints today.

`RECORD=1 make test-release` writes it anew.
"""

import contextlib
import os
import re
import shutil
from xml.etree import ElementTree

from conftest import serving
from emulator import eventually, free_port
from source import ROOT
from terminal import on_a_terminal, svg

PAGE = ROOT / "infra/docs/install.svg"
SAMPLE = ROOT / "events/digicert/certificate_issued.json"


def shape(text: str) -> list[str]:
    """The lines of a session without what differs from run to run: numbers, times, ids, and the columns they fill."""
    lines = ["".join(line.itertext()) for line in ElementTree.fromstring(text).findall("{*}text")]
    assert any(line.startswith("$ ") for line in lines), "no command is in the picture"
    return [re.sub(r"\s+", " ", re.sub(r"[0-9A-Fa-f]{8,}|\d+", "0", line)) for line in lines]


def test_the_recorded_session_is_what_the_command_prints(linux, tmp_path):
    shutil.copy(SAMPLE, tmp_path)
    port = free_port()
    # No API key, as with a reader who has just unpacked it: the call-back is disabled.
    environment = {"PATH": f"{linux}:/usr/bin:/bin", "TERM": "xterm-256color"}

    def typed(command: str) -> tuple[str, str]:
        # The session listens where it finds a free port, and shows what a reader would type.
        real = command.replace("certhooks send", f"certhooks send --to http://127.0.0.1:{port}")
        return command, on_a_terminal(["sh", "-c", real], environment, str(tmp_path))

    local = ["sh", "-c", f"exec certhooks local --listen 127.0.0.1:{port} --admin 127.0.0.1:0"]
    with contextlib.chdir(tmp_path), serving(local, environment, port, tmp_path / "log"):
        session = [("certhooks local &", "")]
        session.append(typed("certhooks send certificate_issued.json"))
        assert eventually(lambda: typed("certhooks tail --from-start --no-follow")[1])
        session.append(typed("certhooks tail --from-start --no-follow"))
        session.append(typed("certhooks status 12345"))
    drawn = svg(session)
    if os.environ.get("RECORD"):
        PAGE.write_text(drawn)
    assert shape(PAGE.read_text()) == shape(drawn), "RECORD=1 make test-release writes the session anew"
