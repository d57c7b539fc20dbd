/** What an account says of itself, and how it likes to see things. */
import Joi from 'joi'
import { errors, route } from '../../../core/index.ts'
import { Account } from '../models/account.ts'
import type { AccountRow } from '../models/account.ts'
import { presentProfile } from '../presenters/profile.ts'
import { profile } from '../schemas/account.ts'
import { change, locale } from './kit.ts'

/** A name that the platform knows; distances from UTC, which it takes too, are none. */
export const timezone = Joi.string().max(100).pattern(/^[a-z]/i, 'a name').custom((name: string, helpers) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return name
  } catch { return helpers.message({ custom: '{{#label}} must be the name of a time zone, such as Europe/Vienna' }) }
})

type Settable = 'name' | 'avatar' | 'interface_language' | 'interface_theme' | 'timezone'
const setting = <K extends Settable>(path: string, field: K, value: Joi.Schema<AccountRow[K]>, summary: string) => route({
  ...change, path: `/account/${path}`, summary,
  uses: { Account },
  body: Joi.object<Pick<AccountRow, K>>({ [field]: value.required() } as unknown as Joi.PartialSchemaMap<Pick<AccountRow, K>>),
  reply: profile,
  handle: async ({ body, actor }, { Account }) => {
    const [, [account]] = await Account.update({ [field]: body[field], updated_at: new Date() }, { where: { id: actor.id }, returning: true })
    if (!account) throw errors.notFound()
    return presentProfile(account)
  },
})

export const profileRoutes = [
  setting('name', 'name', Joi.string().trim().min(1).max(30), "Change one's name"),
  setting('avatar', 'avatar', Joi.string().max(255).allow('', null), "Change one's picture"),
  setting('interface-language', 'interface_language', locale, 'Choose the language of the interface'),
  setting('interface-theme', 'interface_theme', Joi.string<'light' | 'dark'>().valid('light', 'dark'), 'Choose the look of the interface'),
  setting('timezone', 'timezone', timezone, "Choose one's time zone"),
]
