/** The laws of this plugin's ports. */
export * from './accounts.ts'
export * from './account-import.ts'
