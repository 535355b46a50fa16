"""Who may do what: roles, resource policies, and that each wildcard has its reason beside it."""

import fnmatch
import ipaddress
import re

import pytest
from processed import ALL, PROVIDERS, TEMPLATE, processed, resources

KEY = "arn:aws:kms:eu-central-1:111111111111:key/own"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
VIA = {"secretsmanager", "sqs"}
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
XRAY = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def grants(role: dict) -> dict:
    """Resource to the set of actions that a role may do on it."""
    granted = {}
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for resource in listed(statement["Resource"]):
                granted.setdefault(resource, set()).update(listed(statement["Action"]))
    return granted


def webhook_grants(provider: str) -> dict:
    return {
        f"${{{provider}WebhookSecret}}": {"secretsmanager:GetSecretValue"},
        "${EventsQueue.Arn}": {"sqs:SendMessage"},
        f"${{{provider}WebhookLog.Arn}}": LOGS,
        "*": XRAY,
    }


EXPECTED = {
    **{f"{provider}Webhook": webhook_grants(provider) for provider in PROVIDERS},
    "Worker": {
        "${EventsQueue.Arn}": {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:SendMessage",
        },
        "${DeliveriesQueue.Arn}": {"sqs:SendMessage"},
        "${Ledger.Arn}": {"dynamodb:PutItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:Query"},
        "arn:aws:s3:::${Archive}/*": {"s3:PutObject"},
        **{f"${{{provider}ApiSecret}}": {"secretsmanager:GetSecretValue"} for provider in PROVIDERS},
        "${WorkerLog.Arn}": LOGS,
        "*": XRAY,
    },
    "Reconciler": {
        "${EventsQueue.Arn}": {"sqs:SendMessage"},
        "${Ledger.Arn}": {"dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query"},
        "${DigicertApiSecret}": {"secretsmanager:GetSecretValue"},
        "${ReconcilerLog.Arn}": LOGS,
        "*": XRAY,
    },
}


@pytest.mark.parametrize("function", EXPECTED)
def test_each_function_has_a_role_with_just_what_it_uses(function):
    stack = processed(**ALL)
    functions = resources("AWS::Lambda::Function", stack)
    assert set(functions) == set(EXPECTED)
    assert functions[function]["Role"] == f"${{{function}Role.Arn}}"

    role = stack["Resources"][f"{function}Role"]["Properties"]
    assert grants(role) == EXPECTED[function]
    assert "ManagedPolicyArns" not in role
    trust, = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("function", EXPECTED)
def test_an_own_key_adds_its_use_and_nothing_else(function):
    role = processed(KmsKeyArn=KEY, **ALL)["Resources"][f"{function}Role"]["Properties"]
    assert grants(role) == EXPECTED[function] | {KEY: {"kms:Decrypt", "kms:GenerateDataKey"}}
    # Only through a service that the role uses, and never with the key alone.
    services = VIA | {"s3", "dynamodb", "sns"} if function == "Worker" else VIA | {"dynamodb"} if function == "Reconciler" else VIA
    use, = (s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"] if s["Resource"] == KEY)
    via = use["Condition"]["StringEquals"]["kms:ViaService"]
    assert set(via) == {f"{service}.eu-central-1.amazonaws.com" for service in services}


def test_the_schedule_may_run_the_reconciler_and_nothing_else():
    stack = processed(**ALL)
    schedule, = resources("AWS::Scheduler::Schedule", stack).values()
    assert schedule["Target"]["Arn"] == "${Reconciler.Arn}"
    role = stack["Resources"][re.search(r"{(\w+)\.Arn}", schedule["Target"]["RoleArn"])[1]]["Properties"]
    assert grants(role) == {"${Reconciler.Arn}": {"lambda:InvokeFunction"}}
    assert "ManagedPolicyArns" not in role
    trust, = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == OF_THIS_ACCOUNT


def test_api_gateway_takes_its_log_role_for_this_account_only():
    role = processed(SetApiGatewayLogRole="true")["Resources"]["ApiGatewayLogRole"]["Properties"]
    trust, = role["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Principal"], trust["Condition"]) == ({"Service": "apigateway.amazonaws.com"}, OF_THIS_ACCOUNT)


def test_only_api_gateway_calls_the_webhook_functions_and_only_by_their_routes():
    stack = processed(**ALL)
    permissions = resources("AWS::Lambda::Permission", stack)
    # But for the one schedule that sends the canary.
    assert permissions.pop("CanaryPermission") == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "${DigicertWebhook}",
        "Principal": "events.amazonaws.com",
        "SourceArn": "${Canary.Arn}",
    }
    permissions = permissions.values()
    assert sorted((p["FunctionName"], p["SourceArn"].split(":")[-1]) for p in permissions) == sorted(
        (f"${{{provider}Webhook}}", f"${{Api}}/*/{method.upper()}{path}")
        for path, methods in stack["Resources"]["Api"]["Properties"]["Body"]["paths"].items()
        for provider in PROVIDERS
        if path.startswith(f"/webhooks/{provider.lower()}")
        for method in methods
    )
    assert {p["Principal"] for p in permissions} == {"apigateway.amazonaws.com"}


def allows(statements: list, route: str, address: str) -> bool:
    """As API Gateway evaluates a resource policy: a matching Deny wins over a matching Allow."""
    decisions = set()
    for statement in statements:
        pattern = statement["Resource"].removeprefix("execute-api:/").replace("*", ".*")
        ranges = listed(statement.get("Condition", {}).get("NotIpAddress", {}).get("aws:SourceIp", []))
        inside = any(ipaddress.ip_address(address) in ipaddress.ip_network(r) for r in ranges)
        if re.fullmatch(pattern, f"v1/POST{route}") and not inside:
            decisions.add(statement["Effect"])
    return decisions == {"Allow"}


@pytest.mark.parametrize(
    ("cidrs", "route", "address", "allowed"),
    [
        ("216.168.240.0/20", "/webhooks/digicert", "216.168.240.1", True),
        ("216.168.240.0/20", "/webhooks/digicert", "216.169.0.1", False),
        ("216.168.240.0/20", "/webhooks/cloudflare", "203.0.113.9", True),
        ("216.168.240.0/20", "/webhooks/meta-ct", "203.0.113.9", True),
        ("216.168.240.0/20,203.0.113.0/24", "/webhooks/digicert", "203.0.113.9", True),
        ("216.168.240.0/20,203.0.113.0/24", "/webhooks/digicert", "198.51.100.1", False),
    ],
)
def test_certcentrals_route_is_open_to_its_addresses_only(cidrs, route, address, allowed):
    stack = processed(DigicertSourceCidrs=cidrs, **ALL)
    policy = stack["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-policy"]
    assert allows(policy["Statement"], route, address) == allowed
    variables = stack["Resources"]["DigicertWebhook"]["Properties"]["Environment"]["Variables"]
    assert variables["SOURCE_IP_ALLOWLIST"] == cidrs


@pytest.mark.parametrize("queue", ["EventsQueue", "EventsDeadLetters", "DeliveriesQueue", "DeliveriesDeadLetters"])
def test_queues_refuse_plain_http_and_let_nobody_else_in(queue):
    policy = processed()["Resources"][f"{queue}Policy"]["Properties"]
    assert policy["Queues"] == [f"${{{queue}}}"]
    plain, *others = policy["PolicyDocument"]["Statement"]
    assert all(statement["Effect"] == "Deny" for statement in others)
    assert [plain] == [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": f"${{{queue}.Arn}}",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


OPERATORS = ["arn:aws:iam::111111111111:role/operator", "arn:aws:iam::111111111111:role/aws-reserved/*"]


def denied(stack: dict, policy: str, action: str, request: dict) -> bool:
    """Whether a policy denies a request with these keys, over TLS: a statement holds where all of its conditions do."""
    request = {"aws:SecureTransport": "true"} | request
    holds = {
        "Bool": lambda value, wanted: value == wanted,  # what is absent equals nothing
        "StringNotEquals": lambda value, wanted: value not in wanted,
        "ArnNotEquals": lambda value, wanted: value not in wanted,
        "StringNotLike": lambda value, wanted: not any(fnmatch.fnmatchcase(value or "", one) for one in wanted),
    }
    return any(
        all(
            holds[operator](request.get(key), wanted if operator == "Bool" else listed(wanted))
            for operator, keys in statement["Condition"].items()
            for key, wanted in keys.items()
        )
        for statement in stack["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
        if (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        and any(fnmatch.fnmatchcase(action, one) for one in listed(statement["Action"]))
    )


def by(principal: str) -> dict:
    """The keys of a request by a role or user."""
    return {"aws:PrincipalArn": principal, "aws:PrincipalIsAWSService": "false"}


def service(source: str) -> dict:
    """The keys of a request by an AWS service, for a resource."""
    return {"aws:PrincipalIsAWSService": "true", "aws:SourceArn": source}


WITH_OPERATORS = ALL | {"OperatorRoleArns": ",".join(OPERATORS)}
FAN_OUT = {"FanOut": "topic"}
WORKER = "${WorkerRole.Arn}"
# Who puts messages where: policy, parameters, sender, and whether it may.
SENDERS = [
    *(("EventsQueuePolicy", ALL, f"${{{function}Role.Arn}}", True) for function in EXPECTED),
    ("EventsQueuePolicy", {"EnableCloudflare": "false"}, "${CloudflareWebhookRole.Arn}", False),
    ("EventsQueuePolicy", WITH_OPERATORS, WORKER, True),
    *(("DeliveriesQueuePolicy", ALL, f"${{{function}Role.Arn}}", function == "Worker") for function in EXPECTED),
    ("DeliveriesQueuePolicy", WITH_OPERATORS, WORKER, True),
    ("DeliveriesTopicPolicy", ALL | FAN_OUT, WORKER, True),
    ("DeliveriesTopicPolicy", ALL | FAN_OUT, "${ReconcilerRole.Arn}", False),
    *(
        (policy, parameters | FAN_OUT, sender, may)
        for policy in ("EventsQueuePolicy", "DeliveriesQueuePolicy", "DeliveriesTopicPolicy")
        for parameters, sender, may in [
            (ALL, OPERATORS[0], False),
            (WITH_OPERATORS, OPERATORS[0], True),
            (WITH_OPERATORS, "arn:aws:iam::111111111111:role/aws-reserved/ops", True),
            (WITH_OPERATORS, "arn:aws:iam::111111111111:role/other", False),
        ]
    ),
    # What a function does not do, and a command neither.
    *(
        (policy, WITH_OPERATORS, sender, False)
        for policy in ("EventsDeadLettersPolicy", "DeliveriesDeadLettersPolicy")
        for sender in (WORKER, OPERATORS[0], "arn:aws:iam::111111111111:role/other")
    ),
]


@pytest.mark.parametrize(("policy", "parameters", "sender", "may_send"), SENDERS)
def test_functions_and_operators_alone_put_messages_on_the_queues(policy, parameters, sender, may_send):
    action = "sns:Publish" if policy == "DeliveriesTopicPolicy" else "sqs:SendMessage"
    assert denied(processed(**parameters), policy, action, by(sender)) != may_send


@pytest.mark.parametrize("queue", ["EventsDeadLetters", "DeliveriesDeadLetters"])
def test_no_policy_keeps_dead_letters_out(queue):
    """SQS moves them itself, and is no principal of an account, if it is one at all."""
    for request in ({}, service("${EventsQueue.Arn}"), service("${DeliveriesQueue.Arn}")):
        assert not denied(processed(**ALL), f"{queue}Policy", "sqs:SendMessage", request)


def test_the_topic_delivers_past_the_denies():
    stack = processed(**ALL, **FAN_OUT)
    for queue in ("DeliveriesQueue", "DeliveriesDeadLetters"):
        assert not denied(stack, f"{queue}Policy", "sqs:SendMessage", service("${DeliveriesTopic}"))
    assert denied(stack, "DeliveriesQueuePolicy", "sqs:SendMessage", service("arn:aws:sns:eu-central-1:111111111111:other"))
    # Who may subscribe is said elsewhere.
    assert not denied(stack, "DeliveriesTopicPolicy", "sns:Subscribe", by("arn:aws:iam::222222222222:role/theirs"))


def test_consumer_accounts_may_consume_deliveries_and_nothing_else():
    stack = processed(ConsumerAccountIds="222222222222,333333333333")
    allowed = {
        name: [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        for name, policy in resources("AWS::SQS::QueuePolicy", stack).items()
    }
    grant, = allowed.pop("DeliveriesQueuePolicy")
    assert not any(allowed.values())
    assert grant["Principal"] == {"AWS": ["222222222222", "333333333333"]}
    assert grant["Resource"] == "${DeliveriesQueue.Arn}"
    assert set(grant["Action"]) == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
    }


def test_the_archive_is_private_and_refuses_plain_http():
    stack = processed()
    bucket = stack["Resources"]["Archive"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    statement, = stack["Resources"]["ArchivePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Resource"] == ["arn:aws:s3:::${Archive}", "arn:aws:s3:::${Archive}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_each_wildcard_is_explained_beside_it():
    lines = TEMPLATE.read_text().splitlines()
    wildcard = re.compile(r"\b(Action|Resource|Principal|HttpMethod|ResourcePath): .*\*")
    found = [n for n, line in enumerate(lines) if wildcard.search(line.split(" # ")[0])]
    assert len(found) > 10
    for n in found:
        # Beside it, or at the head of its statement, or right above that.
        head = next(m for m in range(n, 0, -1) if lines[m].lstrip().startswith("- "))
        above = head
        while lines[above - 1].lstrip().startswith("#"):
            above -= 1
        explained = "# " in lines[n] or "# " in lines[head] or above < head
        assert explained, f"line {n + 1}: {lines[n].strip()}"
