import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { extractors } from './adapters/extractors.ts'
import { builtinImport } from './adapters/import.ts'
import { adapters as indexes } from './adapters/indexes.ts'
import { sharing } from './adapters/member-lifecycle.ts'
import { recursive } from './adapters/recursive.ts'
import { datasetsConfig } from './config.ts'
import { deleteFiles } from './jobs/delete-files.ts'
import { dropVectors } from './jobs/drop-vectors.ts'
import { forgetQueries } from './jobs/forget-queries.ts'
import { forgetRequests } from './jobs/forget-requests.ts'
import { importSegments } from './jobs/import-segments.ts'
import { indexDocument } from './jobs/index-document.ts'
import { renewDataset, renewTextIndex } from './jobs/renew-text-index.ts'
import { resumeIndexing } from './jobs/resume-indexing.ts'
import { sweepFiles } from './jobs/sweep-files.ts'
import { Dataset, DatasetGrant, DatasetQuery } from './models/dataset.ts'
import { Document, UploadFile } from './models/document.ts'
import { ExternalApi, ExternalBinding } from './models/external.ts'
import { MetadataField } from './models/metadata.ts'
import { ProcessRule } from './models/process-rule.ts'
import { ChildChunk, Segment } from './models/segment.ts'
import { SegmentImport } from './models/segment-import.ts'
import { Tag, TagBinding } from './models/tag.ts'
import { permissions } from './permissions.ts'
import { chunker, datasetImport, datasetLifecycle, datasets, extractor, textIndex, vectorIndex } from './ports.ts'
import { childChunkRoutes } from './routes/child-chunks.ts'
import { consoleDatasetRoutes } from './routes/console-datasets.ts'
import { consoleDocumentRoutes } from './routes/console-documents.ts'
import { consoleIngestRoutes } from './routes/console-ingest.ts'
import { consoleMetadataRoutes } from './routes/console-metadata.ts'
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
  ports: [datasets, datasetImport, datasetLifecycle, vectorIndex, textIndex, chunker, extractor],
  adapters: [builtin, builtinImport, sharing, ...indexes, recursive, ...extractors],
  models: [Dataset, DatasetGrant, DatasetQuery, ProcessRule, UploadFile, Document, Segment, ChildChunk, SegmentImport, Tag, TagBinding, MetadataField, ExternalApi, ExternalBinding],
  routes: [
    ...datasetRoutes, ...documentRoutes, ...documentChangeRoutes, ...segmentRoutes, ...segmentChangeRoutes, ...childChunkRoutes, ...metadataRoutes, ...tagRoutes,
    ...indexingRoutes, ...fileRoutes, ...externalRoutes, ...pipelineRoutes,
    ...consoleDatasetRoutes, ...consoleIngestRoutes, ...consoleDocumentRoutes, ...consoleSegmentRoutes, ...consoleMetadataRoutes,
  ],
  jobs: [indexDocument, importSegments, resumeIndexing, deleteFiles, dropVectors, forgetRequests, sweepFiles, forgetQueries, renewTextIndex, renewDataset],
  uses: { starting },
  start: ({ starting }) => starting.begin(),
})
