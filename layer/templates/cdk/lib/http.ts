import { CfnOutput } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export interface HttpProps {
  readonly alias: lambda.Alias;
  readonly functionUrl?: lambda.InvokeMode;
  readonly httpApi?: boolean;
  readonly auth: lambda.FunctionUrlAuthType;
}

/** A function URL and an HTTP API, for callers that speak HTTP. Both call the alias. */
export class Http extends Construct {
  readonly url?: lambda.FunctionUrl;
  readonly api?: apigateway.HttpApi;

  constructor(scope: Construct, id: string, props: HttpProps) {
    super(scope, id);
    const { alias, auth } = props;
    if (props.functionUrl) {
      // With NONE the CDK adds both permissions that such a URL needs since October 2025.
      this.url = alias.addFunctionUrl({ authType: auth, invokeMode: props.functionUrl });
      new CfnOutput(this, 'Url', { description: 'Where the function answers', value: this.url.url });
    }
    if (props.httpApi) {
      this.api = new apigateway.HttpApi(this, 'Api', {
        defaultIntegration: new HttpLambdaIntegration('Function', alias, {
          payloadFormatVersion: apigateway.PayloadFormatVersion.VERSION_2_0,
        }),
        defaultAuthorizer: auth === lambda.FunctionUrlAuthType.AWS_IAM ? new HttpIamAuthorizer() : undefined,
      });
      new CfnOutput(this, 'ApiUrl', { description: 'Where the HTTP API answers', value: this.api.apiEndpoint });
    }
  }
}
