/** Contract suites of this plugin's ports, for whoever writes an adapter. */
export * from './messages.ts'
