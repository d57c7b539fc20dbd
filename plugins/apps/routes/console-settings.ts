/** What an app says and may: its model configuration, its page, its switches. */
import type { Route } from '../../../core/index.ts'

export const consoleSettingRoutes: readonly Route[] = []
