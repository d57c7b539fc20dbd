/** What `/parameters` says of written answers. */
import { defineAdapter } from '../../../core/index.ts'
import { appParameter } from '../../apps/ports.ts'
import { presentReply } from '../presenters/annotation.ts'
import { settings } from '../services/settings.ts'

export const replyParameter = defineAdapter(appParameter, 'annotation-reply', {
  uses: { settings },
  create: ({ settings }) => ({ of: async (app) => presentReply(await settings.find(app)) }),
})
