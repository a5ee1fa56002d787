output "function_name" {
  description = "The function"
  value       = aws_lambda_function.this.function_name
}

output "function_version" {
  description = "The newest version"
  value       = aws_lambda_function.this.version
}

output "alias_arn" {
  description = "What callers invoke"
  value       = local.alias.arn
}

output "role_name" {
  description = "Give this role what your handler needs"
  value       = aws_iam_role.this.name
}

output "dead_letter_queue_url" {
  description = "What was given up"
  value       = one(aws_sqs_queue.dead_letters[*].url)
}

output "function_url" {
  description = "Where the function answers"
  value       = one(aws_lambda_function_url.this[*].function_url)
}

output "http_api_url" {
  description = "Where the HTTP API answers"
  value       = one(aws_apigatewayv2_api.this[*].api_endpoint)
}
