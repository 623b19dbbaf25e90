/** What X-Ray needs of whoever is traced; AWS knows no resource to narrow it to. */
export const tracing = { actions: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources: ["*"] };
