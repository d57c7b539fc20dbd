/** Pieces of input and output that several addresses share. */
import Joi from 'joi'

/** A UUID in its usual form; PostgreSQL would read several others. */
export const uuid = Joi.string().guid({ separator: '-', wrapper: false }).length(36).lowercase()
/** Text of so many code points, without what a database cannot keep: NUL, and halves of surrogate pairs. */
export const text = (min: number, max: number): Joi.StringSchema =>
  Joi.string().allow(...min === 0 ? [''] : []).pattern(new RegExp(`^[^\\0\\p{Cs}]{${min},${max}}$`, 'u'))
    .message(`{{#label}} takes ${min} to ${max} characters, all of them well-formed Unicode and none of them NUL`)

/** How the app's own system calls whoever asks. Left out or empty: the one anonymous user of the app. */
export const user = text(0, 255).empty(null)
export const userNeeded = text(1, 255).required().messages({
  'any.required': 'Send `user`: how your system calls whoever asks', 'string.empty': 'Send `user`: how your system calls whoever asks',
})
export interface OfUser { user?: string }
export const ofUser = Joi.object<OfUser, true>({ user })

/** How many at most; of what is listed from some item on. */
export const limit = Joi.number().integer().empty('').min(1).max(100).default(20)
/** An id from which on a list goes on; empty is none. */
export const cursor = uuid.empty('')
export interface Slice<T> { limit: number; has_more: boolean; data: T[] }
export const sliced = <T extends object>(item: Joi.ObjectSchema<T>) => ({
  limit: Joi.number().integer().required(), has_more: Joi.boolean().required(), data: Joi.array().items(item).required(),
})
export interface Page { page: number; limit: number }
export const page = Joi.number().integer().empty('').min(1).max(99_999).default(1)
export interface Paged<T> extends Slice<T> { page: number; total: number }
export const paged = <T extends object>(item: Joi.ObjectSchema<T>) => ({
  ...sliced(item), page: Joi.number().integer().required(), total: Joi.number().integer().required(),
})
export const asPage = <T>(data: T[], total: number, { page, limit }: Page): Paged<T> => ({ page, limit, total, has_more: page * limit < total, data })

export interface Success { result: 'success' }
export const success = Joi.object<Success, true>({ result: Joi.string<'success'>().valid('success').required() })
export const done: Success = { result: 'success' }

export const integer = Joi.number().integer().required()
export const number = Joi.number().required()
export const string = Joi.string().allow('').required()
export const stringOrNull = Joi.string().allow('', null).required()
export const boolean = Joi.boolean().required()
/** Epoch seconds. */
export const time = Joi.number().integer().required()
export const nothing = Joi.valid(null).required() as Joi.StringSchema
export const none = Joi.array().max(0).required()
export const anyObject = Joi.object<Record<string, unknown>>().unknown().required()
