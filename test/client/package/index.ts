/** A client of a Mortise server: `const { data, error } = await mortise.GET('/v1/datasets')`. Its types come from the server's own description. */
import createClient from 'openapi-fetch'
import type { Client, ClientOptions } from 'openapi-fetch'
import type { paths } from './api.ts'

export type * from './api.ts'
export type Mortise = Client<paths>
export interface MortiseOptions extends Pick<ClientOptions, 'fetch'> {
  /** Of the server, without a path: `https://mortise.example.org`. */
  readonly baseUrl: string
  readonly apiKey: string
}

const filesIn = (value: unknown): Blob[] => [value].flat().filter((one) => one instanceof Blob)
/** What has a file in it goes as a form, whose other fields are text or JSON; all else as JSON. */
const serialize = (body: object): string | FormData => {
  if (body instanceof FormData) return body
  const fields = Object.entries(body).filter(([, value]) => value !== undefined) as [string, unknown][]
  if (!fields.some(([, value]) => filesIn(value).length > 0)) return JSON.stringify(body)
  const form = new FormData()
  for (const [name, value] of fields) {
    const files = filesIn(value)
    for (const file of files) form.append(name, file)
    if (files.length === 0) form.append(name, typeof value === 'string' ? value : JSON.stringify(value))
  }
  return form
}

export const createMortise = ({ baseUrl, apiKey, ...more }: MortiseOptions): Mortise =>
  createClient<paths>({ ...more, baseUrl, headers: { Authorization: `Bearer ${apiKey}` }, bodySerializer: (body: unknown) => serialize(body as object) })
