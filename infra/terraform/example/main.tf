# DigiCert and Cloudflare, with alarms. The module's source is the folder `terraform` of an unpacked release.

provider "aws" {
  region = "eu-central-1"
}

variable "bucket" {
  description = "S3 bucket for the functions."
  type        = string
}

resource "aws_sns_topic" "alarms" {
  name              = "certhooks-alarms"
  kms_master_key_id = "alias/aws/sns"
}

module "certhooks" {
  source = "./.."

  bucket     = var.bucket
  parameters = { AlarmTopicArn = aws_sns_topic.alarms.arn }
  tags       = { service = "certhooks" }
}

output "subscribe" {
  value = module.certhooks.webhook_urls
}
