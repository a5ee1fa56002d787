variable "name" {
  description = "Name of the function, and prefix of what is made for it"
  type        = string
}

variable "package" {
  description = "The function's zip: the handler, or with no layer its bootstrap"
  type        = string
}

variable "handler" {
  description = "What _HANDLER stands for is in the layer's README; without a layer, the name that the function registers"
  type        = string
}

variable "layer_arn" {
  description = "A published version of the layer, for this architecture; null for a function with a bootstrap of its own"
  type        = string
  default     = null
}

variable "architecture" {
  description = "arm64, which costs a fifth less per millisecond, or x86_64"
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "MB; CPU grows with it, also in the init phase"
  type        = number
  default     = 128
}

variable "timeout" {
  description = "Seconds"
  type        = number
  default     = 10
}

variable "environment" {
  description = "Variables of the function"
  type        = map(string)
  default     = {}
}

variable "kms_key_arn" {
  description = "Encrypts the environment, for secrets that few may read; null is the key that AWS owns"
  type        = string
  default     = null
}

variable "log_level" {
  description = "Records below it are dropped by Lambda, and not paid for"
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "How long the log is kept"
  type        = number
  default     = 30
}

variable "sources" {
  description = <<-TEXT
    Queues and streams that the function reads, by a name of yours. kind is sqs, kinesis or dynamodb.
    batch_size: records of one event, at most; above 10, a queue needs a window of 1 s or more.
    window_seconds: how long to wait for a full batch; a FIFO queue has none.
    filters: only what matches one of these patterns is delivered and paid for.
    report_item_failures: whether the handler answers {"batchItemFailures":[...]}, as coldspark::batch
    does; then only the records that it names come back.
    A queue has a dead-letter queue of its own: give it a redrive policy with a maxReceiveCount of 5
    or more, and a visibility timeout of six times the function's timeout.
  TEXT
  type = map(object({
    kind                 = string
    arn                  = string
    batch_size           = optional(number, 10)
    window_seconds       = optional(number, 0)
    filters              = optional(list(string), [])
    report_item_failures = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for source in values(var.sources) : contains(["sqs", "kinesis", "dynamodb"], source.kind)])
    error_message = "The kind of a source is sqs, kinesis or dynamodb."
  }
}

variable "function_url" {
  description = "BUFFERED gives the alias a function URL; RESPONSE_STREAM one whose responses are sent while the handler writes them; null for none"
  type        = string
  default     = null

  validation {
    condition     = var.function_url == null ? true : contains(["BUFFERED", "RESPONSE_STREAM"], var.function_url)
    error_message = "The function URL is BUFFERED, RESPONSE_STREAM or null."
  }
}

variable "http_api" {
  description = "Makes an HTTP API, payload format 2.0, that sends each request to the alias; 30 s at most"
  type        = bool
  default     = false
}

variable "http_auth" {
  description = "Who may call the function URL and the HTTP API: with AWS_IAM callers sign, with NONE it is everybody"
  type        = string
  default     = "AWS_IAM"

  validation {
    condition     = contains(["AWS_IAM", "NONE"], var.http_auth)
    error_message = "The authorization is AWS_IAM or NONE."
  }
}

variable "dead_letters" {
  description = "Keeps, in a queue, asynchronous events and batches of streams that were given up"
  type        = bool
  default     = false
}

variable "alarms" {
  description = "Alarms on errors, throttles, duration and, with a stream, iterator age; null for none. topic_arn is what they notify"
  type = object({
    topic_arn           = optional(string)
    max_iterator_age_ms = optional(number, 60000)
  })
  default = null
}

variable "canary" {
  description = <<-TEXT
    Makes a CodeDeploy group with this configuration, such as CodeDeployDefault.LambdaCanary10Percent5Minutes, that an
    alarm rolls back; null for none. Terraform then leaves the alias to CodeDeploy: a deployment is started by
    `aws deploy create-deployment`, which the example shows.
  TEXT
  type        = string
  default     = null
}

variable "provisioned_concurrency" {
  description = "Environments kept ready, paid for each hour; with an init of about a millisecond rarely worth it"
  type        = number
  default     = 0
}
