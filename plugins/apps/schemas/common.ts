/** Pieces of input and output that several addresses share. */
import Joi from 'joi'

/** A UUID in its usual form; PostgreSQL would read several others. */
export const uuid = Joi.string().guid({ separator: '-', wrapper: false }).length(36).lowercase()
/** The same of what nobody has looked at yet, in either case. */
export const isUuid = (id: unknown): id is string => typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)

/** Text of so many code points, without what a database cannot keep: NUL, and halves of surrogate pairs. */
export const text = (min: number, max: number): Joi.StringSchema =>
  Joi.string().allow(...min === 0 ? [''] : []).pattern(new RegExp(`^[^\\0\\p{Cs}]{${min},${max}}$`, 'u'))
    .message(`{{#label}} takes ${min} to ${max} characters, all of them well-formed Unicode and none of them NUL`)

export interface Page { page: number; limit: number }
const LARGEST_PAGE = 100
const noNumber = Joi.alternatives(Joi.valid(''), Joi.number().less(1))
/** Below 1, or empty, both fall back to what holds without them; a larger limit is cut to 100, and the answer says so. */
export const pageFields = {
  page: Joi.number().integer().empty(noNumber).default(1),
  limit: Joi.number().integer().empty(noNumber).default(20),
}
export const pageOf = ({ page, limit }: Page): Page & { offset: number } => {
  const size = Math.min(limit, LARGEST_PAGE)
  return { page, limit: size, offset: (page - 1) * size }
}
export interface Listed<T> { data: T[]; has_more: boolean; limit: number; total: number; page: number }
export const listed = <T extends object>(item: Joi.ObjectSchema<T>) => ({
  data: Joi.array().items(item).required(),
  has_more: Joi.boolean().required(),
  limit: Joi.number().integer().required(),
  total: Joi.number().integer().required(),
  page: Joi.number().integer().required(),
})
export const asPage = <T>(data: T[], total: number, { page, limit }: Page): Listed<T> => ({ data, has_more: page * limit < total, limit, total, page })

export const integer = Joi.number().integer().required()
export const string = Joi.string().allow('').required()
export const stringOrNull = Joi.string().allow('', null).required()
export const boolean = Joi.boolean().required()
/** Epoch seconds. */
export const time = Joi.number().integer().required()
/** Fields that clients look for and that have no content here. */
export const nothing = Joi.valid(null).required() as Joi.StringSchema
export const none = Joi.array().max(0).required()
export interface Success { result: 'success' }
export const success = Joi.object<Success, true>({ result: Joi.string<'success'>().valid('success').required() })

export interface AppParams { app_id: string }
export const appParams = Joi.object<AppParams, true>({ app_id: uuid.required() })
