import Joi from 'joi'

/** Epoch seconds. */
export type Seconds = number
export const seconds = (time: Date): Seconds => Math.floor(time.getTime() / 1000)
export const secondsOrNull = (time: Date | null): Seconds | null => time && seconds(time)

/** An id as a client sends it: made canonical, since ids are compared. */
export const uuid = Joi.string().guid({ separator: '-', wrapper: false }).lowercase()

export interface Result { result: 'success' }
export const result = Joi.object<Result, true>({ result: Joi.string<'success'>().valid('success').required() })

export interface Profile {
  id: string
  name: string
  email: string
  avatar: string | null
  avatar_url: string | null
  is_password_set: boolean
  interface_language: string
  interface_theme: string
  timezone: string
  last_login_at: Seconds | null
  last_login_ip: string | null
  created_at: Seconds
}
export const profile = Joi.object<Profile, true>({
  id: Joi.string().uuid().required(),
  name: Joi.string().required(),
  email: Joi.string().required(),
  avatar: Joi.string().allow('', null).required(),
  avatar_url: Joi.string().allow(null).required(),
  is_password_set: Joi.boolean().required(),
  interface_language: Joi.string().required(),
  interface_theme: Joi.string().required(),
  timezone: Joi.string().required(),
  last_login_at: Joi.number().integer().allow(null).required(),
  last_login_ip: Joi.string().allow(null).required(),
  created_at: Joi.number().integer().required(),
})

export interface WorkspaceItem { id: string; name: string; plan: string; status: string; created_at: Seconds; current: boolean }
export interface CurrentWorkspace extends Omit<WorkspaceItem, 'current'> {
  role: string
  /** These three are for clients that look for them; a self-hosted workspace has no trial and no branding. */
  in_trial: boolean | null
  trial_end_reason: string | null
  custom_config: object | null
}
const workspace = {
  id: Joi.string().uuid().required(),
  name: Joi.string().required(),
  plan: Joi.string().required(),
  status: Joi.string().required(),
  created_at: Joi.number().integer().required(),
}
export const workspaces = Joi.object<{ workspaces: WorkspaceItem[] }, true>({
  workspaces: Joi.array().items(Joi.object<WorkspaceItem, true>({ ...workspace, current: Joi.boolean().required() })).required(),
})
export const currentWorkspace = Joi.object<CurrentWorkspace, true>({
  ...workspace, role: Joi.string().required(), in_trial: Joi.boolean().allow(null).required(),
  trial_end_reason: Joi.string().allow(null).required(), custom_config: Joi.object().allow(null).required(),
})
