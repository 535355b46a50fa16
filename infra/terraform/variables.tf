variable "bucket" {
  description = "S3 bucket, in the region of the stack, that the zips and the template are uploaded to."
  type        = string
}

variable "name" {
  description = "Name of the stack. Give each CertCentral account one of its own."
  type        = string
  default     = "certhooks"
}

variable "parameters" {
  description = "Parameters of the stack by name, as in template.yaml: EnableMeta, PageTopicArn and so on."
  type        = map(string)
  default     = {}
}

variable "release" {
  description = "Folder of the unpacked release; by default the one that this module is in."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation gives to its resources."
  type        = map(string)
  default     = {}
}
