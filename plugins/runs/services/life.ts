/** What begins and ends with the process. */
import { service } from '../../../core/index.ts'
import { readers } from './readers.ts'
import { runner } from './runner.ts'
import { sweeper } from './sweeper.ts'

export const life = service('runs.life', {
  uses: { readers, runner, sweeper },
  create: ({ readers, runner, sweeper }) => ({
    start: async (): Promise<void> => {
      await runner.listen()
      sweeper.start()
    },
    stop: async (): Promise<void> => {
      await runner.drain()
      await sweeper.stop()
      readers.stop()
    },
  }),
})
