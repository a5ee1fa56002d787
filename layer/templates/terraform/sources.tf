# Queues and streams that the function reads, and the destinations of events that it could not handle.

resource "aws_lambda_event_source_mapping" "this" {
  for_each = var.sources

  event_source_arn                   = each.value.arn
  function_name                      = local.alias.arn
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.window_seconds
  function_response_types            = each.value.report_item_failures ? ["ReportBatchItemFailures"] : []

  starting_position = each.value.kind == "sqs" ? null : "TRIM_HORIZON"
  # Without a limit, one bad record blocks its shard until it expires.
  maximum_retry_attempts         = each.value.kind == "sqs" ? null : 5
  bisect_batch_on_function_error = each.value.kind == "sqs" ? null : true

  dynamic "filter_criteria" {
    for_each = length(each.value.filters) > 0 ? [each.value.filters] : []
    content {
      dynamic "filter" {
        for_each = filter_criteria.value
        content {
          pattern = filter.value
        }
      }
    }
  }

  # Keeps a backlog from taking all of the account's concurrency.
  dynamic "scaling_config" {
    for_each = each.value.kind == "sqs" ? [50] : []
    content {
      maximum_concurrency = scaling_config.value
    }
  }

  dynamic "destination_config" {
    for_each = each.value.kind == "sqs" ? [] : aws_sqs_queue.dead_letters
    content {
      on_failure {
        destination_arn = destination_config.value.arn
      }
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_sqs_queue" "dead_letters" {
  count = var.dead_letters ? 1 : 0

  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

# For callers that do not wait: EventBridge, SNS, S3, InvocationType=Event.
resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.dead_letters ? 1 : 0

  function_name                = aws_lambda_function.this.function_name
  qualifier                    = local.alias.name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters[0].arn
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
