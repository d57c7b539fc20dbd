/** The page of an app: its looks and its words. */
import Joi from 'joi'
import type { SiteSettings } from '../models/site.ts'
import { boolean, stringOrNull, string, text, time } from './common.ts'

export interface SiteChange extends Partial<SiteSettings> { title?: string }
const words = (most: number) => text(0, most).allow(null)
export const siteChange = Joi.object<SiteChange, true>({
  title: text(1, 255).trim(),
  icon_type: Joi.string<NonNullable<SiteSettings['icon_type']>>().valid('emoji', 'image', 'link').empty('').allow(null),
  icon: words(2000), icon_background: words(255), description: words(4000),
  default_language: Joi.string().pattern(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/).message('{{#label}} is a language tag such as en-US'),
  chat_color_theme: words(255), chat_color_theme_inverted: Joi.boolean(), customize_domain: words(255), copyright: words(255), privacy_policy: words(255),
  input_placeholder: words(255), custom_disclaimer: text(0, 512), customize_token_strategy: Joi.string<SiteSettings['customize_token_strategy']>().valid('must', 'allow', 'not_allow'),
  prompt_public: Joi.boolean(), show_workflow_steps: Joi.boolean(), use_icon_as_answer_icon: Joi.boolean(),
})

export interface SiteItem extends SiteSettings {
  app_id: string
  access_token: string
  code: string
  title: string
  icon_url: string | null
  app_base_url: string
  updated_at: number
}
/** What whoever uses an app may know of its page. */
export type SiteView = Pick<SiteItem, 'title' | 'chat_color_theme' | 'chat_color_theme_inverted' | 'icon_type' | 'icon' | 'icon_background' | 'icon_url' | 'description' | 'copyright'
  | 'privacy_policy' | 'input_placeholder' | 'custom_disclaimer' | 'default_language' | 'show_workflow_steps' | 'use_icon_as_answer_icon'>
const shown = {
  title: string, chat_color_theme: stringOrNull, chat_color_theme_inverted: boolean, icon_type: stringOrNull, icon: stringOrNull, icon_background: stringOrNull, icon_url: stringOrNull,
  description: stringOrNull, copyright: stringOrNull, privacy_policy: stringOrNull, input_placeholder: stringOrNull, custom_disclaimer: string, default_language: string,
  show_workflow_steps: boolean, use_icon_as_answer_icon: boolean,
}
export const siteView = Joi.object<SiteView>(shown)
export const siteItem = Joi.object<SiteItem>({
  ...shown, app_id: string, access_token: string, code: string, customize_domain: stringOrNull, customize_token_strategy: Joi.string<SiteSettings['customize_token_strategy']>().required(),
  prompt_public: boolean, app_base_url: string, updated_at: time,
})
