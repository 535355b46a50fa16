"""The processed template, for what an emulator does not enforce: switches, limits, retention, encryption, alarms."""

import json
import re

import pytest
from cloudwatch import identity, metrics
from emulator import ROOT
from processed import ALL, NAMES, PROVIDERS, processed, resources, source

KEY = "arn:aws:kms:eu-central-1:111111111111:key/own"
TOPIC = "arn:aws:sns:eu-central-1:111111111111:alarms"
DAY = 24 * 60 * 60
QUEUES = {"EventsQueue": "EventsDeadLetters", "DeliveriesQueue": "DeliveriesDeadLetters"}
WEBHOOKS = {provider: f"{provider}Webhook" for provider in PROVIDERS}


# --- providers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", WEBHOOKS)
def test_a_provider_switched_off_leaves_nothing_behind(provider):
    on = processed(**ALL)
    off = processed(**ALL | {f"Enable{provider}": "false"})
    named = [n for n in on["Resources"] if n.startswith(provider)]
    assert len(named) >= 8

    assert not [n for n in (*off["Resources"], *off["Outputs"]) if n.startswith(provider)]
    # Nor does what is shared name it: no route, no role statement, no variable. The API's policy may deny a route
    # that is not there.
    rest = json.dumps(off["Resources"]).replace("execute-api:/*/*/webhooks/digicert", "")
    assert f"${{{provider}" not in rest
    assert f"/webhooks/{NAMES[provider]}" not in rest
    assert ("Reconciler" in off["Resources"]) == (provider != "Digicert"), "by default it is for CertCentral alone"
    variables = off["Resources"]["Worker"]["Properties"]["Environment"]["Variables"]
    assert not [v for v in variables if v.startswith(f"{provider.upper()}_")]


def test_monitors_are_off_by_default_and_nothing_at_all_is_refused():
    assert set(resources("AWS::Lambda::Function", processed())) == {
        "DigicertWebhook",
        "CloudflareWebhook",
        "Worker",
        "Reconciler",
    }
    assertion, = source()["Rules"]["SomeProvider"]["Assertions"]
    named = re.findall(r"'Ref': '(\w+)'", str(assertion["Assert"]))
    assert sorted(named) == sorted(f"Enable{provider}" for provider in WEBHOOKS)


def test_the_grace_is_longer_than_the_interval_of_the_reconciler():
    # Rules compare texts only, so the rule lists what is too short.
    assertion, = source()["Rules"]["GraceIsLongerThanTheScheduledRuns"]["Assertions"]
    (refused, parameter), = (part["Fn::Contains"] for part in assertion["Assert"]["Fn::Not"])
    assert parameter == {"Ref": "CtGraceMinutes"}
    schedule = source()["Resources"]["Reconciler"]["Properties"]["Events"]["Schedule"]["Properties"]
    minutes = int(re.fullmatch(r"rate\((\d+) minutes\)", schedule["ScheduleExpression"])[1])
    assert refused == [str(minute) for minute in range(1, minutes + 1)]


# --- webhook endpoints -------------------------------------------------------------------------------------------


def sampled_routes() -> dict:
    """Path, method and function of the requests in events/lambda that are answered with 200."""
    folder, routes = ROOT / "events/lambda", {}
    for name, expected in json.loads((folder / "expected.json").read_text()).items():
        if ".rest" in name and expected.get("status") == 200:
            sample = json.loads((folder / name).read_text())
            routes.setdefault(sample["path"], {})[sample["httpMethod"].lower()] = expected["function"]
    return routes


def test_the_api_has_a_route_for_each_provider_one_stage_and_a_limit():
    stack = processed(ApiRequestsPerSecond="7", ApiBurst="9", **ALL)
    api = stack["Resources"]["Api"]["Properties"]
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    leads_to = lambda method: re.search(r"{(\w+)\.Arn}", method["x-amazon-apigateway-integration"]["uri"])[1]  # noqa: E731
    packages = {name: f["Code"]["S3Key"].split("/")[-2] for name, f in resources("AWS::Lambda::Function", stack).items()}
    routes = {
        path: {name: packages[leads_to(method)] for name, method in methods.items()}
        for path, methods in api["Body"]["paths"].items()
    }
    assert routes == sampled_routes()
    assert set(routes) == {f"/webhooks/{name}" for name in NAMES.values()}
    stage, = resources("AWS::ApiGateway::Stage", stack).values()
    assert stage["TracingEnabled"] is True
    assert stage["MethodSettings"] == [
        {
            "HttpMethod": "*",
            "ResourcePath": "/*",
            "ThrottlingRateLimit": "7",
            "ThrottlingBurstLimit": "9",
            "LoggingLevel": "OFF",
            "DataTraceEnabled": False,
        }
    ]


def test_the_api_takes_tls_1_2_or_later():
    stack = processed(**ALL, DomainName="hooks.example.com", DomainCertificateArn="arn:aws:acm:eu-central-1:111111111111:certificate/1")
    assert stack["Resources"]["Api"]["Properties"]["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_2021_06"
    assert stack["Resources"]["Domain"]["Properties"]["SecurityPolicy"] == "TLS_1_2"


def test_a_web_acl_stands_before_the_api_where_there_is_one():
    acl = "arn:aws:wafv2:eu-central-1:111111111111:regional/webacl/limit/0-1"
    association, = resources("AWS::WAFv2::WebACLAssociation", processed(WebAclArn=acl)).values()
    assert association == {
        "ResourceArn": "arn:aws:apigateway:eu-central-1::/restapis/${Api}/stages/${Apiv1Stage}",
        "WebACLArn": acl,
    }
    assert resources("AWS::WAFv2::WebACLAssociation", processed()) == {}


def test_concurrency_is_reserved_for_webhook_functions_only_and_on_request():
    for parameters, expected in (({}, set()), ({"WebhookReservedConcurrency": "5"}, set(WEBHOOKS.values()))):
        functions = resources("AWS::Lambda::Function", processed(**ALL, **parameters))
        assert {name for name, f in functions.items() if "ReservedConcurrentExecutions" in f} == expected


def test_the_access_log_holds_no_header_query_or_body():
    stack = processed()
    setting = stack["Resources"]["Apiv1Stage"]["Properties"]["AccessLogSetting"]
    assert setting["DestinationArn"] == "${AccessLog.Arn}"
    assert set(json.loads(setting["Format"]).values()) == {
        "$context.error.responseType",
        "$context.httpMethod",
        "$context.identity.sourceIp",
        "$context.integrationLatency",
        "$context.integrationStatus",
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.resourcePath",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.status",
        "$context.xrayTraceId",
    }


def test_the_stage_waits_for_the_logging_role_where_the_stack_sets_it():
    stack = processed(SetApiGatewayLogRole="true")["Resources"]
    assert stack["Apiv1Stage"]["Properties"]["Variables"]["LogRole"] == "${ApiGatewayAccount}"
    assert stack["ApiGatewayAccount"]["Properties"] == {"CloudWatchRoleArn": "${ApiGatewayLogRole.Arn}"}


def test_the_role_of_the_account_is_left_alone_by_default():
    stack = processed()["Resources"]
    assert stack["Apiv1Stage"]["Properties"]["Variables"]["LogRole"] == "none"
    assert not {"ApiGatewayAccount", "ApiGatewayLogRole"} & set(stack)


def test_a_domain_of_ones_own_is_what_providers_are_given():
    without = processed()
    assert not {"Domain", "DomainMapping"} & set(without["Resources"])
    assert ".execute-api." in without["Outputs"]["DigicertWebhookUrl"]["Value"]

    certificate = "arn:aws:acm:eu-central-1:111111111111:certificate/1"
    stack = processed(**ALL, DomainName="hooks.example.com", DomainCertificateArn=certificate)
    assert stack["Resources"]["Domain"]["Properties"]["RegionalCertificateArn"] == certificate
    assert stack["Resources"]["DomainMapping"]["Properties"]["Stage"] == "${Apiv1Stage}"
    urls = {name: output["Value"] for name, output in stack["Outputs"].items() if name.endswith("WebhookUrl")}
    assert urls == {f"{provider}WebhookUrl": f"https://hooks.example.com/webhooks/{NAMES[provider]}" for provider in PROVIDERS}
    assert stack["Outputs"]["DomainTarget"]["Value"] == "${Domain.RegionalDomainName}"


# --- functions ---------------------------------------------------------------------------------------------------


def test_functions_run_as_designed():
    stack = processed(LogRetentionDays="7", Architecture="x86_64", **ALL)
    functions = resources("AWS::Lambda::Function", stack)
    assert {name: f["Timeout"] for name, f in functions.items()} == {
        **dict.fromkeys(WEBHOOKS.values(), 9),
        "Worker": 30,
        "Reconciler": 600,
    }
    for name, function in functions.items():
        assert function["Runtime"] == "provided.al2023"
        assert function["Architectures"] == ["x86_64"]
        assert function["MemorySize"] == 256
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert function["LoggingConfig"]["LogGroup"] == f"${{{name}Log}}"
        assert stack["Resources"][f"{name}Log"]["Properties"]["RetentionInDays"] == "7"
    assert {tuple(f["Architectures"]) for f in resources("AWS::Lambda::Function", processed()).values()} == {("arm64",)}


def test_functions_get_the_variables_that_the_code_reads():
    functions = resources("AWS::Lambda::Function", processed(**ALL))
    variables = {name: f["Environment"]["Variables"] for name, f in functions.items()}
    assert {v.pop("METRICS_NAMESPACE") for v in variables.values()} == {"Certhooks/stack"}
    for provider, function in WEBHOOKS.items():
        variables[function].pop("SOURCE_IP_ALLOWLIST", None)
        assert variables[function] == {
            "EVENTS_QUEUE_URL": "${EventsQueue}",
            "WEBHOOK_SECRET_ID": f"${{{provider}WebhookSecret}}",
        }
    assert variables["Reconciler"] == {
        "EVENTS_QUEUE_URL": "${EventsQueue}",
        "LEDGER_TABLE": "${Ledger}",
        "DIGICERT_API_SECRET_ID": "${DigicertApiSecret}",
        "DIGICERT_API_BASE": "https://www.digicert.com/services/v2",
        "DIGICERT_API_BUDGET": "100/5s,1000/3m",
        "RECONCILE_WINDOW_MINUTES": "1440",
    }
    worker = variables["Worker"]
    assert {name: worker.pop(name) for name in list(worker) if name.endswith(("_URL", "_TABLE", "_BUCKET", "_ID"))} == {
        "EVENTS_QUEUE_URL": "${EventsQueue}",
        "DELIVERIES_QUEUE_URL": "${DeliveriesQueue}",
        "LEDGER_TABLE": "${Ledger}",
        "ARCHIVE_BUCKET": "${Archive}",
        **{f"{provider.upper()}_API_SECRET_ID": f"${{{provider}ApiSecret}}" for provider in PROVIDERS},
        "META_APP_ID": "",
    }
    assert set(worker) == {
        "WORKER_CONCURRENCY",
        "CT_GRACE_MINUTES",
        "DELIVER_CANARY",
        *(f"{provider.upper()}_API_{part}" for provider in WEBHOOKS for part in ("BASE", "BUDGET")),
        "DIGICERT_AUTO_VERIFY",
        "DIGICERT_CONFIRM",
        "TRUST_ANCHORS",
        "META_DOMAINS",
    }


def test_the_workers_mapping_reports_single_failures_and_shares_the_budget():
    stack = processed(WorkerConcurrency="6")
    mapping, = resources("AWS::Lambda::EventSourceMapping", stack).values()
    assert mapping["EventSourceArn"] == "${EventsQueue.Arn}"
    assert mapping["FunctionName"] == "${Worker}"
    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    worker = stack["Resources"]["Worker"]["Properties"]
    concurrency = worker["Environment"]["Variables"]["WORKER_CONCURRENCY"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == concurrency == "6"
    # Reserved concurrency would throttle the poller and dead-letter good messages.
    assert "ReservedConcurrentExecutions" not in worker


def test_the_reconciler_compares_cloudflare_only_where_its_account_is_named():
    named = processed(CloudflareAccountId="abc", **ALL)["Resources"]
    ours = lambda resources, name: {  # noqa: E731
        key: value
        for key, value in resources[name]["Properties"]["Environment"]["Variables"].items()
        if key.startswith("CLOUDFLARE_")
    }
    assert ours(named, "Reconciler") == {
        "CLOUDFLARE_API_SECRET_ID": "${CloudflareApiSecret}",
        "CLOUDFLARE_ACCOUNT_ID": "abc",
        "CLOUDFLARE_API_BASE": "https://api.cloudflare.com/client/v4",
        "CLOUDFLARE_API_BUDGET": "1200/5m",
    }
    assert ours(named, "Worker")["CLOUDFLARE_ACCOUNT_ID"] == "abc"
    assert "${CloudflareApiSecret}" in json.dumps(named["ReconcilerRole"])
    for resources_ in (
        processed(**ALL)["Resources"],
        processed(CloudflareAccountId="abc", **ALL | {"EnableCloudflare": "false"})["Resources"],
    ):
        assert ours(resources_, "Reconciler") == {}
        assert "Cloudflare" not in json.dumps(resources_["ReconcilerRole"])


def test_the_reconciler_runs_one_at_a_time_and_looks_back_over_missed_runs():
    stack = processed(ReconcileWindowMinutes="10080")
    schedule, = resources("AWS::Scheduler::Schedule", stack).values()
    minutes = int(re.fullmatch(r"rate\((\d+) minutes\)", schedule["ScheduleExpression"])[1])
    reconciler = stack["Resources"]["Reconciler"]["Properties"]
    assert reconciler["Timeout"] < minutes * 60
    assert reconciler["Environment"]["Variables"]["RECONCILE_WINDOW_MINUTES"] == "10080"
    assert schedule.get("State", "ENABLED") == "ENABLED"
    # What failed is the next run's work, not a repeat's.
    retries, = resources("AWS::Lambda::EventInvokeConfig", stack).values()
    assert retries["MaximumRetryAttempts"] == schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    window = source()["Parameters"]["ReconcileWindowMinutes"]
    assert (window["MinValue"], window["MaxValue"]) == (1, 7 * 24 * 60)
    assert window["Default"] > minutes


# --- what holds data ---------------------------------------------------------------------------------------------


def test_queues_wait_long_enough_and_keep_what_fails():
    stack = processed(DeliveriesVisibilitySeconds="1200")
    queues = resources("AWS::SQS::Queue", stack)
    assert set(queues) == {*QUEUES, *QUEUES.values()}
    for name, dead_letters in QUEUES.items():
        redrive = queues[name]["RedrivePolicy"]
        assert redrive == {"deadLetterTargetArn": f"${{{dead_letters}.Arn}}", "maxReceiveCount": 5}
        assert queues[dead_letters]["MessageRetentionPeriod"] == 14 * DAY
        assert "RedrivePolicy" not in queues[dead_letters]
    assert queues["EventsQueue"]["MessageRetentionPeriod"] == 14 * DAY
    assert queues["EventsQueue"]["VisibilityTimeout"] == 180
    assert 180 >= 6 * stack["Resources"]["Worker"]["Properties"]["Timeout"]
    assert queues["DeliveriesQueue"]["VisibilityTimeout"] == "1200"
    assert processed()["Resources"]["DeliveriesQueue"]["Properties"]["VisibilityTimeout"] == "900"
    assert {q["MaximumMessageSize"] for q in queues.values()} == {1024 * 1024}
    # What was accepted waits as long as it can; the others keep a message as long as the operator wants.
    shorter = resources("AWS::SQS::Queue", processed(QueueRetentionDays="4"))
    days = {name: queue["MessageRetentionPeriod"] / DAY for name, queue in shorter.items()}
    assert days == {"EventsQueue": 14, "EventsDeadLetters": 4, "DeliveriesQueue": 4, "DeliveriesDeadLetters": 4}


def test_the_ledger_forgets_by_itself_and_can_be_restored():
    ledger = processed()["Resources"]["Ledger"]["Properties"]
    assert {k["AttributeName"]: k["KeyType"] for k in ledger["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}
    assert {a["AttributeName"]: a["AttributeType"] for a in ledger["AttributeDefinitions"]} == {"pk": "S", "sk": "S"}
    assert ledger["BillingMode"] == "PAY_PER_REQUEST"
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["DeletionProtectionEnabled"] is True


@pytest.mark.parametrize(("parameter", "resource", "variable"), [("LedgerTableName", "Ledger", "LEDGER_TABLE"), ("ArchiveBucketName", "Archive", "ARCHIVE_BUCKET")])
def test_ledger_and_archive_can_be_ones_that_are_there(parameter, resource, variable):
    stack = processed(**{parameter: "of-another-stack"}, ConsumerAccountIds="222222222222", **ALL)
    assert resource not in stack["Resources"]
    assert f"${{{resource}" not in json.dumps(stack), "nothing names the one that is not made"
    for function in resources("AWS::Lambda::Function", stack).values():
        assert function["Environment"]["Variables"].get(variable, "of-another-stack") == "of-another-stack"
    granted = json.dumps(stack["Resources"]["WorkerRole"])
    assert {"Ledger": ":table/of-another-stack", "Archive": "arn:aws:s3:::of-another-stack/*"}[resource] in granted
    assert stack["Outputs"][{"Ledger": "LedgerTable", "Archive": "ArchiveBucket"}[resource]]["Value"] == "of-another-stack"


def test_an_archive_can_be_locked_and_is_not_by_itself():
    assert not {"ObjectLockEnabled", "ObjectLockConfiguration"} & set(processed()["Resources"]["Archive"]["Properties"])
    archive = processed(ArchiveObjectLockDays="90")["Resources"]["Archive"]["Properties"]
    assert archive["ObjectLockEnabled"] is True
    assert archive["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": "90"}


def test_the_archive_outlives_the_queues_and_then_forgets():
    stack = processed(ArchiveRetentionDays="90")
    rule, = stack["Resources"]["Archive"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == "90"
    assert source()["Parameters"]["ArchiveRetentionDays"]["MinValue"] > 14


def test_what_holds_data_is_retained_and_nothing_else():
    stack = processed(**ALL, SetApiGatewayLogRole="true")["Resources"]
    retained = {name for name, r in stack.items() if r.get("DeletionPolicy", "").startswith("Retain")}
    logs = {name for name, r in stack.items() if r["Type"] == "AWS::Logs::LogGroup"}
    assert logs == {*(f"{webhook}Log" for webhook in WEBHOOKS.values()), "WorkerLog", "ReconcilerLog", "AccessLog"}
    assert retained == {*QUEUES, *QUEUES.values(), *logs, "Ledger", "Archive", "ApiGatewayAccount", "ApiGatewayLogRole"}
    assert {stack[name]["UpdateReplacePolicy"] for name in retained} == {"Retain"}


def test_everything_is_encrypted_by_aws_or_by_an_own_key():
    ours, own = processed(**ALL), processed(KmsKeyArn=KEY, **ALL)
    for queue in resources("AWS::SQS::Queue", ours).values():
        assert queue["SqsManagedSseEnabled"] is True
        assert "KmsMasterKeyId" not in queue
    for queue in resources("AWS::SQS::Queue", own).values():
        assert queue["KmsMasterKeyId"] == KEY
        assert "SqsManagedSseEnabled" not in queue
    assert {s["KmsKeyId"] for s in resources("AWS::SecretsManager::Secret", own).values()} == {KEY}
    assert own["Resources"]["Ledger"]["Properties"]["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": KEY,
    }
    assert {log.get("KmsKeyId") for log in resources("AWS::Logs::LogGroup", ours).values()} == {None}
    assert {log["KmsKeyId"] for log in resources("AWS::Logs::LogGroup", own).values()} == {KEY}
    for stack, expected in ((ours, {"SSEAlgorithm": "AES256"}), (own, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY})):
        encryption = stack["Resources"]["Archive"]["Properties"]["BucketEncryption"]
        rule, = encryption["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == expected


# --- secrets -----------------------------------------------------------------------------------------------------


def test_secrets_are_generated_or_hold_the_word_that_never_counts():
    # Which members each has, shared/providers/tests/it/profile.rs compares with what the code reads.
    secrets = resources("AWS::SecretsManager::Secret", processed(**ALL))
    assert set(secrets) == {f"{provider}{kind}Secret" for provider in PROVIDERS for kind in ("Webhook", "Api")}
    generated = {name: secrets.pop(name)["GenerateSecretString"] for name in list(secrets) if "GenerateSecretString" in secrets[name]}
    assert "DigicertWebhookSecret" in generated
    assert not [name for name in generated if name.endswith("ApiSecret")], "a provider makes its API key itself"
    assert all(secret["PasswordLength"] >= 32 for secret in generated.values())

    receiver = (ROOT / "shared/providers/src/receiver.rs").read_text()
    placeholder = re.search(r'PLACEHOLDER: &str = "([^"]+)"', receiver)[1]
    for name, secret in secrets.items():
        assert set(json.loads(secret["SecretString"]).values()) == {placeholder}, name


def test_nothing_secret_is_a_parameter():
    parameters = source()["Parameters"]
    suspects = [name for name in parameters if re.search(r"secret|token|password|key", name, re.IGNORECASE)]
    assert suspects == ["KmsKeyArn"]
    assert not [name for name, p in parameters.items() if "NoEcho" in p]


# --- parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        *(
            (
                f"{provider}ApiBase",
                ["https://certcentral.digicert.eu/services/v2", "http://127.0.0.1:8080/services/v2", "http://[::1]:1"],
                ["http://digicert.example/v2", "https://user@host/v2", "https://host/v2?x=1", "http://127.0.0.1.example/"],
            )
            for provider in PROVIDERS
        ),
        ("DigicertSourceCidrs", ["10.0.0.0/8", "10.0.0.0/8,127.0.0.1/32"], ["", "10.0.0.0", "10.0.0.0/8, 10.1.0.0/16"]),
        ("KmsKeyArn", ["", KEY], ["alias/own", "key/own"]),
        *((name, ["", TOPIC], ["alarms"]) for name in ("PageTopicArn", "TicketTopicArn")),
        ("OperatorRoleArns", ["", "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Ops_*"], ["*", "ops"]),
        ("WebAclArn", ["", "arn:aws:wafv2:eu-central-1:111111111111:regional/webacl/limit/0-1"], ["arn:aws:wafv2:us-east-1:111111111111:global/webacl/limit/0-1"]),
        ("LedgerTableName", ["", "certhooks-Ledger-1_restored"], ["arn:aws:dynamodb:eu-central-1:111111111111:table/x"]),
        ("ArchiveBucketName", ["", "certhooks-archive-1"], ["s3://archive"]),
        ("MetaAppId", ["", "123"], ["../x"]),
        ("MetaDomains", ["", "a.example,b.example"], ["a.example b.example", "https://a.example"]),
    ],
)
def test_parameters_take_what_they_should(name, accepted, refused):
    parameter = source()["Parameters"][name]
    assert parameter["ConstraintDescription"]
    pattern = re.compile(parameter["AllowedPattern"])
    assert all(pattern.fullmatch(value) for value in [parameter["Default"], *accepted])
    assert not any(pattern.fullmatch(value) for value in refused)


def test_cloudflare_alone_is_reconciled_where_its_account_is_named():
    assert "Reconciler" not in processed(EnableDigicert="false")["Resources"]
    stack = processed(EnableDigicert="false", CloudflareAccountId="01a7362d577a6c3019a474fd6f485823")
    variables = stack["Resources"]["Reconciler"]["Properties"]["Environment"]["Variables"]
    named = {name for name, value in variables.items() if value is not None}
    assert {"CLOUDFLARE_API_SECRET_ID", "CLOUDFLARE_ACCOUNT_ID"} <= named
    assert not any(name.startswith("DIGICERT") for name in named)


def test_certspotter_is_reconciled_where_its_domains_are_named():
    stack = processed(CertspotterDomains="example.com,example.org", **ALL)["Resources"]
    variables = stack["Reconciler"]["Properties"]["Environment"]["Variables"]
    assert variables["CERTSPOTTER_DOMAINS"] == "example.com,example.org"
    assert variables["CERTSPOTTER_API_SECRET_ID"] == "${CertspotterApiSecret}"
    assert "${CertspotterApiSecret}" in json.dumps(stack["ReconcilerRole"])
    assert "Certspotter" not in json.dumps(processed(**ALL)["Resources"]["ReconcilerRole"])
    alone = {"EnableDigicert": "false", "EnableCloudflare": "false", "EnableCertspotter": "true"}
    assert "Reconciler" in processed(CertspotterDomains="example.com", **alone)["Resources"]


# --- canary, metrics, outputs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", ["true", "false"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_canary_invokes_the_first_enabled_webhook_function_each_day(provider, others):
    after = PROVIDERS[PROVIDERS.index(provider) + 1 :]
    enabled = {f"Enable{p}": others if p in after else "false" for p in PROVIDERS} | {f"Enable{provider}": "true"}
    stack = processed(**enabled)["Resources"]
    function = f"{provider}Webhook"
    rule = stack["Canary"]["Properties"]
    assert rule["ScheduleExpression"] == "rate(1 day)"
    target, = rule["Targets"]
    assert (target["Arn"], json.loads(target["Input"])) == (f"${{{function}.Arn}}", {"certhooks": "canary"})
    assert stack["CanaryPermission"]["Properties"]["FunctionName"] == f"${{{function}}}"
    assert identity("Certhooks/stack", "CanaryLatency", {"provider": provider.lower()}) in metrics(stack["CanaryAlarm"]["Properties"])


@pytest.mark.parametrize(("name", "status"), [("RefusedAddresses", 403), ("Throttled", 429)])
def test_what_the_api_turns_away_is_counted_from_the_access_log(name, status):
    metric = processed()["Resources"][name]["Properties"]
    assert metric["LogGroupName"] == "${AccessLog}"
    assert metric["MetricTransformations"][0]["MetricName"] == name
    assert f'$.status = "{status}"' in metric["FilterPattern"]
    fields = set(re.findall(r"\$\.(\w+)", metric["FilterPattern"]))
    log = json.loads(processed()["Resources"]["Apiv1Stage"]["Properties"]["AccessLogSetting"]["Format"])
    assert fields <= set(log)


def test_outputs_say_where_to_subscribe_what_to_fill_and_what_to_consume():
    outputs = {name: o["Value"] for name, o in processed(**ALL)["Outputs"].items()}
    host = "https://${Api}.execute-api.eu-central-1.amazonaws.com/v1/webhooks"
    urls = {name: value for name, value in outputs.items() if name.endswith("WebhookUrl")}
    assert urls == {f"{provider}WebhookUrl": f"{host}/{NAMES[provider]}" for provider in PROVIDERS}
    for queue in (*QUEUES, *QUEUES.values()):
        assert outputs[f"{queue}Url"] == f"${{{queue}}}"
        assert outputs[f"{queue}Arn"] == f"${{{queue}.Arn}}"
    secrets = resources("AWS::SecretsManager::Secret", processed(**ALL))
    names = {name.removesuffix("Name"): value for name, value in outputs.items() if name.endswith("SecretName")}
    assert names == {name: secret["Name"] for name, secret in secrets.items()}
