import { defineAdapter } from '../../../core/index.ts'
import { runs } from '../ports.ts'
import { readers } from '../services/readers.ts'
import { runner } from '../services/runner.ts'

/** Runs in this process, known by rows in our own table. */
export const builtin = defineAdapter(runs, 'builtin', {
  uses: { runner, readers },
  create: ({ runner, readers }) => ({ start: runner.start, stop: runner.stop, events: readers.read }),
})
