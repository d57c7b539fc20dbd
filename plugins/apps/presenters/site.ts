import type { SiteRow, SiteSettings } from '../models/site.ts'
import type { SiteItem, SiteView } from '../schemas/site.ts'

/** Where the picture is, if it lies elsewhere. */
export const iconUrl = ({ icon_type: type, icon }: Pick<SiteSettings, 'icon_type' | 'icon'>): string | null =>
  type === 'link' && icon !== null && /^https?:\/\//i.test(icon) ? icon : null

const shown = ({ title, settings }: SiteRow): SiteView => ({
  title,
  chat_color_theme: settings.chat_color_theme,
  chat_color_theme_inverted: settings.chat_color_theme_inverted,
  icon_type: settings.icon_type,
  icon: settings.icon,
  icon_background: settings.icon_background,
  icon_url: iconUrl(settings),
  description: settings.description,
  copyright: settings.copyright,
  privacy_policy: settings.privacy_policy,
  input_placeholder: settings.input_placeholder,
  custom_disclaimer: settings.custom_disclaimer,
  default_language: settings.default_language,
  show_workflow_steps: settings.show_workflow_steps,
  use_icon_as_answer_icon: settings.use_icon_as_answer_icon,
})

/** To whoever uses the app: nothing that opens anything, and as text what nobody has written yet. */
export const presentSiteView = (site: SiteRow): SiteView => {
  const { icon_type, icon, icon_background, description, chat_color_theme, copyright, privacy_policy, ...more } = shown(site)
  return {
    ...more, icon_type: icon_type ?? 'emoji', icon: icon ?? '', icon_background: icon_background ?? '', description: description ?? '',
    chat_color_theme: chat_color_theme ?? '', copyright: copyright ?? '', privacy_policy: privacy_policy ?? '',
  }
}

/** To those who build it. @param base of the server */
export const presentSite = (site: SiteRow, base: string): SiteItem => ({
  ...shown(site),
  app_id: site.app_id,
  access_token: site.code,
  code: site.code,
  customize_domain: site.settings.customize_domain,
  customize_token_strategy: site.settings.customize_token_strategy,
  prompt_public: site.settings.prompt_public,
  app_base_url: base,
  updated_at: Math.floor(site.updated_at.getTime() / 1000),
})
