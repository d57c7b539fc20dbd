import { definePlugin } from '../../core/index.ts'
import { mcpRoutes } from './routes/mcp.ts'

export default definePlugin({ name: 'mcp', kernel: '^1', routes: mcpRoutes })
