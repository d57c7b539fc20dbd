/**
 * A filter by metadata as one SQL condition on the row `d` of `documents`.
 *
 * A value is a text, a number or a time (epoch seconds). Where the stored or the asked one is a number they are compared as numbers, also
 * where the other is a text that writes one; two texts are compared as they are written, case and all. A field is empty where it is
 * missing, null or ''. But for `empty`, nothing holds of a field that is missing or null.
 */
import { invalid } from '../errors.ts'
import type { ComparisonOperator, MetadataCondition, MetadataFilter } from '../ports.ts'

// Read by the database too, for which `\d` may be a digit of any script, and its `numeric` takes these alone.
const number = /^[-+]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][-+]?[0-9]{1,3})?$/
const isNumber = (value: unknown): boolean => typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && number.test(value)

/** What every document has, whatever was stored with it. */
const builtIn = new Map(Object.entries({
  document_name: 'to_jsonb(d.name)',
  uploader: 'uploader.name',
  upload_date: 'to_jsonb(floor(extract(epoch FROM d.created_at)))',
  last_update_date: 'to_jsonb(floor(extract(epoch FROM d.updated_at)))',
  source: `to_jsonb(CASE d.data_source_type WHEN 'upload_file' THEN 'file_upload' ELSE d.data_source_type END)`,
}))

type Add = (value: unknown) => string
type Build = (value: string | number, add: Add) => string

const equal: Build = (value, add) =>
  typeof value === 'number' ? `coalesce(f.number = ${add(value)}::numeric, false)`
  : isNumber(value) ? `CASE f.type WHEN 'number' THEN f.number = ${add(value)}::numeric ELSE f.text = ${add(value)} END`
  : `f.text = ${add(value)}`
const equalNumbers: Build = (value, add) => isNumber(value) ? `coalesce(f.number = ${add(value)}::numeric, false)` : `f.text = ${add(value)}`
const not = (build: Build): Build => (value, add) => `NOT (${build(value, add)})`
const contains: Build = (value, add) => `strpos(f.text, ${add(String(value))}) > 0`
const order = (sign: '<' | '>' | '<=' | '>='): Build => (value, add) => `f.number ${sign} ${add(value)}::numeric`

/** Those that take one value. */
const single: Partial<Record<ComparisonOperator, Build>> = {
  'contains': contains,
  'not contains': not(contains),
  'start with': (value, add) => `starts_with(f.text, ${add(String(value))})`,
  'end with': (value, add) => `right(f.text, char_length(${add(String(value))})) = ${add(String(value))}`,
  'is': equal, 'is not': not(equal), '=': equalNumbers, '≠': not(equalNumbers),
  '<': order('<'), 'before': order('<'), '>': order('>'), 'after': order('>'), '≤': order('<='), '≥': order('>='),
}
const ordering: ReadonlySet<string> = new Set(['<', '>', '≤', '≥', 'before', 'after'])
const blank = "(f.text IS NULL OR f.text = '')"

/** What is wrong with a condition, in words for whoever sent it. */
export const problemOf = ({ operator, value }: MetadataCondition): string | undefined => {
  const isList = operator === 'in' || operator === 'not in'
  if (operator === 'empty' || operator === 'not empty' || value == null) return undefined
  if (!isList && !single[operator]) return `there is no operator "${operator}"`
  if (!isList && Array.isArray(value)) return `"${operator}" takes one value; for a list use "in" or "not in"`
  if (ordering.has(operator) && !isNumber(value)) return `"${operator}" takes a number; of a time, the seconds since 1970`
  return undefined
}

/** A condition without a value says nothing, and is left out; undefined where none is left. Throws 400 for one that makes no sense. */
export const metadataCondition = ({ match, conditions }: MetadataFilter, add: Add): string | undefined => {
  const parts = conditions.filter(({ operator, value }) => operator === 'empty' || operator === 'not empty' || value != null).map((condition) => {
    const problem = problemOf(condition)
    if (problem !== undefined) throw invalid('metadata_filtering_conditions', `The condition on ${condition.name}: ${problem}.`)
    const field = builtIn.get(condition.name) ?? `d.doc_metadata -> ${add(storable(condition.name))}::text`
    return `coalesce((SELECT ${holds(condition, (value) => add(typeof value === 'string' ? storable(value) : value))} FROM (
      SELECT text, type, CASE WHEN type = 'number' OR type = 'string' AND text ~ '${number.source}' THEN text::numeric END AS number
      FROM (SELECT field #>> '{}' AS text, jsonb_typeof(field) AS type FROM (SELECT ${field} AS field) AS one OFFSET 0) AS read OFFSET 0) AS f), false)`
  })
  return parts.length === 0 ? undefined : `(${parts.join(match === 'all' ? ' AND ' : ' OR ')})`
}

const holds = ({ operator, value }: MetadataCondition, add: Add): string => {
  if (operator === 'empty') return blank
  if (operator === 'not empty') return `NOT ${blank}`
  if (operator !== 'in' && operator !== 'not in') return `f.text IS NOT NULL AND ${single[operator]?.(value as string | number, add) ?? 'false'}`
  const one = typeof value === 'number' ? equal(value, add) : anyOf(typeof value === 'string' ? value.split(',').map((item) => item.trim()).filter(Boolean) : value ?? [], add)
  return operator === 'in' ? one ?? 'false' : one === undefined ? 'true' : `f.text IS NOT NULL AND NOT (${one})`
}
const anyOf = (items: readonly string[], add: Add): string | undefined => items.length === 0 ? undefined
  : `CASE f.type WHEN 'number' THEN f.number = ANY (${add(items.filter(isNumber))}::numeric[]) ELSE f.text = ANY (${add(items.map(storable))}::text[]) END`

/** No stored text has a NUL or half a surrogate pair, so that what replaces them finds nothing either. */
const storable = (text: string): string => text.replace(/[\0\p{Cs}]/gu, '\uFFFD')
