"""The peer in Python: boto3, clients made once at the start, 200 only after SendMessage."""

import base64
import json
import os

import boto3
from botocore.config import Config

import webhook

CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
SQS = boto3.client("sqs", config=CONFIG)
SECRETS = boto3.client("secretsmanager", config=CONFIG)
QUEUE_URL = os.environ["EVENTS_QUEUE_URL"]
SECRET = webhook.Secret(
    lambda: SECRETS.get_secret_value(SecretId=os.environ["WEBHOOK_SECRET_ID"])["SecretString"]
)


def handler(event, _context):
    try:
        body = event.get("body") or ""
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body).decode()
        webhook.check(event.get("headers") or {}, body, SECRET.key())
        identifier, message = webhook.message(QUEUE_URL, body)
        SQS.send_message(**message)
    except webhook.Refusal as refusal:
        return answer(refusal.status, "application/problem+json", {"detail": str(refusal)})
    print(json.dumps({"level": "INFO", "message": "accepted", "id": identifier}))
    return answer(200, "application/json", {"accepted": 1, "ids": [identifier]})


def answer(status, content_type, body):
    return {"statusCode": status, "headers": {"content-type": content_type}, "body": json.dumps(body)}
