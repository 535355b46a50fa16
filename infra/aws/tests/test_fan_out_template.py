"""The processed template with FanOut=topic, and without: who publishes, who is subscribed, who may do what."""

import json

import pytest
from processed import ALL, PROVIDERS, processed, resources
from test_access import KEY, grants
from test_template import QUEUES, TOPIC

FAN_OUT = ALL | {"FanOut": "topic"}
ACCOUNTS = ["222222222222", "333333333333"]
TARGETS = ["DELIVERIES_QUEUE_URL", "DELIVERIES_TOPIC_ARN"]
FROM_TOPIC = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Condition": {"ArnEquals": {"aws:SourceArn": "${DeliveriesTopic}"}},
}


def statements(policy: dict) -> list:
    return policy["PolicyDocument"]["Statement"]


def worker(stack: dict) -> dict:
    return stack["Resources"]["Worker"]["Properties"]["Environment"]["Variables"]


def test_without_it_there_is_no_topic_and_the_worker_sends_to_the_queue():
    stack = processed(**ALL)
    assert processed(FanOut="none", **ALL) == stack
    assert set(resources("AWS::SNS::Topic", stack)) == {"PageTopic", "TicketTopic"}, "those of the alarms"
    assert "DeliveriesTopicArn" not in stack["Outputs"]
    assert {name: worker(stack)[name] for name in TARGETS if name in worker(stack)} == {
        "DELIVERIES_QUEUE_URL": "${DeliveriesQueue}"
    }
    # Nothing depends on the topic's resources, or names them.
    assert "DeliveriesTopic" not in json.dumps(stack)
    assert "DeliveriesSubscription" not in json.dumps(stack)


def test_with_it_the_worker_publishes_to_the_topic_and_sends_no_delivery_itself():
    stack = processed(**FAN_OUT)
    assert {name: worker(stack)[name] for name in TARGETS if name in worker(stack)} == {
        "DELIVERIES_TOPIC_ARN": "${DeliveriesTopic}"
    }
    granted = grants(stack["Resources"]["WorkerRole"]["Properties"])
    before = grants(processed(**ALL)["Resources"]["WorkerRole"]["Properties"])
    assert granted.pop("${DeliveriesTopic}") == {"sns:Publish"}
    assert before.pop("${DeliveriesQueue.Arn}") == {"sqs:SendMessage"}
    assert granted == before
    assert stack["Outputs"]["DeliveriesTopicArn"]["Value"] == "${DeliveriesTopic}"
    for name in (*(f"{provider}Webhook" for provider in PROVIDERS), "Reconciler"):
        assert "sns:" not in json.dumps(stack["Resources"][f"{name}Role"])


def test_the_deliveries_queue_gets_the_bare_event_and_keeps_what_fails():
    stack = processed(**FAN_OUT)["Resources"]
    assert stack["DeliveriesSubscription"]["Properties"] == {
        "TopicArn": "${DeliveriesTopic}",
        "Protocol": "sqs",
        "Endpoint": "${DeliveriesQueue.Arn}",
        "RawMessageDelivery": True,
        "RedrivePolicy": {"deadLetterTargetArn": "${DeliveriesDeadLetters.Arn}"},
    }
    for queue in (*QUEUES, *QUEUES.values()):
        allowed = [s for s in statements(stack[f"{queue}Policy"]["Properties"]) if s["Effect"] == "Allow"]
        expected = [FROM_TOPIC | {"Resource": f"${{{queue}.Arn}}"}] if queue.startswith("Deliveries") else []
        assert allowed == expected


def test_nothing_is_published_before_the_queue_is_subscribed_and_may_be_sent_to():
    stack = processed(**FAN_OUT)["Resources"]
    assert stack["Worker"]["Metadata"]["After"] == "${DeliveriesSubscription}"
    assert set(stack["DeliveriesSubscription"]["DependsOn"]) == {"DeliveriesQueuePolicy", "DeliveriesDeadLettersPolicy"}


def test_the_topic_takes_what_the_queues_take():
    stack = processed(**FAN_OUT)["Resources"]
    sizes = {queue["MaximumMessageSize"] for queue in resources("AWS::SQS::Queue", processed(**FAN_OUT)).values()}
    assert {stack["DeliveriesTopic"]["Properties"]["MaximumMessageSize"]} == sizes


@pytest.mark.parametrize(("parameters", "key"), [({}, "alias/aws/sns"), ({"KmsKeyArn": KEY}, KEY)])
def test_the_topic_is_encrypted(parameters, key):
    topic = processed(**FAN_OUT, **parameters)["Resources"]["DeliveriesTopic"]["Properties"]
    assert topic["KmsMasterKeyId"] == key


def test_other_accounts_may_subscribe_queues_and_nothing_else():
    plain_http = {
        "Sid": "PlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sns:Publish", "sns:Subscribe"],
        "Resource": "${DeliveriesTopic}",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = processed(**FAN_OUT)["Resources"]["DeliveriesTopicPolicy"]["Properties"]
    assert policy["Topics"] == ["${DeliveriesTopic}"]
    denied = statements(policy)
    assert denied[0] == plain_http
    assert [(s["Effect"], s["Action"]) for s in denied[1:]] == [("Deny", "sns:Publish")]

    stack = processed(ConsumerAccountIds=",".join(ACCOUNTS), **FAN_OUT)["Resources"]
    plain, publishers, *allowed = statements(stack["DeliveriesTopicPolicy"]["Properties"])
    assert [plain, publishers] == denied
    assert {(s["Action"], json.dumps(s.get("Condition"))) for s in allowed} == {
        ("sns:GetTopicAttributes", "null"),
        ("sns:Subscribe", '{"StringEquals": {"sns:Protocol": "sqs"}}'),
    }
    assert all(s["Principal"] == {"AWS": ACCOUNTS} and s["Resource"] == "${DeliveriesTopic}" for s in allowed)
    # What is too large for a message is theirs to read, as without the topic.
    archive = [s for s in statements(stack["ArchivePolicy"]["Properties"]) if s["Effect"] == "Allow"]
    assert [(s["Principal"], s["Action"], s["Resource"]) for s in archive] == [
        ({"AWS": ACCOUNTS}, "s3:GetObject", "arn:aws:s3:::${Archive}/deliveries/*")
    ]


def test_an_alarm_says_when_the_topic_could_not_deliver():
    alarms = resources("AWS::CloudWatch::Alarm", processed(TicketTopicArn=TOPIC, **FAN_OUT))
    added = {name: alarm for name, alarm in alarms.items() if name not in processed(**ALL)["Resources"]}
    alarm = added.pop("UndeliveredByTopicAlarm")
    assert not added
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SNS", "NumberOfNotificationsFailed")
    assert alarm["Dimensions"] == [{"Name": "TopicName", "Value": "${DeliveriesTopic.TopicName}"}]
    assert alarm["AlarmActions"] == [TOPIC]
