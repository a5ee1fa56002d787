# The layer's greeting with no option, the same function by HTTP, and the Rust example `queue` with all options for queues.
#
#   scripts/package-layer && scripts/build --only queue
#   cd layer/templates/terraform/example && terraform init && terraform apply
#
# A canary of a new version, after `terraform apply` has published it:
#   aws deploy create-deployment --application-name orders --deployment-group-name live --revision \
#     '{"revisionType":"String","string":{"content":"{\"version\":0.0,\"Resources\":[{\"orders\":{\"Type\":\"AWS::Lambda::Function\",\"Properties\":{\"Name\":\"orders\",\"Alias\":\"live\",\"CurrentVersion\":\"1\",\"TargetVersion\":\"2\"}}}]}"}}'

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28"
    }
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.4"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

variable "architecture" {
  description = "arm64 or x86_64"
  type        = string
  default     = "arm64"
}

variable "topic_arn" {
  description = "An SNS topic that alarms notify; null for none"
  type        = string
  default     = null
}

locals {
  repository = "${path.module}/../../../.."
}

# A platform team publishes the layer once (scripts/publish-layer); others then only need its ARN.
resource "aws_lambda_layer_version" "coldspark" {
  layer_name               = "coldspark-${var.architecture}"
  filename                 = "${local.repository}/dist/coldspark-${var.architecture}.zip"
  source_code_hash         = filebase64sha256("${local.repository}/dist/coldspark-${var.architecture}.zip")
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]
  license_info             = "MIT OR Apache-2.0"
}

data "archive_file" "greeting" {
  type             = "zip"
  source_file      = "${local.repository}/layer/examples/bash/handler.worker"
  output_file_mode = "0755"
  output_path      = "${path.module}/build/greeting.zip"
}

module "greeting" {
  source = "../"

  name         = "greeting"
  package      = data.archive_file.greeting.output_path
  handler      = "handler.worker"
  layer_arn    = aws_lambda_layer_version.coldspark.arn
  architecture = var.architecture
}

# For who signs requests; with http_auth = "NONE" it is open to everybody.
module "greeting_http" {
  source = "../"

  name         = "greeting-http"
  package      = data.archive_file.greeting.output_path
  handler      = "handler.worker"
  layer_arn    = aws_lambda_layer_version.coldspark.arn
  architecture = var.architecture
  function_url = "BUFFERED"
  http_api     = true
}

data "archive_file" "orders" {
  type             = "zip"
  source_file      = "${local.repository}/dist/${var.architecture}/queue/bootstrap"
  output_file_mode = "0755"
  output_path      = "${path.module}/build/orders.zip"
}

resource "aws_kms_key" "environment" {
  description         = "The environment of orders"
  enable_key_rotation = true
}

resource "aws_sqs_queue" "failures" {
  name       = "orders-failures.fifo"
  fifo_queue = true
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders.fifo"
  fifo_queue                 = true
  visibility_timeout_seconds = 60
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failures.arn
    maxReceiveCount     = 5
  })
}

module "orders" {
  source = "../"

  name         = "orders"
  package      = data.archive_file.orders.output_path
  handler      = "queue"
  architecture = var.architecture
  environment  = { STAGE = "test" }
  kms_key_arn  = aws_kms_key.environment.arn

  sources = {
    orders = {
      kind                 = "sqs"
      arn                  = aws_sqs_queue.orders.arn
      filters              = [jsonencode({ body = { article = [{ exists = true }] } })]
      report_item_failures = true
    }
  }

  dead_letters            = true
  alarms                  = { topic_arn = var.topic_arn }
  canary                  = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
  provisioned_concurrency = 1
}

output "aliases" {
  description = "What callers invoke"
  value       = [module.greeting.alias_arn, module.greeting_http.alias_arn, module.orders.alias_arn]
}

output "urls" {
  description = "Where the greeting answers by HTTP"
  value       = [module.greeting_http.function_url, module.greeting_http.http_api_url]
}
