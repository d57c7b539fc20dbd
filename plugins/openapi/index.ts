import { definePlugin } from '../../core/index.ts'
import { description } from './routes/description.ts'

export default definePlugin({ name: 'openapi', kernel: '^1', routes: [description] })
