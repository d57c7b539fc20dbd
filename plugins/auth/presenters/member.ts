import { seconds, secondsOrNull } from '../schemas/account.ts'
import type { MemberItem } from '../schemas/member.ts'
import type { Listed } from '../services/roster.ts'

export const presentMember = ({ role, last_login_at, last_active_at, created_at, ...row }: Listed): MemberItem => ({
  ...row, avatar_url: null, last_login_at: secondsOrNull(last_login_at), last_active_at: secondsOrNull(last_active_at), created_at: seconds(created_at),
  role, roles: [{ id: role, name: role }],
})
