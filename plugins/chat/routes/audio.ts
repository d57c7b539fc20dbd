/** Speech to text, and text to speech. */
import type { Route } from '../../../core/index.ts'

export const audioRoutes: readonly Route[] = []
