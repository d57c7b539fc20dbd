import { defineAdapter } from '../../../core/index.ts'
import { appFiles, appLifecycle } from '../ports.ts'
import { appFileRecords } from '../services/app-files.ts'
import { fileRemoval } from '../services/file-removal.ts'

export const sentFiles = defineAdapter(appFiles, 'builtin', {
  uses: { records: appFileRecords },
  create: ({ records: { resolve, list, read, link } }) => ({ resolve, list, read, link }),
})

/** The rows go with the app; what lies in storage has to be told. */
export const filesOfApps = defineAdapter(appLifecycle, 'files', { uses: { removal: fileRemoval }, create: ({ removal }) => ({ deleting: removal.ofApp }) })
