import * as os from "node:os";
import type { Lambda, Topology } from "@cartwright/topology";

export interface Credentials {
  endpointUrl: string;
  region: string;
}

/**
 * Points every AWS SDK client of this process at the local endpoint, and away from the developer's own account.
 * Answers a function that puts everything back.
 */
export function setProcessEnvironment(app: string, { endpointUrl, region }: Credentials): () => void {
  const wanted: Record<string, string | undefined> = {
    ...sdkEnvironment({ endpointUrl, region }),
    // With a function name set, the SDK sends the trace header that tells whose call it is.
    AWS_LAMBDA_FUNCTION_NAME: app,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    AWS_CONFIG_FILE: os.devNull,
    AWS_SHARED_CREDENTIALS_FILE: os.devNull,
    // Lambda runs in UTC, whatever this machine does.
    TZ: "UTC",
    AWS_PROFILE: undefined,
    AWS_SESSION_TOKEN: undefined,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: undefined,
    _X_AMZN_TRACE_ID: undefined,
  };
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_ENDPOINT_URL_")) wanted[name] = undefined;
  const before = Object.fromEntries(Object.keys(wanted).map((name) => [name, process.env[name]]));
  assign(wanted);
  return () => assign(before);
}

function assign(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** The environment a function sees on Lambda: its own variables, its own links, and what the runtime sets. */
export function functionEnvironment(
  lambda: Lambda,
  topology: Topology,
  links: Topology["links"],
  endpointUrl: string,
): Record<string, string> {
  const own = Object.entries(lambda.environment).filter(([name]) => !name.startsWith("SST_KEY"));
  const linked = lambda.links.map((name): [string, string] => {
    const properties = links[name];
    if (!properties) throw new Error(`The function ${lambda.name} links ${name}, which the topology doesn't hold.`);
    return [`SST_RESOURCE_${name}`, JSON.stringify(properties)];
  });
  return {
    SST_RESOURCE_App: JSON.stringify({ name: topology.app, stage: topology.stage }),
    ...Object.fromEntries([...own, ...linked]),
    ...sdkEnvironment({ endpointUrl, region: topology.region }),
    AWS_EXECUTION_ENV: `AWS_Lambda_${lambda.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: lambda.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(lambda.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${lambda.name}`,
    TZ: ":UTC",
    ...(process.env.PATH && { PATH: process.env.PATH }),
  };
}

function sdkEnvironment({ endpointUrl, region }: Credentials) {
  return {
    AWS_ENDPOINT_URL: endpointUrl,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
}
