import { Duration } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as events from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** A queue or stream that a function reads: one of `queue`, `stream` and `table`. */
export interface EventSource {
  /**
   * Its own dead-letter queue gets what keeps failing: give it one, with a `maxReceiveCount` of 5 or
   * more, and a visibility timeout of six times the function's timeout.
   */
  readonly queue?: sqs.IQueue;
  readonly stream?: kinesis.IStream;
  /** A table with a stream. */
  readonly table?: dynamodb.ITable;
  /** Records of one event, at most. Above 10, a queue needs a window of a second or more. Default: 10. */
  readonly batchSize?: number;
  /** How long to wait for a full batch: fewer invocations, more latency. A FIFO queue has none. */
  readonly window?: Duration;
  /** Only what matches one of them is delivered and paid for; make them with `lambda.FilterCriteria`. */
  readonly filters?: Array<{ [key: string]: unknown }>;
  /**
   * Whether the handler answers `{"batchItemFailures":[...]}`, as `coldspark::batch` does: then only the
   * records that it names come back. Default: false, and a batch with a failure comes back whole.
   */
  readonly reportItemFailures?: boolean;
}

export function readsStream(source: EventSource): boolean {
  return source.queue === undefined;
}

export function addSource(
  scope: Construct,
  id: string,
  alias: lambda.Alias,
  source: EventSource,
  deadLetters?: sqs.IQueue,
): void {
  const sources = [source.queue, source.stream, source.table].filter((one) => one !== undefined);
  if (sources.length !== 1) {
    throw new Error(`${scope.node.path}/${id}: give one of queue, stream and table`);
  }
  const shared = {
    batchSize: source.batchSize ?? 10,
    maxBatchingWindow: source.window,
    filters: source.filters,
    reportBatchItemFailures: source.reportItemFailures ?? false,
  };
  const ofStream = {
    ...shared,
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    // Without a limit, one bad record blocks its shard until it expires.
    retryAttempts: 5,
    bisectBatchOnError: true,
    onFailure: deadLetters && new events.SqsDlq(deadLetters),
  };
  if (source.queue) {
    // Keeps a backlog from taking all of the account's concurrency.
    alias.addEventSource(new events.SqsEventSource(source.queue, { ...shared, maxConcurrency: 50 }));
  } else if (source.stream) {
    alias.addEventSource(new events.KinesisEventSource(source.stream, ofStream));
  } else if (source.table) {
    alias.addEventSource(new events.DynamoEventSource(source.table, ofStream));
  }
}
