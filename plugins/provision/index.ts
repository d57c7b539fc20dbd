import { definePlugin } from '../../core/index.ts'
import { localOutlets } from './adapters/outlets.ts'
import { applyCommand } from './commands/apply.ts'
import { newSecretCommand } from './commands/new-secret.ts'
import { provisionConfig } from './config.ts'
import { Provisioned } from './models/provisioned.ts'
import { outlets } from './ports.ts'
import { starting } from './services/starting.ts'

export default definePlugin({
  name: 'provision',
  kernel: '^1',
  config: provisionConfig,
  ports: [outlets],
  adapters: [localOutlets, applyCommand, newSecretCommand],
  models: [Provisioned],
  uses: { starting },
  start: ({ starting }) => starting(),
})
