# DigiCert and Cloudflare, with pages to those on call. The module's source is the folder `terraform` of an unpacked release.

provider "aws" {
  region = "eu-central-1"
}

variable "bucket" {
  description = "S3 bucket for the functions."
  type        = string
}

resource "aws_sns_topic" "on_call" {
  #checkov:skip=CKV_AWS_26:CloudWatch may not use AWS's key of SNS. Alarms hold names and numbers.
  name = "certhooks-on-call"
}

module "certhooks" {
  source = "./.."

  bucket     = var.bucket
  parameters = { PageTopicArn = aws_sns_topic.on_call.arn }
  tags       = { service = "certhooks" }
}

output "subscribe" {
  value = module.certhooks.webhook_urls
}
