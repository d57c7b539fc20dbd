import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { replyParameter } from './adapters/parameter.ts'
import { annotationsConfig } from './config.ts'
import { embedAnnotations } from './jobs/embed-annotations.ts'
import { importAnnotations } from './jobs/import-annotations.ts'
import { sweep } from './jobs/sweep.ts'
import { switchOn } from './jobs/switch-on.ts'
import { Annotation, AnnotationHit, AnnotationVector } from './models/annotation.ts'
import { AnnotationJob, AnnotationSetting } from './models/reply.ts'
import { permissions } from './permissions.ts'
import { annotations, messages } from './ports.ts'
import { annotationRoutes } from './routes/annotations.ts'
import { consoleAnnotationRoutes } from './routes/console-annotations.ts'

export default definePlugin({
  name: 'annotations',
  kernel: '^1',
  config: annotationsConfig,
  permissions,
  ports: [annotations, messages],
  adapters: [builtin, replyParameter],
  models: [Annotation, AnnotationVector, AnnotationHit, AnnotationSetting, AnnotationJob],
  routes: [...annotationRoutes, ...consoleAnnotationRoutes],
  jobs: [switchOn, embedAnnotations, importAnnotations, sweep],
})
