// Reads a CloudFormation template and writes cdk-nag's report on it: TEMPLATE=file OUT=directory node nag.mjs
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks } from 'cdk-nag';

const { TEMPLATE: templateFile, OUT: outdir } = process.env;
const app = new App({ outdir });
const stack = new Stack(app, 'Stage', { env: { region: 'us-east-1' } });
new CfnInclude(stack, 'Template', { templateFile });
Aspects.of(app).add(new AwsSolutionsChecks());
app.synth();
