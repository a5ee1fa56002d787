import { Duration } from 'aws-cdk-lib';
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as destinations from 'aws-cdk-lib/aws-lambda-destinations';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Alarms } from './alarms';
import { Http } from './http';
import { EventSource, addSource, readsStream } from './sources';

/** Options of {@link ColdsparkFunction}. What is left out costs nothing and makes no resource. */
export interface ColdsparkFunctionProps {
  /** The folder or zip of the function: the handler, or with no layer its `bootstrap`. */
  readonly code: lambda.Code;
  /** `_HANDLER`: what it stands for is in the layer's README; without a layer, the name registered. */
  readonly handler: string;
  /** The layer, for `architecture`. Leave it out for a function with a `bootstrap` of its own. */
  readonly layer?: lambda.ILayerVersion;
  /** Default: arm64, which costs a fifth less per millisecond. */
  readonly architecture?: lambda.Architecture;
  /** MB; CPU grows with it, also in the init phase. Default: 128. */
  readonly memorySize?: number;
  /** Default: 10 seconds. */
  readonly timeout?: Duration;
  readonly environment?: { [name: string]: string };
  /** Encrypts the environment. For secrets that few may read; default: the key that AWS owns. */
  readonly environmentKey?: kms.IKey;
  /** Records below it are dropped by Lambda, and not paid for. Default: INFO. */
  readonly logLevel?: lambda.ApplicationLogLevel;
  /** Default: a month. */
  readonly logRetention?: logs.RetentionDays;
  /** Queues and streams that the function reads. */
  readonly sources?: EventSource[];
  /** A function URL: BUFFERED, or RESPONSE_STREAM to send responses while the handler writes them. Default: none. */
  readonly functionUrl?: lambda.InvokeMode;
  /** An HTTP API, payload format 2.0, that sends each request here; 30 seconds at most. Default: false. */
  readonly httpApi?: boolean;
  /** Who may call these two. With AWS_IAM, the default, callers sign; with NONE it is everybody. */
  readonly httpAuth?: lambda.FunctionUrlAuthType;
  /** Keeps, in a queue, asynchronous events and batches of streams that were given up. Default: false. */
  readonly deadLetters?: boolean;
  /** Alarms on errors, throttles, duration against the timeout, and iterator age. Default: none. */
  readonly alarms?: { readonly action?: cloudwatch.IAlarmAction; readonly maxIteratorAge?: Duration };
  /** How a new version gets its traffic; an alarm moves it back, so it needs `alarms`. Default: at once. */
  readonly canary?: codedeploy.ILambdaDeploymentConfig;
  /** Environments kept ready, paid for each hour. With an init of about a millisecond rarely worth it. */
  readonly provisionedConcurrency?: number;
}

/** A function on coldspark, called by its alias `live`. */
export class ColdsparkFunction extends Construct {
  readonly function: lambda.Function;
  /** What callers and event sources invoke. */
  readonly alias: lambda.Alias;
  readonly deadLetterQueue?: sqs.Queue;
  readonly http?: Http;
  readonly alarms?: Alarms;

  constructor(scope: Construct, id: string, props: ColdsparkFunctionProps) {
    super(scope, id);
    if (props.canary && !props.alarms) {
      throw new Error(`${this.node.path}: a canary is rolled back by alarms; set alarms as well`);
    }
    const timeout = props.timeout ?? Duration.seconds(10);
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH });
    // No managed policy: its own log group is all that a function must write to.
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    props.environmentKey?.grantDecrypt(role);

    this.function = new lambda.Function(this, 'Function', {
      code: props.code,
      handler: props.handler,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: props.architecture ?? lambda.Architecture.ARM_64,
      layers: props.layer && [props.layer],
      memorySize: props.memorySize ?? 128,
      timeout,
      role,
      environment: props.environment,
      environmentEncryption: props.environmentKey,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: props.logLevel ?? lambda.ApplicationLogLevel.INFO,
      systemLogLevelV2: lambda.SystemLogLevel.INFO,
    });

    if (props.deadLetters) {
      this.deadLetterQueue = new sqs.Queue(this, 'DeadLetters', {
        retentionPeriod: Duration.days(14),
        encryption: sqs.QueueEncryption.SQS_MANAGED,
      });
    }
    this.alias = new lambda.Alias(this, 'Live', {
      aliasName: 'live',
      version: this.function.currentVersion,
      provisionedConcurrentExecutions: props.provisionedConcurrency,
      ...(this.deadLetterQueue && {
        onFailure: new destinations.SqsDestination(this.deadLetterQueue),
        retryAttempts: 2,
        maxEventAge: Duration.hours(1),
      }),
    });
    const sources = props.sources ?? [];
    sources.forEach((source, index) => addSource(this, `Source${index}`, this.alias, source, this.deadLetterQueue));

    if (props.functionUrl || props.httpApi) {
      this.http = new Http(this, 'Http', {
        alias: this.alias,
        functionUrl: props.functionUrl,
        httpApi: props.httpApi,
        auth: props.httpAuth ?? lambda.FunctionUrlAuthType.AWS_IAM,
      });
    }
    if (props.alarms) {
      this.alarms = new Alarms(this, 'Alarms', {
        alias: this.alias,
        timeout,
        readsStream: sources.some(readsStream),
        ...props.alarms,
      });
    }
    if (props.canary && this.alarms) {
      new codedeploy.LambdaDeploymentGroup(this, 'Deployment', {
        alias: this.alias,
        deploymentConfig: props.canary,
        alarms: this.alarms.ofVersion,
      });
    }
  }
}
