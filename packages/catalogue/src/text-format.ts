/**
 * Formats that Zod writes with a pattern of its own beside them. A release of Zod may spell that pattern otherwise, and
 * an option such as `offset: true` changes what it accepts: these texts tell the one from the other.
 */
const probes: Record<string, string[]> = {
  "date-time": [
    ...["2026-11-22T10:30:00Z", "2026-11-22T10:30:00.5Z", "2026-11-22T10:30:00.123Z", "2026-11-22T10:30:00.123456Z"],
    ...["2026-11-22T10:30:00+01:00", "2026-11-22T10:30:00.123+01:00", "2026-11-22T10:30:00", "2026-11-22T10:30:00.123"],
    ...["2026-11-22T10:30Z", "2026-11-22T10:30", "2026-11-22T10:30+01:00", "2026-02-30T10:30:00Z", "2026-11-22"],
  ],
  date: ["2026-11-22", "2024-02-29", "2025-02-29", "2026-13-01", "20261122", "2026-11-22T10:30:00Z"],
  time: ["10:30", "10:30:00", "10:30:00.5", "10:30:00.123", "10:30:00.123456", "10:30:00Z", "25:00:00"],
  duration: ["P1D", "PT5M", "P1Y2M3DT4H5M6S", "P1W", "PT0.5S", "-P1D", "P", "1D"],
  email: ["ada@example.com", "ada.b+c@example.co.uk", "ada@localhost", "ADA@EXAMPLE.COM", "ada", "a d@example.com"],
  uuid: [
    ...["9b2f6a1e-1f6b-1c2d-8e3f-0a1b2c3d4e5f", "9b2f6a1e-1f6b-4c2d-8e3f-0a1b2c3d4e5f"],
    ...["9b2f6a1e-1f6b-6c2d-8e3f-0a1b2c3d4e5f", "9b2f6a1e-1f6b-7c2d-8e3f-0a1b2c3d4e5f"],
    ...[
      "00000000-0000-0000-0000-000000000000",
      "9B2F6A1E-1F6B-4C2D-8E3F-0A1B2C3D4E5F",
      "9b2f6a1e1f6b4c2d8e3f0a1b2c3d4e5f",
    ],
  ],
  ipv4: ["192.0.2.1", "255.255.255.255", "256.0.0.1", "192.0.2", "192.0.2.1/24"],
  ipv6: ["2001:db8::1", "::1", "2001:db8::g", "2001:db8::1/64"],
};

export function isProbed(format: unknown): format is string {
  return typeof format === "string" && Object.hasOwn(probes, format);
}

/** Whether two patterns beside one format agree on each probe of it. No pattern accepts every text. */
export function acceptTheSame(format: unknown, was: unknown, is: unknown): boolean {
  if (was === is) return true;
  const [before, after] = [was, is].map((pattern) =>
    typeof pattern === "string" ? new RegExp(pattern) : { test: () => true },
  );
  return isProbed(format) && probes[format]!.every((text) => before!.test(text) === after!.test(text));
}
