"""The consumers behind `certhooks forward`, on one machine: the samples of all providers, a replay, and the stream."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
from conftest import CONSUMERS, DIST, RUST, State
from emulator import eventually, process
from test_queue import BROKEN, assert_inventory, assert_posts, assert_reports, key


@pytest.fixture
def state(samples, tmp_path) -> State:
    """A copy for each test, with the samples and the replay in it and nothing delivered yet."""
    return State(shutil.copytree(samples.folder, tmp_path / "state"))


def settled(state: State, consumer: str, log) -> str:
    """What a consumer printed, once it was handed everything and did not take what is broken."""
    assert eventually(lambda: state.is_done(consumer) and state.untaken(consumer) == BROKEN, 60), log.read_text()[-3000:]
    return log.read_text()


def ordered(stream) -> list:
    return [stream.events[name] for name in stream.order]


def test_python_keeps_an_inventory(aws, state, stream, python, tmp_path):
    variables = {"INVENTORY_FILE": str(tmp_path / "inventory.db")}
    consumer = f"{python} {CONSUMERS / 'python/consumer.py'}"
    log = tmp_path / "forward.log"
    with state.forward("inventory", ["--exec", consumer, "--from-now"], aws.environment | variables, log):
        assert eventually(lambda: state.is_done("inventory")), log.read_text()
        state.deliver(ordered(stream))
        settled(state, "inventory", log)
    command = [python, CONSUMERS / "python/consumer.py", "36500"]
    done = subprocess.run(command, env=aws.environment | variables, capture_output=True, text=True)
    assert_inventory(done.stdout, stream)


def test_rust_reports_unexpected_keys(aws, state, stream, tmp_path):
    """The samples go through it too; their keys are expected."""
    keys = {key(event) for event in state.tail() if event["data"]["certificates"]} - {None}
    expected = tmp_path / "keys"
    expected.write_text("\n".join([*keys, key(stream.events["issued"])]) + "\n")
    seen = tmp_path / "seen"
    seen.mkdir()
    variables = {"EXPECTED_KEYS": str(expected), "SEEN": seen.as_uri(), "AWS_ALLOW_HTTP": "true"}
    state.deliver(ordered(stream))
    log = tmp_path / "forward.log"
    with state.forward("keys", ["--exec", str(RUST)], aws.environment | variables, log):
        printed = settled(state, "keys", log)
    assert_reports(printed.splitlines(), stream)
    handled = {event["id"] for event in state.tail()} - set(BROKEN)
    assert len(list(seen.iterdir())) == len(handled)


def test_typescript_posts_to_a_chat(aws, state, stream, chat, tmp_path):
    """What is simulated, as the samples are, is not posted."""
    log, secret = tmp_path / "forward.log", "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy0wMTIz"
    variables = {"CHAT_WEBHOOK_URL": chat.url, "FORWARD_SECRET": secret, "HANDLED": str(tmp_path / "handled"), "PORT": "0"}
    environment = aws.environment | variables | {"AWS_REGION": "eu-central-1"}
    state.deliver(ordered(stream))
    with process(["node", DIST / "server.js"], environment, tmp_path / "server.log", stdout=subprocess.PIPE) as server:
        port = json.loads(server.stdout.readline())["port"]
        to = ["--to", f"http://127.0.0.1:{port}/"]
        with state.forward("chat", to, aws.environment | {"CERTHOOKS_FORWARD_SECRET": secret}, log):
            settled(state, "chat", log)
        assert_posts(chat.texts, stream)
        forged = urllib.request.Request(f"http://127.0.0.1:{port}/", b"{}", {"webhook-id": "1"}, method="POST")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(forged)
