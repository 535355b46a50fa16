"""The peer in Python with Powertools: its router, logger, metrics and parameters around the same work."""

import os

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

import webhook

CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
SQS = boto3.client("sqs", config=CONFIG)
SECRETS = SecretsProvider(boto_config=CONFIG)
SECRET_ID = os.environ["WEBHOOK_SECRET_ID"]
QUEUE_URL = os.environ["EVENTS_QUEUE_URL"]

app = APIGatewayRestResolver()
logger = Logger(service="digicert-webhook")
metrics = Metrics(namespace="Certhooks", service="digicert-webhook")


def key():
    return SECRETS.get(SECRET_ID, max_age=webhook.SECRET_SECONDS, transform="json")["webhook_key"]


key()


@app.post("/webhooks/digicert")
def receive():
    event = app.current_event
    body = event.decoded_body or ""
    webhook.check(event.headers, body, key())
    identifier, message = webhook.message(QUEUE_URL, body)
    SQS.send_message(**message)
    metrics.add_metric(name="Accepted", unit=MetricUnit.Count, value=1)
    logger.info("accepted", extra={"id": identifier})
    return {"accepted": 1, "ids": [identifier]}


@app.exception_handler(webhook.Refusal)
def refused(refusal):
    metrics.add_metric(name="Refused", unit=MetricUnit.Count, value=1)
    return Response(status_code=refusal.status, content_type="application/problem+json", body={"detail": str(refusal)})


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event, context):
    return app.resolve(event, context)
