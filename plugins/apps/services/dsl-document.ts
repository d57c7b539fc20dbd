/** The file of an app: its outer form, and what its version means. */
import Joi from 'joi'
import semver from 'semver'
import type { AppMode } from '../ports.ts'
import type { Dependency } from '../schemas/transfer.ts'
import { text } from '../schemas/common.ts'
import { without } from './dsl-parts.ts'
import { hasModelConfig } from './model-configs.ts'
import { isShallow, plainJson } from './plain-json.ts'
import { Unreadable } from './unreadable.ts'

export const VERSION = '0.7.0'
/** Of files that say none. */
const FIRST = '0.1.0'

/** What a file says of the app itself. */
export interface SaidApp {
  readonly name?: string
  readonly mode: AppMode
  readonly icon?: string
  readonly icon_type?: string
  readonly icon_background?: string
  readonly description: string
  readonly use_icon_as_answer_icon: boolean
}
/** Whatever else stands in it is kept. */
export interface DslDocument {
  readonly version: string
  readonly app: SaidApp
  readonly dependencies: readonly Dependency[]
  readonly model_config?: Record<string, unknown>
  readonly workflow?: Record<string, unknown>
  readonly [other: string]: unknown
}

const optionalText = (most: number) => text(1, most).empty(Joi.valid(null, ''))
const MODES: readonly AppMode[] = ['chat', 'completion', 'agent-chat', 'advanced-chat', 'workflow']
const app = Joi.object<SaidApp>({
  name: optionalText(255).trim(),
  mode: Joi.string().valid(...MODES).required().messages({ 'any.only': `app.mode must be one of ${MODES.join(', ')}: this server has no other apps`, 'any.required': 'app.mode is missing: it says what kind of app it is' }),
  icon: optionalText(2000), icon_type: optionalText(50), icon_background: optionalText(255),
  description: Joi.string().max(100_000).empty(null).allow('').default(''),
  use_icon_as_answer_icon: Joi.boolean().empty(null).default(false),
}).options({ stripUnknown: true })
const dependency = Joi.object<Dependency>({ type: Joi.string().required(), value: Joi.object().unknown().required(), current_identifier: Joi.string().allow('', null).default(null) })
  .options({ stripUnknown: true })
const document = Joi.object<DslDocument>({
  app: app.required().messages({ 'any.required': 'The part app is missing, so it is no file of an app' }),
  dependencies: Joi.array().items(dependency).max(1000).empty(null).default([]),
  model_config: Joi.object().empty(null), workflow: Joi.object().empty(null),
}).unknown()

/** Throws an `Unreadable` that says what is missing. */
export const readDocument = (given: unknown): DslDocument => {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Unreadable('The file is no list of parts such as app and model_config. Send the file of an app.')
  if (!isShallow(given)) throw new Unreadable('The file is nested too deeply. Send one that is flatter.')
  const { version = FIRST, ...rest } = without(plainJson(given) as Record<string, unknown>, 'kind')
  if (typeof version !== 'string') throw new Unreadable(`version is ${JSON.stringify(version)}, which is no text. Write it in quotes: version: "${VERSION}".`)
  if (!semver.valid(wholeVersion(version))) throw new Unreadable(`version "${version.slice(0, 50)}" is no version such as ${VERSION}.`)
  const { error, value } = document.validate(rest, { errors: { wrap: { label: '' } } }) as { error?: Error; value: DslDocument }
  if (error) throw new Unreadable(`${error.message}.`)
  const { mode } = value.app
  if (hasModelConfig(mode) ? !value.model_config : !value.workflow) {
    throw new Unreadable(`The part ${hasModelConfig(mode) ? 'model_config' : 'workflow'} is missing, which an app of the mode ${mode} needs. Export the app again.`)
  }
  return { ...value, version }
}

/** `0.3` counts as `0.3.0`. */
const wholeVersion = (version: string): string => /^\d{1,6}\.\d{1,6}$/.test(version) ? `${version}.0` : version
/** What becomes of a file of the version. */
export const verdictOn = (version: string): 'ask' | 'warn' | 'take' => {
  const said = wholeVersion(version)
  if (semver.gt(said, VERSION) || semver.major(said) < semver.major(VERSION)) return 'ask'
  return semver.minor(said) < semver.minor(VERSION) ? 'warn' : 'take'
}
