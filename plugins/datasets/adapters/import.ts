import { defineAdapter } from '../../../core/index.ts'
import { datasetImport } from '../ports.ts'
import { importDocuments } from '../services/import-documents.ts'
import { importSettings } from '../services/import-settings.ts'
import { importTags } from '../services/import-tags.ts'

/** Into our own tables. */
export const builtinImport = defineAdapter(datasetImport, 'builtin', {
  uses: { settings: importSettings, tags: importTags, documents: importDocuments },
  create: ({ settings, tags, documents }) => ({ ...settings, ...tags, ...documents }),
})
