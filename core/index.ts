/** What plugins import, and the only file of the kernel that they may. */
export * from './errors.ts'
export * from './model.ts'
export * from './network.ts'
export * from './plugin.ts'
export * from './ports.ts'
export * from './route.ts'
export * from './server-config.ts'
export type * from './catalogue.ts'
export { catalogue } from './catalogue.ts'
export * from './contract.ts'
/** For the schemas of plugins: one copy for all. */
export { default as Joi } from 'joi'
