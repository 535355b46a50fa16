output "webhook_urls" {
  description = "Addresses to subscribe, by provider."
  value       = { for name, value in local.outputs : lower(trimsuffix(name, "WebhookUrl")) => value if endswith(name, "WebhookUrl") }
}

output "secret_names" {
  description = "Secrets to fill in, such as DigicertApi; DigiCert's webhook key is there already."
  value       = { for name, value in local.outputs : trimsuffix(name, "SecretName") => value if endswith(name, "SecretName") }
}

output "deliveries_queue" {
  description = "ARN and URL of the queue that consumers read."
  value       = { arn = local.outputs["DeliveriesQueueArn"], url = local.outputs["DeliveriesQueueUrl"] }
}

output "outputs" {
  description = "All outputs of the stack."
  value       = local.outputs
}
