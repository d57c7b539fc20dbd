/** Models: services that know one table. */
import type { Model as SequelizeModel, ModelAttributes, ModelOptions, ModelStatic } from 'sequelize'
import { service } from './plugin.ts'
import type { Service } from './plugin.ts'
import { database } from './ports.ts'

/** A service that knows one table; see {@link model}. */
export interface Model<Row extends object> extends Service<Table<Row>> {
  readonly table: string
}
/** What a model resolves to: a Sequelize model whose instances carry the columns of `Row`. */
export type Table<Row extends object> = ModelStatic<SequelizeModel<Row, Partial<Row>> & Row>

/** A table and its columns. Every row of a workspace carries `workspace_id`; times are `created_at` and `updated_at`. */
export const model = <Row extends object>(
  table: string,
  columns: ModelAttributes<SequelizeModel<Row, Partial<Row>>, Row>,
  options: ModelOptions = {},
): Model<Row> =>
  Object.freeze({
    table,
    ...service<Table<Row>, { db: typeof database }>(`model.${table}`, {
      uses: { db: database },
      create: ({ db }) => db.define<Row>(table, columns, options),
    }),
  })
