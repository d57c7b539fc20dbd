import { definePlugin } from '../../core/index.ts'
import { anthropic } from './adapters/anthropic.ts'
import { builtin } from './adapters/builtin.ts'
import { google } from './adapters/google.ts'
import { local } from './adapters/local.ts'
import { openAiCompatible } from './adapters/openai-compatible.ts'
import { openAi } from './adapters/openai.ts'
import { modelsConfig } from './config.ts'
import { ModelCredential } from './models/model-credential.ts'
import { ModelDefault } from './models/model-default.ts'
import { permissions } from './permissions.ts'
import { modelProvider, models } from './ports.ts'
import { defaultModelRoutes } from './routes/default-model.ts'
import { modelsRoutes } from './routes/models.ts'
import { providersRoutes } from './routes/providers.ts'

export default definePlugin({
  name: 'models',
  kernel: '^1',
  config: modelsConfig,
  permissions,
  ports: [modelProvider, models],
  adapters: [builtin, local, openAiCompatible, openAi, anthropic, google],
  models: [ModelCredential, ModelDefault],
  routes: [...modelsRoutes, ...providersRoutes, ...defaultModelRoutes],
})
