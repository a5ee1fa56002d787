# The alias, which everything calls. Terraform moves it at once; with a canary, CodeDeploy moves it.

resource "aws_lambda_alias" "live" {
  count = var.canary == null ? 1 : 0

  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_alias" "canary" {
  count = var.canary == null ? 0 : 1

  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  # CodeDeploy changes it after the first deployment.
  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

locals {
  alias = one(concat(aws_lambda_alias.live, aws_lambda_alias.canary))
}

data "aws_iam_policy_document" "codedeploy" {
  count = var.canary == null ? 0 : 1

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["codedeploy.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "codedeploy" {
  count = var.canary == null ? 0 : 1

  name_prefix        = "${substr(var.name, 0, 30)}-deploy-"
  assume_role_policy = data.aws_iam_policy_document.codedeploy[0].json
}

resource "aws_iam_role_policy_attachment" "codedeploy" {
  count = var.canary == null ? 0 : 1

  role       = aws_iam_role.codedeploy[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"
}

resource "aws_codedeploy_app" "this" {
  count = var.canary == null ? 0 : 1

  name             = var.name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "this" {
  count = var.canary == null ? 0 : 1

  app_name               = aws_codedeploy_app.this[0].name
  deployment_group_name  = "live"
  deployment_config_name = var.canary
  service_role_arn       = aws_iam_role.codedeploy[0].arn

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }

  alarm_configuration {
    enabled = true
    alarms  = [for name in ["errors", "duration"] : aws_cloudwatch_metric_alarm.this[name].alarm_name]
  }

  lifecycle {
    precondition {
      condition     = var.alarms != null
      error_message = "A canary is rolled back by alarms; set alarms as well."
    }
  }
}
