import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { extractors } from './adapters/extractors.ts'
import { adapters as indexes } from './adapters/indexes.ts'
import { recursive } from './adapters/recursive.ts'
import { datasetsConfig } from './config.ts'
import { deleteFiles } from './jobs/delete-files.ts'
import { dropVectors } from './jobs/drop-vectors.ts'
import { forgetRequests } from './jobs/forget-requests.ts'
import { indexDocument } from './jobs/index-document.ts'
import { renewDataset, renewTextIndex } from './jobs/renew-text-index.ts'
import { resumeIndexing } from './jobs/resume-indexing.ts'
import { Dataset, DatasetGrant, DatasetQuery } from './models/dataset.ts'
import { Document, UploadFile } from './models/document.ts'
import { ProcessRule } from './models/process-rule.ts'
import { ChildChunk, Segment } from './models/segment.ts'
import { Tag, TagBinding } from './models/tag.ts'
import { permissions } from './permissions.ts'
import { chunker, datasetLifecycle, datasets, extractor, textIndex, vectorIndex } from './ports.ts'
import { childChunkRoutes } from './routes/child-chunks.ts'
import { consoleDatasetRoutes } from './routes/console-datasets.ts'
import { consoleDocumentRoutes } from './routes/console-documents.ts'
import { consoleIngestRoutes } from './routes/console-ingest.ts'
import { consoleSegmentRoutes } from './routes/console-segments.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { documentChangeRoutes } from './routes/document-changes.ts'
import { documentRoutes } from './routes/documents.ts'
import { externalRoutes } from './routes/external.ts'
import { fileRoutes } from './routes/files.ts'
import { indexingRoutes } from './routes/indexing.ts'
import { metadataRoutes } from './routes/metadata.ts'
import { pipelineRoutes } from './routes/pipeline.ts'
import { segmentChangeRoutes } from './routes/segment-changes.ts'
import { segmentRoutes } from './routes/segments.ts'
import { tagRoutes } from './routes/tags.ts'
import { starting } from './services/starting.ts'

export default definePlugin({
  name: 'datasets',
  kernel: '^1',
  config: datasetsConfig,
  permissions,
  ports: [datasets, datasetLifecycle, vectorIndex, textIndex, chunker, extractor],
  adapters: [builtin, ...indexes, recursive, ...extractors],
  models: [Dataset, DatasetGrant, DatasetQuery, ProcessRule, UploadFile, Document, Segment, ChildChunk, Tag, TagBinding],
  routes: [
    ...datasetRoutes, ...documentRoutes, ...documentChangeRoutes, ...segmentRoutes, ...segmentChangeRoutes, ...childChunkRoutes, ...metadataRoutes, ...tagRoutes,
    ...indexingRoutes, ...fileRoutes, ...externalRoutes, ...pipelineRoutes,
    ...consoleDatasetRoutes, ...consoleIngestRoutes, ...consoleDocumentRoutes, ...consoleSegmentRoutes,
  ],
  jobs: [indexDocument, resumeIndexing, deleteFiles, dropVectors, forgetRequests, renewTextIndex, renewDataset],
  uses: { starting },
  start: ({ starting }) => starting.begin(),
})
