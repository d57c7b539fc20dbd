/** The laws of this plugin's ports, for whoever writes an adapter of one. */
export * from './annotations.ts'
