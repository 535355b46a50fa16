"""The consumer of the handbook, on the event that the README shows, and the policy of the operator."""

import json
import re

from emulator import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    return [text for name, text in BLOCK.findall((ROOT / page).read_text()) if name == language]


def test_the_operators_policy_has_what_the_command_calls():
    code = "".join(path.read_text() for path in (ROOT / "shared/aws/src").rglob("*.rs"))
    services = "Batch|Change|Delete|Describe|Get|List|Publish|Put|Query|Receive|Send|Update"
    called = {name.removesuffix("Batch") for name in re.findall(rf'"((?:{services})[A-Za-z]*)"', code)}
    assert {"DescribeStacks", "Query", "SendMessage", "PutSecretValue"} <= called
    policy = json.loads(next(block for block in blocks("infra/docs/aws.md", "json") if "Statement" in block))
    actions = {
        action.split(":")[1]
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    # Only the worker writes histories.
    assert called - {"BatchWriteItem"} - actions == set()
    assert len({statement["Sid"] for statement in policy["Statement"]}) == len(policy["Statement"])


def test_the_consumer_of_the_handbook_takes_each_event_once_and_fails_its_record_alone(capsys):
    consumer = {}
    exec(blocks("infra/docs/consumer.md", "python")[0], consumer)  # noqa: S102: it is our own page
    event = json.loads(blocks("README.md", "json")[1])
    event["data"]["pem_chain"] = "-----BEGIN CERTIFICATE-----\n"
    simulated, offloaded = event | {"id": "3"}, event | {"id": "4", "data": event["data"] | {"pem_chain": None, "offloaded": {"uri": "s3://a/b"}}}
    del event["simulated"], offloaded["simulated"]
    bodies = [json.dumps(event), "not JSON", json.dumps(event), json.dumps(event | {"id": "2", "type": "certhooks.new"}),
              json.dumps(simulated), json.dumps(offloaded)]
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]

    answer = consumer["handler"]({"Records": records}, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "5"}]}
    printed = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["installed", "not consumed", "not installed", "not consumed"]
