/** How an app is set up: its model and prompts, its page, its switches. */
import Joi from 'joi'
import { baseUrl, route, serverConfig } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import { presentSite } from '../presenters/site.ts'
import { apiSwitch, appDetail, appName, iconChange, siteSwitch } from '../schemas/app.ts'
import { appParams, success } from '../schemas/common.ts'
import { modelConfigInput } from '../schemas/model-config.ts'
import { promptTemplateQuery } from '../schemas/prompt-template.ts'
import { siteChange, siteItem } from '../schemas/site.ts'
import { appChanges } from '../services/app-changes.ts'
import { appItems } from '../services/app-items.ts'
import { appRecords } from '../services/app-records.ts'
import { modelConfigs } from '../services/model-configs.ts'
import { normalised } from '../services/model-normalising.ts'
import { promptTemplate } from '../services/prompt-templates.ts'
import { sites } from '../services/sites.ts'
import { ownerOf } from './console-apps.ts'

const ofApp = { surface: 'console', credential: 'account', resource: { app: 'params.app_id' }, params: appParams, errors: [appErrors.appNotFound] } as const
const changing = { ...ofApp, method: 'POST', access: 'app:update', uses: { changes: appChanges, items: appItems }, reply: appDetail } as const
const ofSite = { ...ofApp, uses: { server: serverConfig, records: appRecords, sites }, reply: siteItem, errors: [appErrors.appNotFound, appErrors.siteMissing] } as const

const rename = route({
  ...changing, path: '/apps/{app_id}/name', summary: 'Rename an app', body: appName,
  handle: async ({ actor, params, body }, { changes, items }) => items.presentOne(actor, await changes.change(ownerOf(actor), params.app_id, body)),
})

const icon = route({
  ...changing, path: '/apps/{app_id}/icon', summary: 'Give an app another icon', body: iconChange,
  handle: async ({ actor, params, body }, { changes, items }) => items.presentOne(actor, await changes.change(ownerOf(actor), params.app_id, body)),
})

const openPage = route({
  ...changing, path: '/apps/{app_id}/site-enable', summary: 'Open or close the page of an app', body: siteSwitch,
  handle: async ({ actor, params, body }, { changes, items }) => items.presentOne(actor, await changes.change(ownerOf(actor), params.app_id, body)),
})

const openApi = route({
  ...changing, path: '/apps/{app_id}/api-enable', summary: 'Open an app to its keys, or close it to them', body: apiSwitch,
  description: 'Closed, it refuses every key from the moment this answers.',
  handle: async ({ actor, params, body }, { changes, items }) => items.presentOne(actor, await changes.change(ownerOf(actor), params.app_id, body)),
})

const readSite = route({
  ...ofSite, method: 'GET', path: '/apps/{app_id}/site', access: 'app:read', summary: 'How the page of an app looks',
  handle: async ({ actor, params }, { server, records, sites }) => presentSite(await sites.find(await records.find(actor.workspaceId, params.app_id)), baseUrl(server)),
})

const changeSite = route({
  ...ofSite, method: 'POST', path: '/apps/{app_id}/site', access: 'app:update', summary: 'Change how the page of an app looks',
  description: 'Only the fields that are sent change.', body: siteChange,
  handle: async ({ actor, params, body }, { server, sites }) => presentSite(await sites.change(actor.workspaceId, params.app_id, body), baseUrl(server)),
})

const resetSite = route({
  ...ofSite, method: 'POST', path: '/apps/{app_id}/site/access-token-reset', access: 'app:update', summary: 'Give the page of an app another address',
  description: 'The old one leads nowhere from the moment this answers.',
  handle: async ({ actor, params }, { server, sites }) => presentSite(await sites.reset(actor.workspaceId, params.app_id), baseUrl(server)),
})

const configure = route({
  ...ofApp, method: 'POST', path: '/apps/{app_id}/model-config', access: 'app:update', summary: 'Save the model, the prompts and the features of an app',
  description: 'All of them: what is not sent has its default. Conversations that have begun go on with the settings they began with. '
    + 'The model must be one that the workspace can use, and the knowledge bases such as whoever saves them reaches. A chat app whose agent mode is on becomes an agent-chat app.',
  uses: { records: appRecords, changes: appChanges, configs: modelConfigs }, body: modelConfigInput, reply: success,
  errors: [appErrors.appNotFound, appErrors.settingsInvalid, appErrors.noModelConfig],
  handle: async ({ actor, params, body }, { records, changes, configs }) => {
    const { mode } = await records.find(actor.workspaceId, params.app_id)
    await changes.configure(ownerOf(actor), params.app_id, await configs.check(actor, normalised(body), mode))
    return { result: 'success' as const }
  },
})

const templates = route({
  surface: 'console', credential: 'account', method: 'GET', path: '/app/prompt-templates', access: 'app:list', resource: 'workspace',
  summary: 'A prompt to begin with, for those who write it themselves',
  description: 'By what the app is and how its model is asked. The placeholders `{{#pre_prompt#}}`, `{{#context#}}`, `{{#histories#}}` and `{{#query#}}` stand for what is known only when somebody asks.',
  query: promptTemplateQuery, reply: Joi.object().unknown(),
  handle: ({ query }) => promptTemplate(query),
})

export const consoleSettingRoutes = [rename, icon, openPage, openApi, readSite, changeSite, resetSite, configure, templates]
