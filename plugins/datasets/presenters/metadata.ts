import type { DocumentRow } from '../models/document.ts'
import { BUILT_IN } from '../models/metadata.ts'
import type { BuiltIn, MetadataFieldRow, MetadataValue } from '../models/metadata.ts'
import type { MetadataItem, MetadataValueItem } from '../schemas/metadata.ts'
import { seconds } from './time.ts'

export const presentField = ({ id, name, type }: MetadataItem | MetadataFieldRow): MetadataItem => ({ id, name, type })
/** The fields of a dataset; the built-in ones where they are shown. */
export const presentFields = (fields: readonly MetadataItem[], withBuiltIn: boolean): MetadataItem[] =>
  [...fields.map(presentField), ...withBuiltIn ? BUILT_IN.map((one) => ({ id: 'built-in', ...one })) : []]

type Described = Pick<DocumentRow, 'name' | 'created_at' | 'updated_at' | 'data_source_type' | 'doc_metadata'>
/**
 * What a document has of the fields.
 * @param builtIn given where the built-in ones are shown
 */
export const presentValues = (document: Described, fields: readonly MetadataItem[], builtIn?: { readonly uploader: string | null }): MetadataValueItem[] => {
  const held = new Map(Object.entries(document.doc_metadata ?? {})) as ReadonlyMap<string, MetadataValue>
  const own = fields.filter(({ name }) => held.has(name)).map((field) => ({ ...presentField(field), value: held.get(field.name) ?? null }))
  if (!builtIn) return own
  const known = builtInValues(document, builtIn.uploader)
  return [...own, ...BUILT_IN.map(({ name, type }) => ({ id: 'built-in', name, type, value: known[name] }))]
}

/** The same as what filters compare with. */
const builtInValues = (document: Described, uploader: string | null): Readonly<Record<BuiltIn, MetadataValue>> => ({
  document_name: document.name,
  uploader,
  upload_date: seconds(document.created_at),
  last_update_date: seconds(document.updated_at),
  source: document.data_source_type === 'upload_file' ? 'file_upload' : document.data_source_type,
})
