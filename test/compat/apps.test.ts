/** The app half of the Service API: its operations and its streams, held against the official description. Where we differ on purpose stands in `app-deviations.ts`. */
import { makeAppWorld } from './app-world.ts'
import { appDeviations } from './app-deviations.ts'
import { appExamples, appFailures, unansweredApps } from './apps.ts'
import { conformance } from './conformance.ts'

const half = conformance({
  credential: 'app', make: makeAppWorld, examples: appExamples, failures: appFailures, deviations: appDeviations, unanswered: unansweredApps,
  close: ({ app }) => app.close(),
})

half.conclude()
