import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export interface AlarmsProps {
  readonly alias: lambda.Alias;
  readonly timeout: Duration;
  readonly readsStream: boolean;
  /** What each alarm does, such as notifying an SNS topic. Default: it only shows. */
  readonly action?: cloudwatch.IAlarmAction;
  /** Default: a minute. */
  readonly maxIteratorAge?: Duration;
}

/** Alarms of an alias, which is what callers see and what a canary moves. */
export class Alarms extends Construct {
  /** Those that speak of the version, and so roll a canary back. */
  readonly ofVersion: cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { alias } = props;
    const minute = Duration.minutes(1);
    const above = {
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    };
    // Three minutes of five: one slow or throttled minute wakes nobody.
    const lasting = { ...above, evaluationPeriods: 5, datapointsToAlarm: 3 };

    const errors = new cloudwatch.Alarm(this, 'Errors', {
      alarmDescription: 'An event failed, or the runtime ended',
      metric: alias.metricErrors({ period: minute, statistic: 'Sum' }),
      threshold: 0,
      evaluationPeriods: 1,
      ...above,
    });
    const throttles = new cloudwatch.Alarm(this, 'Throttles', {
      alarmDescription: 'An event found no free concurrency',
      metric: alias.metricThrottles({ period: minute, statistic: 'Sum' }),
      threshold: 0,
      ...lasting,
    });
    const duration = new cloudwatch.Alarm(this, 'Duration', {
      alarmDescription: 'One event in a hundred takes more than 80 % of the timeout',
      metric: alias.metricDuration({ period: minute, statistic: 'p99' }),
      threshold: props.timeout.toMilliseconds() * 0.8,
      ...lasting,
    });
    const all = [errors, throttles, duration];
    if (props.readsStream) {
      all.push(
        new cloudwatch.Alarm(this, 'IteratorAge', {
          alarmDescription: 'Records of a stream wait; the function is too slow, or a record blocks its shard',
          metric: alias.metric('IteratorAge', { period: minute, statistic: 'Maximum' }),
          threshold: (props.maxIteratorAge ?? minute).toMilliseconds(),
          ...lasting,
        }),
      );
    }
    for (const alarm of props.action ? all : []) alarm.addAlarmAction(props.action!);
    this.ofVersion = [errors, duration];
  }
}
