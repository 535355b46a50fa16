# Certhooks as a CloudFormation stack: uploads the zips of an unpacked release, and makes the stack from its processed
# template. The module is in the release that it belongs to (certhooks-VERSION-aws-ARCH.tar.gz, folder terraform).

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

locals {
  release    = coalesce(var.release, "${path.module}/..")
  template   = jsondecode(file("${local.release}/template.json"))
  prefix     = local.template.Parameters.CodePrefix.Default
  parameters = merge(var.parameters, { CodeBucket = var.bucket, CodePrefix = local.prefix })
  outputs    = aws_cloudformation_stack.certhooks.outputs
}

data "aws_s3_bucket" "code" {
  bucket = var.bucket
}

resource "aws_s3_object" "code" {
  for_each = toset(concat(["template.json"], tolist(fileset(local.release, "functions/*.zip"))))

  bucket      = var.bucket
  key         = "${local.prefix}${basename(each.value)}"
  source      = "${local.release}/${each.value}"
  source_hash = filesha256("${local.release}/${each.value}")

  # An update that fails goes back to the functions of the release before.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "certhooks" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and shows what failed.
  name         = var.name
  template_url = "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.code["template.json"].key}"
  capabilities = ["CAPABILITY_IAM"]
  parameters   = local.parameters
  tags         = var.tags
  depends_on   = [aws_s3_object.code]

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(var.parameters), keys(local.template.Parameters))) == 0
      error_message = "parameters has names that template.json of the release does not declare."
    }
  }
}
