// Two stacks: the layer's greeting with no option, and the Rust example `queue` with all options for queues.
//
//   npx cdk deploy coldspark-greeting  # or: -c url=BUFFERED -c api=true, by HTTP; -c auth=NONE, for everybody
//   npx cdk deploy coldspark-queue -c architecture=x86_64 -c topic=ARN
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { LambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { ColdsparkFunction } from '../lib/function';

const app = new App();
const repository: string =
  app.node.tryGetContext('repository') ?? path.join(__dirname, '..', '..', '..', '..', '..');
const name: string = app.node.tryGetContext('architecture') ?? 'arm64';
const architecture = name === 'x86_64' ? lambda.Architecture.X86_64 : lambda.Architecture.ARM_64;

/** What a script has built, or an error that says which one does. */
function built(script: string, ...parts: string[]): lambda.AssetCode {
  const file = path.join(repository, ...parts);
  if (!existsSync(file)) {
    throw new Error(`${file} is not there yet; run ${script} in the clone of coldspark, then this again`);
  }
  return lambda.Code.fromAsset(file);
}

const greeting = new Stack(app, 'coldspark-greeting');
new ColdsparkFunction(greeting, 'Greeting', {
  code: lambda.Code.fromAsset(path.join(repository, 'layer/examples/bash')),
  handler: 'handler.worker',
  architecture,
  functionUrl: app.node.tryGetContext('url'),
  httpApi: app.node.tryGetContext('api') === 'true',
  httpAuth: app.node.tryGetContext('auth'),
  // A layer that is published already:
  // lambda.LayerVersion.fromLayerVersionArn(greeting, 'Layer', ARN).
  layer: new lambda.LayerVersion(greeting, 'Layer', {
    code: built('scripts/package-layer', 'dist', `coldspark-${name}.zip`),
    compatibleRuntimes: [lambda.Runtime.PROVIDED_AL2023],
    compatibleArchitectures: [architecture],
    license: 'MIT OR Apache-2.0',
  }),
});

const all = new Stack(app, 'coldspark-queue');
const topic: string | undefined = app.node.tryGetContext('topic');
const timeout = Duration.seconds(10);
const source = { batchSize: 10, reportItemFailures: true };
new ColdsparkFunction(all, 'Orders', {
  code: built(`scripts/build ${name} --only queue`, 'dist', name, 'queue'),
  handler: 'queue',
  architecture,
  timeout,
  environment: { STAGE: 'test' },
  environmentKey: new Key(all, 'Key', { enableKeyRotation: true, removalPolicy: RemovalPolicy.DESTROY }),
  sources: [
    {
      ...source,
      queue: new sqs.Queue(all, 'Queue', {
        fifo: true,
        visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()),
        deadLetterQueue: { queue: new sqs.Queue(all, 'QueueFailures', { fifo: true }), maxReceiveCount: 5 },
      }),
      filters: [lambda.FilterCriteria.filter({ body: { article: lambda.FilterRule.exists() } })],
    },
    // The example reads queues only; these two show how a stream is wired, for a handler of yours.
    ...(app.node.tryGetContext('streams') === 'true'
      ? [
          { ...source, stream: new kinesis.Stream(all, 'Stream'), window: Duration.seconds(5) },
          {
            ...source,
            table: new dynamodb.Table(all, 'Table', {
              partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
              billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
              stream: dynamodb.StreamViewType.NEW_IMAGE,
            }),
          },
        ]
      : []),
  ],
  deadLetters: true,
  alarms: { action: topic ? new SnsAction(Topic.fromTopicArn(all, 'Topic', topic)) : undefined },
  canary: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  provisionedConcurrency: 1,
});
