/** What an app tells its clients of itself. */
import { route } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import { appsConfig } from '../config.ts'
import { appErrors } from '../errors.ts'
import { apps } from '../ports.ts'
import { presentParameters } from '../presenters/parameters.ts'
import { presentSiteView } from '../presenters/site.ts'
import { appInfo, appMeta, appParameters } from '../schemas/about.ts'
import { siteView } from '../schemas/site.ts'
import { appItems } from '../services/app-items.ts'
import { sites } from '../services/sites.ts'

const ofKey = { method: 'GET', surface: 'service', credential: 'app', access: 'app:run', resource: { app: 'key' } } as const
const { appClosed } = appErrors

export const aboutRoutes = [
  route({
    ...ofKey, path: '/info', summary: 'What the app is called, and of which kind it is',
    uses: { apps, accounts }, reply: appInfo, errors: [appClosed],
    handle: async ({ actor }, { apps, accounts }) => {
      const { name, description, mode, workspaceId, createdBy } = await apps.open(actor)
      const names = await accounts.names(workspaceId, [createdBy])
      return { name, description, tags: [], mode, author_name: names.get(createdBy) ?? '' }
    },
  }),
  route({
    ...ofKey, path: '/parameters', summary: 'What the app takes and offers: its form, its features, its limits for files',
    uses: { apps, items: appItems, config: appsConfig }, reply: appParameters, errors: [appClosed, appErrors.appUnavailable],
    handle: async ({ actor }, { apps, items, config }) => {
      const app = await apps.configured(await apps.open(actor))
      return presentParameters(app.config, config, await items.parameters(app))
    },
  }),
  route({
    ...ofKey, path: '/meta', summary: 'Icons of the tools that the app uses, by the name of the tool',
    uses: { apps }, reply: appMeta, errors: [appClosed],
    handle: async ({ actor }, { apps }) => {
      await apps.open(actor)
      return { tool_icons: {} }
    },
  }),
  route({
    ...ofKey, path: '/site', summary: 'How the page of the app looks',
    uses: { apps, sites }, reply: siteView, errors: [appClosed, appErrors.siteMissing],
    handle: async ({ actor }, { apps, sites }) => {
      const { workspaceId, id } = await apps.open(actor)
      return presentSiteView(await sites.find({ workspace_id: workspaceId, id }))
    },
  }),
]
