/** Who comes with the key of an app: the app, and the end user in whose name its system asks. */
import { service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { apps, endUsers } from '../../apps/ports.ts'
import type { App, AppMode, EndUser } from '../../apps/ports.ts'
import { chatErrors } from '../errors.ts'

/** Whose conversations are meant: those of one end user of an app, or, for those who build it, everybody's. */
export interface Reach {
  readonly workspaceId: string
  readonly appId: string
  /** null: everybody's. */
  readonly endUserId: string | null
}
export interface Visit { readonly app: App; readonly endUser: EndUser; readonly reach: Reach }
export interface Visits {
  /** Throws 403 where the app is closed, 400 `not_chat_app` where it is of none of the modes. */
  enter(actor: Actor, user: string | undefined, modes?: readonly AppMode[]): Promise<Visit>
}

/** Modes in which an app has conversations. */
export const CHATTING: readonly AppMode[] = ['chat', 'agent-chat', 'advanced-chat', 'agent']
/** Those of them whose conversations may have variables. */
export const WITH_VARIABLES: readonly AppMode[] = ['chat', 'agent-chat', 'advanced-chat']

export const everybody = ({ id, workspaceId }: Pick<App, 'id' | 'workspaceId'>): Reach => ({ workspaceId, appId: id, endUserId: null })

export const visits = service('chat.visits', {
  uses: { apps, endUsers },
  create: ({ apps, endUsers }): Visits => ({
    enter: async (actor, user, modes) => {
      const app = await apps.open(actor)
      if (modes && !modes.includes(app.mode)) throw chatErrors.notChatApp()
      const endUser = await endUsers.take(app, user)
      return { app, endUser, reach: { workspaceId: app.workspaceId, appId: app.id, endUserId: endUser.id } }
    },
  }),
})
