# Alarms of the alias, which callers use and a canary moves.

locals {
  reads_stream = anytrue([for source in values(var.sources) : source.kind != "sqs"])
  alarms = var.alarms == null ? {} : merge(
    {
      errors    = { metric = "Errors", statistic = "Sum", threshold = 0, minutes = 1, of = 1, about = "An event failed, or the runtime ended" }
      throttles = { metric = "Throttles", statistic = "Sum", threshold = 0, minutes = 3, of = 5, about = "An event found no free concurrency" }
      duration  = { metric = "Duration", statistic = "p99", threshold = var.timeout * 800, minutes = 3, of = 5, about = "One event in a hundred takes more than 80 % of the timeout" }
    },
    local.reads_stream ? {
      iterator-age = { metric = "IteratorAge", statistic = "Maximum", threshold = var.alarms.max_iterator_age_ms, minutes = 3, of = 5, about = "Records of a stream wait; the function is too slow, or a record blocks its shard" }
    } : {},
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.about
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = 60
  evaluation_periods  = each.value.of
  datapoints_to_alarm = each.value.minutes
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.topic_arn == null ? [] : [var.alarms.topic_arn]

  dimensions = {
    FunctionName = aws_lambda_function.this.function_name
    Resource     = "${aws_lambda_function.this.function_name}:${local.alias.name}"
  }
}
