import Joi from 'joi'
import { defineTool } from './tool.ts'

export interface Listing { datasets: { id: string; name: string; description: string }[]; total: number; next_page: number | null }

/** So that what is listed fits into a model's context. */
const PAGE = 100

export const listDatasets = defineTool<{ page: number }, Listing>({
  name: 'list_datasets',
  title: 'List knowledge bases',
  description: 'Lists the knowledge bases that can be searched, with what each is about. Use it to choose `dataset_ids` for `search`.',
  input: Joi.object<{ page: number }, true>({ page: Joi.number().integer().min(1).max(1_000_000).default(1).description(`Which ${PAGE} of them; ask for \`next_page\` while it is not null.`) }),
  output: Joi.object<Listing, true>({
    datasets: Joi.array().items(Joi.object({ id: Joi.string().required(), name: Joi.string().required(), description: Joi.string().allow('').required() })).required(),
    total: Joi.number().integer().required(),
    next_page: Joi.number().integer().allow(null).required(),
  }),
  run: async ({ page }, { datasets }) => ({
    datasets: datasets.slice((page - 1) * PAGE, page * PAGE).map(({ id, name, description }) => ({ id, name, description })),
    total: datasets.length,
    next_page: page * PAGE < datasets.length ? page + 1 : null,
  }),
})
