/** The laws of `database`. */
import { DataTypes } from 'sequelize'
import { database } from '../../../core/index.ts'
import type { Database } from '../../../core/index.ts'
import { assert, defineContract, freshName, oops, pause, strangeStrings } from './kit.ts'

interface Row { id: number; name: string | null }
/** A table of its own for one law, written to by raw SQL (`insert`) and by a model (`create`). */
const makeTable = async (db: Database) => {
  const table = freshName().replaceAll('-', '_')
  await db.query(`CREATE TABLE ${table} (id int PRIMARY KEY, name text)`)
  const rows = db.define<Row>(table, { id: { type: DataTypes.INTEGER, primaryKey: true }, name: DataTypes.TEXT })
  assert.throws(() => db.define(table, { id: DataTypes.INTEGER }), 'a table was defined twice')
  return {
    table, rows,
    insert: (id: number): Promise<unknown> => db.query(`INSERT INTO ${table} VALUES ($1)`, [id]),
    create: (id: number): Promise<unknown> => rows.create({ id }),
    ids: async () => (await db.query<Row>(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => id),
  }
}

export const databaseContract = defineContract(database, {
  laws: {
    'takes values of any content as values, refuses a NUL in a text, and works on': async (db) => {
      const { table, rows } = await makeTable(db)
      await assert.rejects(db.query('SELECT $1::text', ['a\0b']))
      for (const [id, name] of strangeStrings.filter((text) => !text.includes('\0')).entries()) {
        await (id % 2 ? rows.create({ id, name }) : db.query(`INSERT INTO ${table} VALUES ($1, $2)`, [id, name]))
        const found = await db.query(`SELECT jsonb_build_array(name) AS list FROM ${table} WHERE name = ANY($1)`, [[name]])
        assert.deepEqual([(await rows.findOne({ where: { name } }))?.id, found], [id, [{ list: [name] }]])
      }
    },
    'asks what is prepared like anything else, also once its table has another column, or whoever had it ready has forgotten it': async (db) => {
      const { table, insert } = await makeTable(db)
      await insert(1)
      const ask = (id: number): Promise<unknown[]> => db.query(`SELECT *, 6 / (id - 3) AS part FROM ${table} WHERE id = $1`, [id], { prepared: true })
      const askOften = (): Promise<unknown[][]> => Promise.all(Array.from({ length: 20 }, () => ask(1)))
      assert.deepEqual([await ask(2), await ask(1), await ask(2)], [[], [{ id: 1, name: null, part: -3 }], []])
      await askOften()
      await db.query(`ALTER TABLE ${table} ADD COLUMN more int NOT NULL DEFAULT 7`)
      await insert(3)
      await assert.rejects(ask(3), /zero/)
      for (const rows of await askOften()) assert.deepEqual(rows, [{ id: 1, name: null, more: 7, part: -3 }])
      await Promise.all(Array.from({ length: 20 }, () => db.query('DEALLOCATE ALL')))
      for (const rows of await askOften()) assert.deepEqual(rows, [{ id: 1, name: null, more: 7, part: -3 }])
    },
    'commits models and raw SQL together, nested calls included, and shows others nothing before': async (db) => {
      const { insert, create, ids, rows } = await makeTable(db)
      const meanwhile = pause(20).then(ids)
      await db.transaction(async () => {
        await Promise.all([insert(1), create(2)])
        await db.transaction(() => insert(3))
        assert.deepEqual([await ids(), await rows.count()], [[1, 2, 3], 3])
        await pause(60)
        await create(4)
      })
      assert.deepEqual([await ids(), [0, 4].includes((await meanwhile).length)], [[1, 2, 3, 4], true])
    },
    'rolls back all of it when the work throws, or when a nested call or a statement failed and somebody caught that': async (db) => {
      const { insert, create, ids } = await makeTable(db)
      const nested = (): Promise<unknown> => db.transaction(async () => { await create(3); oops() })
      for (const fail of [async () => oops(), () => nested().catch(() => 0), () => insert(1).catch(() => 0), () => create(1).catch(() => 0)]) {
        await assert.rejects(db.transaction(async () => { await Promise.all([insert(1), create(2)]); await fail() }))
        assert.deepEqual(await ids(), [])
      }
    },
    'keeps transactions apart that run at once, and leaves nothing open behind a statement that began one and failed': async (db) => {
      const { table, insert, create, ids } = await makeTable(db)
      const both = (id: number) => async (): Promise<void> => { await insert(id); await pause(1); await create(id + 10); if (id % 2) oops() }
      await assert.rejects(db.query(`BEGIN; INSERT INTO ${table} VALUES (99); SELECT 1 / 0; COMMIT`))
      await Promise.allSettled([0, 1, 2, 3, 4, 5].map((id) => db.transaction(both(id))))
      assert.deepEqual(await ids(), [0, 2, 4, 10, 12, 14])
    },
    'runs afterCommit after the outermost commit and outside of it, at once where there is none, never after a rollback': async (db) => {
      const { insert, ids } = await makeTable(db)
      const seen: unknown[] = []
      const look = async (): Promise<void> => { seen.push(await ids()); oops() }
      await db.transaction(async () => { await db.transaction(async () => { await insert(1); db.afterCommit(look) }); await insert(2) })
      await assert.rejects(db.transaction(async () => { db.afterCommit(look); oops() }))
      db.afterCommit(() => { seen.push('at once') })
      assert.deepEqual(seen, [[1, 2], 'at once'])
    },
    'refuses what outlives its transaction': async (db) => {
      const { insert, create, ids } = await makeTable(db)
      const late: Promise<unknown>[] = []
      await db.transaction(async () => { for (const use of [insert, create, () => db.transaction(ids)]) late.push(pause(500).then(() => use(1))) })
      assert.deepEqual([(await Promise.allSettled(late)).map(({ status }) => status), await ids()], [['rejected', 'rejected', 'rejected'], []])
    },
    'knows which extensions can be had': async (db) => {
      assert.deepEqual(await Promise.all(['plpgsql', 'no_such', "'"].map(db.hasExtension)), [true, false, false])
    },
  },
})
