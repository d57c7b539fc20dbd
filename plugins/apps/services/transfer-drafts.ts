/** What a file says of an app, as a new one is made of it. No I/O. */
import type { Icon } from '../schemas/app.ts'
import type { ImportWarning } from '../schemas/transfer.ts'
import type { AppDraft } from './app-changes.ts'
import { VERSION } from './dsl-document.ts'
import type { DslDocument } from './dsl-document.ts'
import type { DroppedKnowledge } from './dsl-parts.ts'
import { Unreadable } from './unreadable.ts'

const LONGEST_DESCRIPTION = 400
const ICONS: readonly unknown[] = ['emoji', 'link']

export const warnings = {
  older: (version: string): ImportWarning => ({
    code: 'older_version', path: 'version', message: `The file is of version ${version}, and this server writes ${VERSION}. Look whether everything is as it should be.`, details: { version },
  }),
  dropped: ({ path, id }: DroppedKnowledge): ImportWarning => ({
    code: 'knowledge_base_left_out', path, message: 'This knowledge base is not in your workspace, or not shared with you, or its id is encrypted by another server. Choose one in the settings of the app.', details: { dataset_id: id },
  }),
  shortened: (): ImportWarning => ({
    code: 'description_shortened', path: 'app.description', message: `A description has at most ${LONGEST_DESCRIPTION} characters here, and the rest of it is left out.`, details: {},
  }),
  icon: (): ImportWarning => ({ code: 'icon_left_out', path: 'app.icon', message: 'The icon is a picture of another server. Choose one in the settings of the app.', details: {} }),
}

/** @param overrides what stands before what the file says */
export const draftOf = ({ app }: DslDocument, overrides: Icon & { readonly name?: string; readonly description?: string }): { readonly draft: Omit<AppDraft, 'config' | 'definition'>; readonly warnings: readonly ImportWarning[] } => {
  const name = overrides.name ?? app.name
  if (name === undefined) throw new Unreadable('app.name is missing. Write it in the file, or send name with it.')
  const characters = [...overrides.description ?? app.description]
  const icon = overrides.icon_type ? overrides : iconOf(app)
  return {
    draft: {
      name, mode: app.mode, description: characters.slice(0, LONGEST_DESCRIPTION).join(''), use_icon_as_answer_icon: app.use_icon_as_answer_icon,
      icon_type: icon?.icon_type ?? null, icon: icon?.icon ?? null, icon_background: icon?.icon_background ?? null,
    },
    warnings: [...characters.length > LONGEST_DESCRIPTION ? [warnings.shortened()] : [], ...icon ? [] : [warnings.icon()]],
  }
}
/** Undefined where it is a picture; older files say no type. */
const iconOf = ({ icon, icon_type: type, icon_background }: DslDocument['app']): Icon | undefined => {
  if (type !== undefined && !ICONS.includes(type)) return undefined
  return { icon_type: type as 'emoji' | 'link' | undefined ?? (icon === undefined ? null : 'emoji'), icon: icon ?? null, icon_background: icon_background ?? null }
}
