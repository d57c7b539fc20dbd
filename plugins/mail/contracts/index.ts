/** The laws of this plugin's ports. */
export * from './mailer.ts'
