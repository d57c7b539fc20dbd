import type { AccountRow } from '../models/account.ts'
import { seconds, secondsOrNull } from '../schemas/account.ts'
import type { Profile } from '../schemas/account.ts'

/** An account as it sees itself. */
export const presentProfile = (account: AccountRow): Profile => {
  const { id, name, email, avatar, interface_language, interface_theme, timezone, last_login_ip } = account
  return {
    id, name, email, avatar, avatar_url: null, is_password_set: account.password_hash !== null, interface_language, interface_theme, timezone,
    last_login_at: secondsOrNull(account.last_login_at), last_login_ip, created_at: seconds(account.created_at),
  }
}
