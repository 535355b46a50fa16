"""`certhooks page --stack` in a real browser: what the page shows of a deployed stack."""

import json
import os
import subprocess

import pytest
from emulator import BINARIES, ROOT
from senders import issued, send
from test_doctor import Operator
from test_status import history


@pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test-page names the browser")
def test_the_page_of_a_stack_in_a_browser(stack, providers):
    event = issued()
    assert send(stack, "Digicert", event).status == 200
    delivered, = stack.deliveries(1)
    # The page keeps what it has read for a minute, and the ledger knows the event right after its delivery.
    history(Operator(stack, providers.bases), str(event["data"]["order_id"]), 1)
    command = [BINARIES / "certhooks", "page", "--stack", stack.name, "--listen", "127.0.0.1:0", "--json"]
    environment = stack.emulator.environment
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as page:
        try:
            link = json.loads(page.stdout.readline())["page"]
            command = ["node", "--test", "--test-reporter=dot", ROOT / "infra/lab/page/stack.test.js"]
            subprocess.run(command, env=os.environ | {"PAGE": link, "EVENT": json.dumps(delivered)}, check=True)
        finally:
            page.terminate()
