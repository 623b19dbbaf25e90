/** What AWS would have answered: ids and ARNs of the right shape, the same on every machine. */

type Properties = Record<string, unknown>;

export interface Place {
  account: string;
  region: string;
}

/** Of the form of Cognito's. Known to everybody, and good for the local runtime alone. */
const clientSecret = "placeholderOnlyNeverDeployed";

/** The id and the properties that a resource has only once it exists. */
export function created(
  { account, region }: Place,
  type: string,
  logicalName: string,
  inputs: Properties,
): Properties & { id: string } {
  const name = typeof inputs.name === "string" ? inputs.name : logicalName;
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
  const named = (service: string, resource: string) => ({ id: name, name, arn: arn(service, resource) });

  switch (type) {
    case "aws:apigatewayv2/api:Api": {
      const id = logicalName.toLowerCase();
      return {
        id,
        name,
        arn: `arn:aws:apigateway:${region}::/apis/${id}`,
        apiEndpoint: `https://${id}.execute-api.${region}.amazonaws.com`,
        executionArn: arn("execute-api", id),
      };
    }
    case "aws:cloudwatch/eventArchive:EventArchive":
      return named("events", `archive/${name}`);
    case "aws:cloudwatch/eventBus:EventBus":
      return named("events", `event-bus/${name}`);
    case "aws:cloudwatch/eventRule:EventRule":
      return named("events", `rule/${inputs.eventBusName ?? "default"}/${name}`);
    case "aws:cloudwatch/logGroup:LogGroup":
      return named("logs", `log-group:${name}`);
    case "aws:cloudwatch/compositeAlarm:CompositeAlarm":
      return { id: String(inputs.alarmName), arn: arn("cloudwatch", `alarm:${inputs.alarmName}`) };
    case "aws:cloudwatch/metricAlarm:MetricAlarm":
      return named("cloudwatch", `alarm:${name}`);
    case "aws:cognito/userPool:UserPool": {
      const id = `${region}_${logicalName}`;
      return {
        id,
        name,
        arn: arn("cognito-idp", `userpool/${id}`),
        endpoint: `cognito-idp.${region}.amazonaws.com/${id}`,
      };
    }
    case "aws:cognito/userPoolClient:UserPoolClient":
      return { id: logicalName.toLowerCase(), name, clientSecret: inputs.generateSecret ? clientSecret : "" };
    case "aws:dynamodb/table:Table": {
      const table = arn("dynamodb", `table/${name}`);
      const label = "2026-01-01T00:00:00.000";
      const stream = inputs.streamEnabled ? { streamArn: `${table}/stream/${label}`, streamLabel: label } : {};
      return { id: name, name, arn: table, ...stream };
    }
    case "aws:iam/role:Role":
      return { id: name, name, arn: `arn:aws:iam::${account}:role/${name}`, uniqueId: name };
    case "aws:lambda/eventSourceMapping:EventSourceMapping":
      return { id: logicalName, uuid: logicalName, arn: arn("lambda", `event-source-mapping:${logicalName}`) };
    case "aws:lambda/function:Function": {
      const published = inputs.publish ? "1" : "$LATEST";
      const own = arn("lambda", `function:${name}`);
      return {
        id: name,
        name,
        arn: own,
        version: published,
        qualifiedArn: `${own}:${published}`,
        publish: inputs.publish ?? false,
      };
    }
    case "aws:scheduler/schedule:Schedule":
      return named("scheduler", `schedule/default/${name}`);
    case "aws:sfn/stateMachine:StateMachine": {
      const machine = arn("states", `stateMachine:${name}`);
      return {
        id: machine,
        name,
        arn: machine,
        ...(inputs.publish === true && { stateMachineVersionArn: `${machine}:1` }),
      };
    }
    case "aws:sfn/alias:Alias": {
      const [routing] = inputs.routingConfigurations as { stateMachineVersionArn: string }[];
      const alias = `${routing?.stateMachineVersionArn.replace(/:\d+$/, "")}:${name}`;
      return { id: alias, name, arn: alias };
    }
    case "aws:ssm/parameter:Parameter":
      return named("ssm", `parameter${name}`);
    case "aws:sns/topic:Topic": {
      const topic = arn("sns", name);
      return { id: topic, name, arn: topic };
    }
    case "aws:sqs/queue:Queue": {
      const url = `https://sqs.${region}.amazonaws.com/${account}/${name}`;
      return { id: url, name, url, arn: arn("sqs", name) };
    }
    case "random:index/randomBytes:RandomBytes": {
      const bytes = Buffer.alloc(Number(inputs.length));
      return { id: logicalName, base64: bytes.toString("base64"), hex: bytes.toString("hex") };
    }
    default:
      return { id: name, name };
  }
}

/** The answer to a provider's function. Throws for one that is not known here. */
export function answered({ account, region }: Place, token: string, inputs: Properties): Properties {
  switch (token) {
    case "aws:index/getRegion:getRegion":
      return { id: region, name: region, region, description: region };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { id: account, accountId: account, arn: `arn:aws:iam::${account}:root`, userId: account };
    case "aws:index/getPartition:getPartition":
      return { id: "aws", partition: "aws", dnsSuffix: "amazonaws.com" };
    case "aws:iam/getPolicyDocument:getPolicyDocument": {
      const statements = inputs.statements as PolicyStatement[] | undefined;
      const json = JSON.stringify({ Version: "2012-10-17", Statement: (statements ?? []).map(policyStatement) });
      return { id: "policy", ...inputs, json, minifiedJson: json };
    }
    default:
      throw new Error(`the stacks call ${token}, which packages/topology/src/mock-aws.ts has no answer for: add it`);
  }
}

interface PolicyStatement {
  sid?: string;
  effect?: string;
  actions?: string[];
  resources?: string[];
  principals?: { type: string; identifiers: string[] }[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

/** As IAM writes a statement; a list of one stays a list, so that readers meet one form. */
function policyStatement({ sid, effect, actions, resources, principals, conditions }: PolicyStatement): Properties {
  const condition: Record<string, Record<string, string[]>> = {};
  for (const { test, variable, values } of conditions ?? []) {
    condition[test] = { ...condition[test], [variable]: values };
  }
  return {
    ...(sid && { Sid: sid }),
    Effect: effect ?? "Allow",
    ...(principals && { Principal: Object.fromEntries(principals.map((one) => [one.type, one.identifiers])) }),
    ...(actions && { Action: actions }),
    ...(resources && { Resource: resources }),
    ...(conditions && { Condition: condition }),
  };
}
