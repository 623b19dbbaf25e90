/** What is logged while a test runs, a line each. The logger must have been told to use the console: `POWERTOOLS_DEV`. */
import { onTestFinished, vi } from "vitest";

export function listen(): string[] {
  const lines: string[] = [];
  for (const level of ["info", "error", "warn", "log"] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((line) => lines.push(String(line)));
    onTestFinished(() => spy.mockRestore());
  }
  return lines;
}
