/** The laws of this plugin's ports. */
export { quotaContract } from './quota.ts'
export { runEventsContract } from './run-events.ts'
export { runProbe, runProbes, runsContract } from './runs.ts'
export type { RunProbe } from './runs.ts'
