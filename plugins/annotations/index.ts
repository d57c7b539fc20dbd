import { definePlugin } from '../../core/index.ts'
import { permissions } from './permissions.ts'
import { annotations } from './ports.ts'
import { annotationRoutes } from './routes/annotations.ts'
import { consoleAnnotationRoutes } from './routes/console-annotations.ts'

export default definePlugin({
  name: 'annotations',
  kernel: '^1',
  permissions,
  ports: [annotations],
  routes: [...annotationRoutes, ...consoleAnnotationRoutes],
})
