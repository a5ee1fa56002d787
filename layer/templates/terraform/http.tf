# A function URL and an HTTP API, for callers that speak HTTP. Both call the alias.

resource "aws_lambda_function_url" "this" {
  count = var.function_url == null ? 0 : 1

  function_name      = aws_lambda_function.this.function_name
  qualifier          = local.alias.name
  authorization_type = var.http_auth
  invoke_mode        = var.function_url

  # The provider also adds these two permissions when it makes the URL, but does not keep them in the state.
  depends_on = [aws_lambda_permission.url_is_open, aws_lambda_permission.url_may_invoke]
}

# Since October 2025 a URL that is open to everybody needs both. Each allows calls by way of the URL only.
resource "aws_lambda_permission" "url_is_open" {
  count = local.open_url ? 1 : 0

  function_name          = aws_lambda_function.this.function_name
  qualifier              = local.alias.name
  action                 = "lambda:InvokeFunctionUrl"
  function_url_auth_type = "NONE"
  principal              = "*"
}

resource "aws_lambda_permission" "url_may_invoke" {
  count = local.open_url ? 1 : 0

  function_name            = aws_lambda_function.this.function_name
  qualifier                = local.alias.name
  action                   = "lambda:InvokeFunction"
  invoked_via_function_url = true
  principal                = "*"
}

locals {
  open_url = var.function_url != null && var.http_auth == "NONE"
}

resource "aws_apigatewayv2_api" "this" {
  count = var.http_api ? 1 : 0

  name          = var.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "this" {
  count = var.http_api ? 1 : 0

  api_id                 = aws_apigatewayv2_api.this[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = local.alias.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "this" {
  count = var.http_api ? 1 : 0

  api_id             = aws_apigatewayv2_api.this[0].id
  route_key          = "$default"
  authorization_type = var.http_auth
  target             = "integrations/${aws_apigatewayv2_integration.this[0].id}"
}

resource "aws_apigatewayv2_stage" "this" {
  count = var.http_api ? 1 : 0

  api_id      = aws_apigatewayv2_api.this[0].id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "api_may_invoke" {
  count = var.http_api ? 1 : 0

  function_name = aws_lambda_function.this.function_name
  qualifier     = local.alias.name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this[0].execution_arn}/*/$default"
}
