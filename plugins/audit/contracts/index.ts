/** The laws of this plugin's port. */
export * from './audit.ts'
