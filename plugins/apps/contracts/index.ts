/** The laws of this plugin's ports. */
export * from './app-files.ts'
export * from './apps.ts'
export * from './end-users.ts'
