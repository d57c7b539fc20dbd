/** The laws of this plugin's ports. */
export * from './api-keys.ts'
export * from './key-scope.ts'
