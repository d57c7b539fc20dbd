import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { imports } from '../services/transfer-imports.ts'

/** Removes files of apps that nobody confirmed. */
export const forgetImports = job('apps.forget-imports', {
  payload: Joi.object({}),
  retries: 0,
  cron: '*/10 * * * *',
  uses: { imports },
  handle: async ({ log }, { imports }) => {
    const count = await imports.forget()
    if (count > 0) log.info({ imports: count }, 'imports that nobody confirmed removed')
  },
})
